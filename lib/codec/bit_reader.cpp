// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/bit_reader.h"

#include <algorithm>

namespace rec::codec {

std::uint32_t BitReader::bits(unsigned n) {
  if (n > 32 || n > bits_left()) {
    fail();
    return 0;
  }
  std::uint64_t value = 0;
  unsigned missing = n;
  while (missing > 0) {
    const unsigned in_byte = 8 - static_cast<unsigned>(position_ % 8);
    const unsigned take = std::min(in_byte, missing);
    const unsigned chunk = (data_[position_ / 8] >> (in_byte - take)) & ((1u << take) - 1);
    value = (value << take) | chunk;
    position_ += take;
    missing -= take;
  }
  return static_cast<std::uint32_t>(value);
}

std::uint32_t BitReader::ue() {
  unsigned zeros = 0;
  while (ok_ && !flag()) ++zeros;
  if (!ok_ || zeros > 31) {
    fail();
    return 0;
  }
  const std::uint32_t suffix = bits(zeros);
  return ok_ ? ((1u << zeros) - 1) + suffix : 0;
}

std::int32_t BitReader::se() {
  const std::uint32_t code = ue();
  const auto magnitude = static_cast<std::int32_t>(code / 2 + code % 2);
  return code % 2 ? magnitude : -magnitude;
}

void BitReader::skip(std::size_t n) {
  if (n > bits_left())
    fail();
  else
    position_ += n;
}

void BitReader::fail() {
  ok_ = false;
  position_ = data_.size() * 8;  // whatever is read from now on fails at once
}

bool BitReader::at_trailing_bits() const {
  BitReader rest = *this;
  if (!rest.ok_ || !rest.flag()) return false;
  if (rest.bits(static_cast<unsigned>(rest.bits_left() % 8)) != 0) return false;
  const auto tail = rest.data_.subspan(rest.position_ / 8);
  return std::all_of(tail.begin(), tail.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::size_t strip_emulation_prevention(std::span<const std::uint8_t> nal,
                                       std::span<std::uint8_t> out) {
  std::size_t written = 0;
  unsigned zeros = 0;  // zero bytes just before this one
  for (const std::uint8_t byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    if (written == out.size()) break;
    out[written++] = byte;
    zeros = byte == 0 ? zeros + 1 : 0;
  }
  return written;
}

Bytes strip_emulation_prevention(std::span<const std::uint8_t> nal) {
  Bytes rbsp(nal.size());
  rbsp.resize(strip_emulation_prevention(nal, rbsp));
  return rbsp;
}

}  // namespace rec::codec
