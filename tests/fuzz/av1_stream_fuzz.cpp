// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes Av1Stream with a sequence of calls. Input: two bytes of big-endian size, then one byte of
// kind (0: a temporal unit; 1: codec_data) and what the call gets.
#include "lib/codec/av1_stream.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/chunks.h"

namespace {

using rec::codec::Av1Stream;
using rec::codec::ObuCursor;
using rec::codec::ObuType;

// What came out is a temporal unit that goes in again, and comes out as it is.
void check_unit(const Av1Stream::AccessUnit& unit) {
  if (unit.bytes.empty()) return;
  ObuCursor cursor(unit.bytes);
  bool sequence = false;
  while (const auto obu = cursor.next()) {
    rec::fuzz::check((obu->header[0] & 2) != 0);
    rec::fuzz::check(obu->type != ObuType::kTemporalDelimiter);
    sequence = sequence || obu->type == ObuType::kSequenceHeader;
  }
  rec::fuzz::check(cursor.ok());
  rec::fuzz::check(!unit.key || (unit.picture && sequence));
  Av1Stream again;
  const auto out = again.convert(unit.bytes);
  rec::fuzz::check(out && out.value().bytes == unit.bytes);
  rec::fuzz::check(!unit.key || out.value().key);
}

void feed(Av1Stream& stream, std::span<const std::uint8_t> data) {
  const auto before = stream.config();
  const auto out = stream.convert(data);
  if (!out) return rec::fuzz::check(before == stream.config());
  check_unit(out.value());
  rec::fuzz::check(!out.value().config_changed || (out.value().picture && stream.config()));
  rec::fuzz::check(!out.value().key || stream.config());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Av1Stream stream;
  rec::fuzz::for_each_chunk({data, size}, [&](std::span<const std::uint8_t> chunk) {
    if (chunk.empty()) return;
    const auto rest = chunk.subspan(1);
    if (chunk[0] == 1) {
      const auto before = stream.config();
      const auto set = stream.set_format(Av1Stream::Format::kObuStream, rest);
      rec::fuzz::check(set || before == stream.config());
    } else {
      feed(stream, rest);
    }
    if (!stream.config()) return;
    const auto& config = *stream.config();
    rec::fuzz::check(config.width > 0 && config.height > 0 && config.av1c.size() > 4);
    Av1Stream from_record;
    rec::fuzz::check(
        static_cast<bool>(from_record.set_format(Av1Stream::Format::kObuStream, config.av1c)));
    rec::fuzz::check(from_record.config() == stream.config());
  });
  return 0;
}
