// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes NAL units and other headers bit by bit, for tests that need one with a given value.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "lib/base/media.h"

namespace rec::codec {

class BitWriter {
 public:
  BitWriter& bits(std::uint64_t value, unsigned n) {
    while (n-- > 0) bits_.push_back(value >> n & 1);
    return *this;
  }
  BitWriter& ue(std::uint32_t value) {  // 9.1
    const std::uint64_t code = std::uint64_t{value} + 1;
    return bits(code, 2 * static_cast<unsigned>(std::bit_width(code)) - 1);
  }
  // Everything so far, with zeros up to the next byte.
  Bytes bytes() const {
    Bytes out((bits_.size() + 7) / 8);
    for (std::size_t i = 0; i < bits_.size(); ++i)
      if (bits_[i]) out[i / 8] |= static_cast<std::uint8_t>(0x80 >> i % 8);
    return out;
  }
  // Everything so far with the trailing bits and emulation prevention (7.3.1, 7.3.2.11).
  Bytes nal() const {
    std::vector<bool> padded = bits_;
    padded.push_back(true);
    while (padded.size() % 8 != 0) padded.push_back(false);
    Bytes out;
    unsigned zeros = 0;
    for (std::size_t i = 0; i < padded.size(); i += 8) {
      unsigned byte = 0;
      for (std::size_t bit = 0; bit < 8; ++bit) byte = byte << 1 | (padded[i + bit] ? 1u : 0u);
      if (zeros >= 2 && byte <= 3) {
        out.push_back(3);
        zeros = 0;
      }
      out.push_back(static_cast<std::uint8_t>(byte));
      zeros = byte == 0 ? zeros + 1 : 0;
    }
    return out;
  }

 private:
  std::vector<bool> bits_;
};

}  // namespace rec::codec
