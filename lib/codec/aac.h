// SPDX-License-Identifier: LGPL-2.1-or-later
//
// AAC without decoding: AudioSpecificConfig and ADTS headers, and frames that decode to silence.
// Clauses are those of ISO/IEC 14496-3:2009.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::codec {

// AudioSpecificConfig (1.6.2.1) of AAC Main, LC, SSR, LTP and Low Delay (object types 1 to 4, 23),
// with or without SBR and PS, signalled explicitly or behind the core's configuration (1.6.5). A
// layout that a program_config_element describes is counted. All other object types are refused.
Result<AacConfig> parse_audio_specific_config(std::span<const std::uint8_t> data);

struct AdtsHeader {
  std::uint8_t object_type = 2;  // 1 Main, 2 LC, 3 SSR, 4 LTP
  std::uint8_t sampling_frequency_index = 0;
  std::uint8_t channel_configuration = 0;  // 1 to 7
  std::size_t size = 7;                    // bytes; 9 with a CRC
  std::size_t frame_size = 0;              // bytes, with the header
  friend bool operator==(const AdtsHeader&, const AdtsHeader&) = default;
};
// The header of the frame that `data` begins with and holds whole (Annex 1.A). Frames of several
// raw data blocks are refused: they would have to be decoded to be cut apart. So is
// channel_configuration 0, which puts the layout into the blocks.
Result<AdtsHeader> parse_adts(std::span<const std::uint8_t> data);
// The AudioSpecificConfig that says the same: of two bytes, without SBR.
Bytes make_audio_specific_config(const AdtsHeader& header);

// One raw_data_block() that decodes to frame_samples zeros (plus what the frame before it overlaps
// into it): no coefficients in any channel. Empty if the layout is not one of the channel
// configurations 1 to 7 (5.1 is 6, 7.1 is 7), and for Low Delay, whose blocks have another syntax.
Bytes aac_silence(const AacConfig& config);

}  // namespace rec::codec
