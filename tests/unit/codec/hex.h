// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Byte strings as text, for tests of lib/codec. Blanks only structure the text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/media.h"

namespace rec::codec {

inline Bytes unhex(std::string_view text) {
  Bytes out;
  std::string digits;
  for (const char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return out;
}

inline std::string hex(std::span<const std::uint8_t> data) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : data) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// A copy whose end is the end of its allocation: AddressSanitizer sees a read past it.
inline Bytes prefix(const Bytes& data, std::size_t size) {
  return Bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace rec::codec
