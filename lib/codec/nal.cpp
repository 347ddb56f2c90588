// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where NAL units begin and end.
#include "lib/codec/nal.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace rec::codec {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Offset of the next 00 00 01. memchr() looks at many bytes at once.
std::size_t find_start_code(std::span<const std::uint8_t> data) {
  constexpr std::size_t kZeros = 2;
  for (std::size_t i = kZeros; i < data.size(); ++i) {
    const void* one = std::memchr(data.data() + i, 1, data.size() - i);
    if (!one) return kNone;
    i = static_cast<std::size_t>(static_cast<const std::uint8_t*>(one) - data.data());
    if (data[i - 1] == 0 && data[i - 2] == 0) return i - kZeros;
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

std::optional<Nal> NalCursor::next() {
  if (!ok_) return std::nullopt;
  return length_size_ == 0 ? next_of_byte_stream() : next_length_prefixed();
}

// `rest_` begins right after a start code.
std::optional<Nal> NalCursor::next_of_byte_stream() {
  while (!rest_.empty()) {
    const std::size_t end = find_start_code(rest_);
    auto nal = rest_.first(end == kNone ? rest_.size() : end);
    rest_ = end == kNone ? rest_.last(0) : rest_.subspan(end + 3);
    // A NAL unit cannot end in 00 (7.4.1 of H.264, 7.4.2.1 of H.265): these are trailing_zero_8bits
    // or the zero_byte of the next start code.
    while (!nal.empty() && nal.back() == 0) nal = nal.first(nal.size() - 1);
    if (!nal.empty()) return nal;
  }
  return std::nullopt;
}

std::optional<Nal> NalCursor::next_length_prefixed() {
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

void append_nal(Bytes& out, Nal nal) {
  const auto size = static_cast<std::uint32_t>(nal.size());
  const std::array<std::uint8_t, kNalSizeBytes> prefix = {
      static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
      static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.insert(out.end(), prefix.begin(), prefix.end());
  out.insert(out.end(), nal.begin(), nal.end());
}

bool read_sets(std::span<const std::uint8_t>& data, std::size_t count, std::vector<Bytes>& sets) {
  for (std::size_t i = 0; i < count; ++i) {
    if (data.size() < 2) return false;
    const std::size_t size = static_cast<std::size_t>(data[0]) << 8 | data[1];
    if (data.size() - 2 < size) return false;
    const auto set = data.subspan(2, size);
    if (!set.empty()) sets.emplace_back(set.begin(), set.end());
    data = data.subspan(2 + size);
  }
  return true;
}

void append_sets(Bytes& out, const std::vector<Bytes>& sets) {
  for (const Bytes& set : sets) {
    out.push_back(static_cast<std::uint8_t>(set.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(set.size()));
    out.insert(out.end(), set.begin(), set.end());
  }
}

}  // namespace rec::codec
