// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reflected CRCs by table, for CPUs that have no instruction for them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace rec::objstore {

// tables[k][b]: the CRC of the byte b with k zero bytes behind it, so that eight bytes are one step
// of eight lookups that do not wait for each other ("slicing by 8").
template <class Word>
using CrcTables = std::array<std::array<Word, 256>, 8>;

template <class Word, Word kPolynomial>
constexpr CrcTables<Word> make_crc_tables() {
  CrcTables<Word> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<Word>((crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0));
    tables[0][byte] = crc;
  }
  for (unsigned k = 1; k < 8; ++k)
    for (unsigned byte = 0; byte < 256; ++byte)
      tables[k][byte] =
          static_cast<Word>((tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff]);
  return tables;
}

template <class Word, Word kPolynomial>
constexpr CrcTables<Word> kCrcTables = make_crc_tables<Word, kPolynomial>();

inline std::uint64_t load_little_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

template <class Word, Word kPolynomial>
Word crc_by_tables(Word crc, std::span<const std::uint8_t> bytes) {
  constexpr const auto& tables = kCrcTables<Word, kPolynomial>;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t block = load_little_endian(bytes.data()) ^ crc;
    crc = 0;
    for (unsigned k = 8; k-- > 0; block >>= 8) crc ^= tables[k][block & 0xff];
  }
  for (const std::uint8_t byte : bytes)
    crc = static_cast<Word>((crc >> 8) ^ tables[0][(crc ^ byte) & 0xff]);
  return crc;
}

}  // namespace rec::objstore
