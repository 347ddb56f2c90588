// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Bytes as a person writes them down from a standard: hexadecimal, spaced at will.
#pragma once

#include <cctype>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rec::isobmff {

// "00000018 7472756e": four bytes a word.
inline std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 4 == 0) text += ' ';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// What was written by hand, one group a field, spaced as hex() does.
inline std::string words(std::string_view by_hand) {
  std::string text;
  std::size_t digits = 0;
  for (const char c : by_hand) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
    if (digits > 0 && digits % 8 == 0) text += ' ';
    text += c;
    ++digits;
  }
  return text;
}

}  // namespace rec::isobmff
