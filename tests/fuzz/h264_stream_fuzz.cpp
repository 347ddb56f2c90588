// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes H264Stream with a sequence of calls. Input: chunks of one byte of kind (bit 0: length-
// prefixed instead of Annex B; bit 1: the chunk is codec_data; bit 2: the caps change), two bytes
// of big-endian size and the chunk itself.
#include <algorithm>
#include <cstdint>

#include "lib/codec/h264_stream.h"
#include "tests/fuzz/check.h"

namespace {

using rec::codec::H264Stream;
using Format = H264Stream::Format;

void feed(H264Stream& stream, std::span<const std::uint8_t> au) {
  const auto before = stream.config();
  const auto out = stream.convert(au);
  if (!out) {
    rec::fuzz::check(before == stream.config());
    return;
  }
  const auto& unit = out.value();
  auto cursor = rec::codec::NalCursor::length_prefixed(unit.bytes, 4);
  while (cursor.next()) {
  }
  rec::fuzz::check(cursor.ok());
  rec::fuzz::check(!unit.key || (unit.picture && stream.config()));
  rec::fuzz::check(!unit.config_changed || (unit.picture && stream.config()));
  if (stream.config())
    rec::fuzz::check(static_cast<bool>(rec::codec::parse_avcc(stream.config()->avcc)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  H264Stream stream;
  std::span rest(data, size);
  while (rest.size() > 3) {
    const Format format = rest[0] & 1 ? Format::kAvc : Format::kByteStream;
    const bool codec_data = rest[0] & 2;
    const bool new_caps = rest[0] & 4;
    const std::size_t wanted = static_cast<std::size_t>(rest[1]) << 8 | rest[2];
    const auto chunk = rest.subspan(3, std::min(wanted, rest.size() - 3));
    rest = rest.subspan(3 + chunk.size());
    if (codec_data || new_caps) {
      const auto before = stream.config();
      const auto set = stream.set_format(format, codec_data ? chunk : chunk.first(0));
      rec::fuzz::check(set || before == stream.config());
    }
    if (!codec_data) feed(stream, chunk);
  }
  return 0;
}
