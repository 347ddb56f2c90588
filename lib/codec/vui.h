// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The part of the video usability information that H.264 (Annex E) and H.265 (Annex E) share.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/media.h"

namespace rec::codec {

class BitReader;

struct VuiStart {
  std::uint16_t sar_width = 0;   // sample aspect ratio; 0: unspecified
  std::uint16_t sar_height = 0;  // 0: unspecified
  std::optional<Colour> colour;  // video_signal_type_present_flag; Tables E-3 to E-5

  PictureFormat picture() const { return {colour.value_or(Colour()), {sar_width, sar_height}}; }
};

// vui_parameters() up to the chroma sample location.
VuiStart parse_vui_start(BitReader& r);

}  // namespace rec::codec
