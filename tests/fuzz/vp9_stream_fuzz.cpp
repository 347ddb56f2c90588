// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes Vp9Stream with a sequence of superframes. Input: two bytes of big-endian size, then the
// superframe.
#include "lib/codec/vp9_stream.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/chunks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rec::codec::Vp9Stream stream;
  rec::fuzz::for_each_chunk({data, size}, [&](std::span<const std::uint8_t> superframe) {
    const auto before = stream.config();
    const auto out = stream.convert(superframe);
    if (!out) return rec::fuzz::check(before == stream.config());
    const auto& unit = out.value();
    rec::fuzz::check(unit.bytes.size() == superframe.size());
    rec::fuzz::check(!unit.key || stream.config());
    rec::fuzz::check(unit.config_changed == (before && before != stream.config()));
    if (!stream.config()) return;
    const auto& c = *stream.config();
    rec::fuzz::check(c.width > 0 && c.height > 0 && c.profile <= 3);
    rec::fuzz::check(c.bit_depth == 8 || c.bit_depth == 10 || c.bit_depth == 12);
    rec::fuzz::check(c.chroma_subsampling >= 1 && c.chroma_subsampling <= 3);
    rec::fuzz::check(c.matrix != 0 || c.chroma_subsampling == 3);
    rec::fuzz::check(c.rfc6381.size() == 13 || c.rfc6381.size() == 28);
  });
  return 0;
}
