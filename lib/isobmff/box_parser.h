// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Boxes and big-endian numbers of bytes that nobody vouches for: whatever they say, nothing outside
// of them is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rec::isobmff {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  // 0 behind the end.
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string_view fourcc();  // empty behind the end
  void skip(std::size_t count);

  bool failed() const { return failed_; }  // the end was passed
  bool done() const { return left_.empty() && !failed_; }
  std::span<const std::uint8_t> left() const { return left_; }

 private:
  std::uint64_t number(std::size_t bytes);

  std::span<const std::uint8_t> left_;
  bool failed_ = false;
};

// A box of a moov or moof: 32-bit size, in memory.
struct BoxView {
  std::string_view type;
  std::span<const std::uint8_t> bytes;  // with its header

  std::span<const std::uint8_t> payload() const { return bytes.subspan(8); }
};

// What begins with the header of a box, and is exactly that long.
std::optional<BoxView> box_of(std::span<const std::uint8_t> bytes);
// The boxes that `bytes` consists of; nothing if there is more or less than whole boxes.
std::optional<std::vector<BoxView>> boxes_of(std::span<const std::uint8_t> bytes);

// Of a list of boxes: the only one of that type; nullptr if there is none, or more.
const BoxView* only(const std::vector<BoxView>& boxes, std::string_view type);

}  // namespace rec::isobmff
