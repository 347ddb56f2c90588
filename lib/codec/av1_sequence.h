// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sequence header of AV1 (5.5 of its specification), and the record that carries it in a file
// ("AV1 Codec ISO Media File Format Binding", 2.3).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::codec {

struct Av1Sequence {
  std::uint8_t profile = 0;
  bool reduced_still_picture_header = false;
  std::uint8_t level_idx = 0;  // of operating point 0: all layers
  bool high_tier = false;      // likewise
  std::uint32_t width = 0;     // pixels, 1 to 65536: no frame is wider
  std::uint32_t height = 0;
  std::uint8_t bit_depth = 8;
  bool monochrome = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
  std::uint8_t chroma_sample_position = 0;
  std::uint8_t primaries = 2;  // ISO/IEC 23091-2; 2 is "unspecified"
  std::uint8_t transfer = 2;   // likewise
  std::uint8_t matrix = 2;     // likewise
  bool full_range = false;
};

// The payload of a sequence header OBU.
Result<Av1Sequence> parse_av1_sequence(std::span<const std::uint8_t> payload);

// An AV1CodecConfigurationRecord: four bytes, then the sequence header OBU with a size field.
Bytes make_av1c(const Av1Sequence& sequence, std::span<const std::uint8_t> payload);

// "av01.0.04M.08", followed by the optional fields if one of them is not the default (binding, 5).
std::string av1_rfc6381(const Av1Sequence& sequence);

}  // namespace rec::codec
