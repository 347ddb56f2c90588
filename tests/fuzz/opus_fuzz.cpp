// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes the Opus packet and OpusHead parsers. Input: one packet or header.
#include <cstdint>

#include "lib/codec/opus.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::codec;
  if (const auto info = parse_opus_packet({data, size})) {
    const OpusPacketInfo& i = info.value();
    rec::fuzz::check(i.frames >= 1 && i.frames <= 48 && i.samples <= 5760);
    rec::fuzz::check(i.samples == i.frames * i.frame_samples);
    rec::fuzz::check(i.channels == 1 || i.channels == 2);
  }
  if (const auto head = parse_opus_head({data, size})) {
    const rec::OpusConfig& h = head.value();
    rec::fuzz::check(h.channels >= 1 && h.stream_count >= 1 && h.coupled_count <= h.stream_count);
    rec::fuzz::check(h.channel_mapping.size() == (h.mapping_family == 0 ? 0u : h.channels));
  }
  return 0;
}
