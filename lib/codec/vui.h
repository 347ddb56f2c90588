// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The part of the video usability information that H.264 (Annex E) and H.265 (Annex E) share.
#pragma once

#include <cstdint>
#include <optional>

namespace rec::codec {

class BitReader;

// Code points of ITU-T H.273, as Tables E-3 to E-5 of both have them; 2 is "unspecified".
struct ColourDescription {
  std::uint8_t primaries = 2;
  std::uint8_t transfer = 2;
  std::uint8_t matrix = 2;
  bool full_range = false;
  friend bool operator==(const ColourDescription&, const ColourDescription&) = default;
};

struct VuiStart {
  std::uint16_t sar_width = 0;              // sample aspect ratio; 0: unspecified
  std::uint16_t sar_height = 0;             // 0: unspecified
  std::optional<ColourDescription> colour;  // video_signal_type_present_flag
};

// vui_parameters() up to the chroma sample location.
VuiStart parse_vui_start(BitReader& r);

}  // namespace rec::codec
