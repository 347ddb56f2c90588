// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/crc.h"

#include <array>

#include "lib/objstore/crc_tables.h"
#include "lib/objstore/digest.h"

namespace rec::objstore {
namespace {

using Span = std::span<const std::uint8_t>;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::uint32_t crc,
                                                                      Span bytes) {
  std::uint64_t wide = crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8))
    wide = __builtin_ia32_crc32di(wide, load_little_endian(bytes.data()));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const std::uint8_t byte : bytes) narrow = __builtin_ia32_crc32qi(narrow, byte);
  return narrow;
}
#endif

// a * b modulo the polynomial; the highest bit is the coefficient of x^0.
template <class Word, Word kPolynomial>
Word multiply(Word a, Word b) {
  Word product = 0;
  for (Word bit = static_cast<Word>(Word{1} << (sizeof(Word) * 8 - 1)); bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = static_cast<Word>((b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0));
  }
  return product;
}

// x^(8 * bytes) modulo the polynomial.
template <class Word, Word kPolynomial>
Word shift_by(std::uint64_t bytes) {
  constexpr Word kOne = static_cast<Word>(Word{1} << (sizeof(Word) * 8 - 1));
  Word power = kOne >> 8;  // x^8
  Word result = kOne;
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) result = multiply<Word, kPolynomial>(result, power);
    power = multiply<Word, kPolynomial>(power, power);
  }
  return result;
}

}  // namespace

template <class Word, Word kPolynomial>
void Crc<Word, kPolynomial>::update(Span bytes) {
#if defined(__x86_64__)
  if constexpr (kPolynomial == 0x82f63b78U) {
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) {
      state_ = crc32c_by_instruction(state_, bytes);
      return;
    }
  }
#endif
  state_ = crc_by_tables<Word, kPolynomial>(state_, bytes);
}

template <class Word, Word kPolynomial>
void Crc<Word, kPolynomial>::append(Word second, std::uint64_t second_size) {
  const Word shifted =
      multiply<Word, kPolynomial>(value(), shift_by<Word, kPolynomial>(second_size));
  state_ = static_cast<Word>(~(shifted ^ second));
}

template <class Word, Word kPolynomial>
std::array<std::uint8_t, sizeof(Word)> Crc<Word, kPolynomial>::big_endian() const {
  std::array<std::uint8_t, sizeof(Word)> bytes{};
  Word rest = value();
  for (std::size_t i = bytes.size(); i-- > 0; rest >>= 8)
    bytes[i] = static_cast<std::uint8_t>(rest);
  return bytes;
}

template <class Word, Word kPolynomial>
std::string Crc<Word, kPolynomial>::base64() const {
  return objstore::base64(big_endian());
}

template class Crc<std::uint32_t, 0x82f63b78U>;
template class Crc<std::uint64_t, 0x9a6c9329ac4bc9b5U>;
template class Crc<std::uint64_t, 0xc96c5795d7870f42U>;

}  // namespace rec::objstore
