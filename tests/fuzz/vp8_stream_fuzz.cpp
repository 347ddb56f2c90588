// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes Vp8Stream with a sequence of frames. Input: two bytes of big-endian size, then the frame.
#include "lib/codec/vp8_stream.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/chunks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rec::codec::Vp8Stream stream;
  rec::fuzz::for_each_chunk({data, size}, [&](std::span<const std::uint8_t> frame) {
    const auto before = stream.config();
    const auto out = stream.convert(frame);
    if (!out) return rec::fuzz::check(before == stream.config());
    const auto& unit = out.value();
    rec::fuzz::check(unit.bytes.size() == frame.size());
    rec::fuzz::check(!unit.key || stream.config());
    rec::fuzz::check(unit.config_changed == (before && before != stream.config()));
    if (stream.config()) {
      const auto& config = *stream.config();
      rec::fuzz::check(config.width > 0 && config.height > 0 && config.rfc6381.size() == 13);
    }
  });
  return 0;
}
