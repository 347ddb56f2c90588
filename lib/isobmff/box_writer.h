// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Big-endian ISO BMFF boxes in memory (ISO/IEC 14496-12, 4.2). No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "lib/base/media.h"

namespace rec::isobmff {

class BoxWriter {  // one per segment, one thread
 public:
  class [[nodiscard]] Box {  // patches its size when it leaves scope: no box can stay open
   public:
    Box(BoxWriter& writer, std::size_t start) : writer_(writer), start_(start) {}
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;
    ~Box() { writer_.close(start_); }

   private:
    BoxWriter& writer_;
    const std::size_t start_;  // offset of the size field
  };

  explicit BoxWriter(std::size_t expected_bytes = 0) { out_.reserve(expected_bytes); }

  // A box that Box closes has a 32-bit size. Only an mdat can outgrow that; see fragment.cpp.
  Box box(std::string_view fourcc);
  Box full_box(std::string_view fourcc, std::uint8_t version, std::uint32_t flags);

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value);
  void u24(std::uint32_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void i32(std::int32_t value) { u32(static_cast<std::uint32_t>(value)); }
  void fourcc(std::string_view code);  // exactly four characters
  void zeros(std::size_t count) { out_.insert(out_.end(), count, 0); }
  void bytes(std::span<const std::uint8_t> data);

  std::size_t size() const { return out_.size(); }
  void patch_u32(std::size_t offset, std::uint32_t value);  // overwrites four bytes
  Bytes take() { return std::move(out_); }

 private:
  void close(std::size_t start);
  Bytes out_;
};

}  // namespace rec::isobmff
