// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The CRCs that object stores compare: CRC-32C (x-amz-checksum-crc32c), CRC-64/NVME
// (x-amz-checksum-crc64nvme), CRC-64/XZ (x-oss-hash-crc64ecma). All are reflected and start and end
// with all bits inverted.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace rec::objstore {

template <class Word, Word kPolynomial>
class Crc {
 public:
  void update(std::span<const std::uint8_t> bytes);
  Word value() const { return static_cast<Word>(~state_); }
  // Puts bytes behind that have the CRC `second`, without seeing them: of an object from its parts.
  void append(Word second, std::uint64_t second_size);
  std::array<std::uint8_t, sizeof(Word)> big_endian() const;
  std::string base64() const;  // of the big-endian value: S3's form

 private:
  Word state_ = static_cast<Word>(~Word{0});
};

// The polynomials with their bits reversed.
using Crc32c = Crc<std::uint32_t, 0x82f63b78U>;
using Crc64Nvme = Crc<std::uint64_t, 0x9a6c9329ac4bc9b5U>;
using Crc64Xz = Crc<std::uint64_t, 0xc96c5795d7870f42U>;

extern template class Crc<std::uint32_t, 0x82f63b78U>;
extern template class Crc<std::uint64_t, 0x9a6c9329ac4bc9b5U>;
extern template class Crc<std::uint64_t, 0xc96c5795d7870f42U>;

}  // namespace rec::objstore
