// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What VP8 and VP9 have in common in a file ("VP Codec ISO Media File Format Binding", 1.0).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rec::codec {

// Frames a second as a fraction.
struct FrameRate {
  std::uint32_t numerator = 30;
  std::uint32_t denominator = 1;
};

// Ten times the lowest VP9 level whose picture size, longest side and luma sample rate are not
// exceeded (VP9 levels, libvpx's vp9_level_defs). 62, the highest, for what fits none.
std::uint8_t vp_level(std::uint32_t width, std::uint32_t height, FrameRate rate);

// The mandatory fields of the "codecs" parameter: "vp09.00.10.08".
std::string vp_rfc6381(std::string_view fourcc, unsigned profile, unsigned level,
                       unsigned bit_depth);

}  // namespace rec::codec
