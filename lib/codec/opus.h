// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opus without decoding: how long a packet is (RFC 6716, 3), what OpusHead says (RFC 7845, 5.1),
// and packets that decode to silence.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::codec {

struct OpusPacketInfo {
  std::uint32_t samples = 0;        // of the whole packet, at 48 kHz
  std::uint32_t frame_samples = 0;  // of each frame, at 48 kHz
  std::uint8_t frames = 0;
  std::uint8_t channels = 0;  // as coded: 1 or 2; a decoder's output may have another number
};

// Checks every rule of RFC 6716, 3.4 (R1 to R7): all of them speak of sizes only. `packet` is not
// self-delimited (Appendix B), as in RTP and in containers.
Result<OpusPacketInfo> parse_opus_packet(std::span<const std::uint8_t> packet);

// Mapping families 0, 1 and 255.
Result<OpusConfig> parse_opus_head(std::span<const std::uint8_t> data);

// One packet of one stereo fullband CELT frame that a fresh decoder turns into `samples` (960, 480,
// 240 or 120, at 48 kHz) zeros. Empty for any other duration. Lives for ever.
std::span<const std::uint8_t> opus_silence(std::uint32_t samples);

}  // namespace rec::codec
