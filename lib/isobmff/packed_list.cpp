// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/isobmff/packed_list.h"

namespace rec::isobmff {

void PackedList::push(std::int64_t value) {
  // 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
  std::uint64_t left = static_cast<std::uint64_t>(value) << 1 ^ (value < 0 ? ~0ULL : 0ULL);
  for (; left >= 0x80; left >>= 7) bytes_.push_back(static_cast<std::uint8_t>(left | 0x80));
  bytes_.push_back(static_cast<std::uint8_t>(left));
  ++count_;
}

std::int64_t PackedList::Reader::next() {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const std::uint8_t byte = *at_++;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return static_cast<std::int64_t>(value >> 1 ^ (value & 1 ? ~0ULL : 0ULL));
}

void RunLengthList::push(std::int64_t value) {
  if (run_ > 0 && value != last_) {
    packed_.push(last_ - packed_value_);
    packed_.push(static_cast<std::int64_t>(run_));
    packed_value_ = last_;
    run_ = 0;
  }
  last_ = value;
  ++run_;
  ++count_;
}

}  // namespace rec::isobmff
