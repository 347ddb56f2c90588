// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/av1_obu.h"

namespace rec::codec {
namespace {

constexpr std::uint8_t kForbiddenBit = 0x80;
constexpr std::uint8_t kExtensionFlag = 0x04;
constexpr std::uint8_t kHasSizeField = 0x02;
constexpr std::size_t kLongestSize = 5;  // bytes of a leb128() below 2^32

}  // namespace

std::optional<Obu> ObuCursor::next() {
  if (!ok_ || rest_.empty()) return std::nullopt;
  ok_ = false;
  const std::uint8_t first = rest_[0];
  const std::size_t header = first & kExtensionFlag ? 2 : 1;
  if (first & kForbiddenBit || rest_.size() < header) return std::nullopt;
  Obu obu;
  obu.type = static_cast<ObuType>(first >> 3 & 15);
  obu.header = rest_.first(header);
  rest_ = rest_.subspan(header);
  std::size_t size = rest_.size();
  if (first & kHasSizeField) {
    const auto stated = read_size();
    if (!stated || *stated > rest_.size()) return std::nullopt;
    size = static_cast<std::size_t>(*stated);
  }
  obu.payload = rest_.first(size);
  rest_ = rest_.subspan(size);
  ok_ = true;
  return obu;
}

std::optional<std::uint64_t> ObuCursor::read_size() {  // leb128(), 4.10.5
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (rest_.empty()) return std::nullopt;
    const std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    value |= std::uint64_t{byte & 0x7fu} << 7 * i;
    if (!(byte & 0x80)) return value;
  }
  return std::nullopt;
}

std::size_t obu_size_bound(const Obu& obu) {
  return obu.header.size() + kLongestSize + obu.payload.size();
}

void append_obu(Bytes& out, const Obu& obu) {
  out.push_back(obu.header[0] | kHasSizeField);
  out.insert(out.end(), obu.header.begin() + 1, obu.header.end());
  std::size_t size = obu.payload.size();
  for (; size > 0x7f; size >>= 7) out.push_back(static_cast<std::uint8_t>(size | 0x80));
  out.push_back(static_cast<std::uint8_t>(size));
  out.insert(out.end(), obu.payload.begin(), obu.payload.end());
}

}  // namespace rec::codec
