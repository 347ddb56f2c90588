// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Bits of a raw byte sequence payload, most significant first, with the Exp-Golomb codes of
// ITU-T H.264, 9.1. Reading past the end or an impossible code latches an error and yields 0, so
// that a parser reads straight on and asks ok() once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/media.h"

namespace rec::codec {

class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> rbsp) : data_(rbsp) {}  // borrows

  std::uint32_t bits(unsigned n);  // n <= 32
  bool flag() { return bits(1) != 0; }
  std::uint32_t ue();  // 0 .. 2^32 - 2
  std::int32_t se();   // -(2^31 - 1) .. 2^31 - 1
  void skip(std::size_t n);
  std::size_t bits_left() const { return data_.size() * 8 - position_; }
  bool ok() const { return ok_; }
  // Latches an error that the caller found: a value that the syntax forbids.
  void fail();
  // What ends an RBSP (7.3.2.11): a one, then nothing but zeros.
  bool at_trailing_bits() const;

 private:
  std::span<const std::uint8_t> data_;
  std::size_t position_ = 0;  // bits
  bool ok_ = true;
};

// Removes the emulation prevention bytes (00 00 03; 7.3.1) of a NAL unit or a part of one. Stops
// when `out` is full; returns how many bytes were written. `out` may not overlap `nal`.
std::size_t strip_emulation_prevention(std::span<const std::uint8_t> nal,
                                       std::span<std::uint8_t> out);
Bytes strip_emulation_prevention(std::span<const std::uint8_t> nal);

}  // namespace rec::codec
