// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where NAL units begin and end.
#include <algorithm>

#include "lib/codec/h264.h"

namespace rec::codec {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Offset of the next 00 00 01. A byte that is neither 0 nor the end of one rules out three places.
std::size_t find_start_code(std::span<const std::uint8_t> data) {
  std::size_t i = 2;  // where its last byte may be
  while (i < data.size()) {
    if (data[i] == 0)
      i += 1;
    else if (data[i] == 1 && data[i - 1] == 0 && data[i - 2] == 0)
      return i - 2;
    else
      i += 3;
  }
  return kNone;
}

}  // namespace

NalCursor::NalCursor(std::span<const std::uint8_t> data, unsigned length_size)
    : rest_(data), length_size_(length_size) {}

NalCursor NalCursor::byte_stream(std::span<const std::uint8_t> data) {
  NalCursor cursor(data, 0);
  const std::size_t start = find_start_code(data);
  const auto leading = data.first(start == kNone ? data.size() : start);
  cursor.ok_ = std::all_of(leading.begin(), leading.end(), [](std::uint8_t b) { return b == 0; });
  cursor.rest_ = start == kNone ? data.last(0) : data.subspan(start + 3);
  return cursor;
}

NalCursor NalCursor::length_prefixed(std::span<const std::uint8_t> data, unsigned length_size) {
  NalCursor cursor(data, length_size);
  cursor.ok_ = length_size == 1 || length_size == 2 || length_size == 4;
  return cursor;
}

std::optional<std::span<const std::uint8_t>> NalCursor::next() {
  if (!ok_) return std::nullopt;
  return length_size_ == 0 ? next_of_byte_stream() : next_length_prefixed();
}

// `rest_` begins right after a start code.
std::optional<std::span<const std::uint8_t>> NalCursor::next_of_byte_stream() {
  while (!rest_.empty()) {
    const std::size_t end = find_start_code(rest_);
    auto nal = rest_.first(end == kNone ? rest_.size() : end);
    rest_ = end == kNone ? rest_.last(0) : rest_.subspan(end + 3);
    // A NAL unit cannot end in 00 (7.4.1): these are trailing_zero_8bits or the zero_byte of the
    // next start code.
    while (!nal.empty() && nal.back() == 0) nal = nal.first(nal.size() - 1);
    if (!nal.empty()) return nal;
  }
  return std::nullopt;
}

std::optional<std::span<const std::uint8_t>> NalCursor::next_length_prefixed() {
  while (!rest_.empty()) {
    if (rest_.size() < length_size_) break;
    std::size_t length = 0;
    for (unsigned i = 0; i < length_size_; ++i) length = length << 8 | rest_[i];
    if (length > rest_.size() - length_size_) break;
    const auto nal = rest_.subspan(length_size_, length);
    rest_ = rest_.subspan(length_size_ + length);
    if (!nal.empty()) return nal;
  }
  ok_ = rest_.empty();
  return std::nullopt;
}

}  // namespace rec::codec
