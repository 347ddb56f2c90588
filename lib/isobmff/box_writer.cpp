// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Big-endian ISO BMFF boxes in memory.
#include "lib/isobmff/box_writer.h"

namespace rec::isobmff {
namespace {

template <int kBytes, class T>
void append(Bytes& out, T value) {
  for (int shift = 8 * (kBytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

BoxWriter::Box BoxWriter::box(std::string_view code) {
  const std::size_t start = size();
  u32(0);  // patched by close()
  fourcc(code);
  return Box(*this, start);
}

BoxWriter::Box BoxWriter::full_box(std::string_view code, std::uint8_t version,
                                   std::uint32_t flags) {
  const std::size_t start = size();
  u32(0);  // patched by close()
  fourcc(code);
  u8(version);
  u24(flags);
  return Box(*this, start);
}

void BoxWriter::u16(std::uint16_t value) { append<2>(out_, value); }
void BoxWriter::u24(std::uint32_t value) { append<3>(out_, value); }
void BoxWriter::u32(std::uint32_t value) { append<4>(out_, value); }
void BoxWriter::u64(std::uint64_t value) { append<8>(out_, value); }

void BoxWriter::fourcc(std::string_view code) { out_.insert(out_.end(), code.begin(), code.end()); }

void BoxWriter::bytes(std::span<const std::uint8_t> data) {
  out_.insert(out_.end(), data.begin(), data.end());
}

void BoxWriter::patch_u32(std::size_t offset, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i)
    out_[offset + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

void BoxWriter::close(std::size_t start) {
  patch_u32(start, static_cast<std::uint32_t>(size() - start));
}

}  // namespace rec::isobmff
