// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Feeds H264Stream or H265Stream a sequence of calls. Input: chunks of one byte of kind (bit 0:
// length-prefixed instead of Annex B; bit 1: the chunk is codec_data; bit 2: the caps change), two
// bytes of big-endian size and the chunk itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "lib/codec/nal_stream.h"
#include "tests/fuzz/check.h"

namespace rec::fuzz {

// `record_is_readable` says whether the stream's decoder configuration record can be read back.
template <class Stream, class Readable>
void feed_nal_stream(std::span<const std::uint8_t> rest, Readable record_is_readable) {
  using Format = typename Stream::Format;
  Stream stream;
  while (rest.size() > 3) {
    const Format format = rest[0] & 1 ? Format::kLengthPrefixed : Format::kByteStream;
    const bool codec_data = rest[0] & 2;
    const bool new_caps = rest[0] & 4;
    const std::size_t wanted = static_cast<std::size_t>(rest[1]) << 8 | rest[2];
    const auto chunk = rest.subspan(3, std::min(wanted, rest.size() - 3));
    rest = rest.subspan(3 + chunk.size());
    const auto before = stream.config();
    if (codec_data || new_caps) {
      const auto set = stream.set_format(format, codec_data ? chunk : chunk.first(0));
      check(set || before == stream.config());
    }
    if (codec_data) continue;
    const auto config = stream.config();
    const auto out = stream.convert(chunk);
    if (!out) {
      check(config == stream.config());
      continue;
    }
    const auto& unit = out.value();
    auto cursor = codec::NalCursor::length_prefixed(unit.bytes, 4);
    while (cursor.next()) {
    }
    check(cursor.ok());
    check(!unit.key || (unit.picture && stream.config()));
    check(!unit.config_changed || (unit.picture && stream.config()));
    if (stream.config()) check(record_is_readable(*stream.config()));
  }
}

}  // namespace rec::fuzz
