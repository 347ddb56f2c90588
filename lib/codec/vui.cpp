// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vui.h"

#include <array>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::uint32_t kExtendedSar = 255;

void parse_sample_aspect_ratio(BitReader& r, VuiStart& vui) {
  struct Ratio {
    std::uint16_t width, height;
  };
  static constexpr std::array<Ratio, 17> kTableE1 = {{{0, 0},
                                                      {1, 1},
                                                      {12, 11},
                                                      {10, 11},
                                                      {16, 11},
                                                      {40, 33},
                                                      {24, 11},
                                                      {20, 11},
                                                      {32, 11},
                                                      {80, 33},
                                                      {18, 11},
                                                      {15, 11},
                                                      {64, 33},
                                                      {160, 99},
                                                      {4, 3},
                                                      {3, 2},
                                                      {2, 1}}};
  const std::uint32_t idc = r.bits(8);
  Ratio ratio = {0, 0};  // reserved values are ignored, as decoders shall
  if (idc < kTableE1.size()) ratio = kTableE1[idc];
  if (idc == kExtendedSar) {
    ratio.width = static_cast<std::uint16_t>(r.bits(16));
    ratio.height = static_cast<std::uint16_t>(r.bits(16));
    if (ratio.width == 0 || ratio.height == 0) ratio = {0, 0};  // unspecified
  }
  vui.sar_width = ratio.width;
  vui.sar_height = ratio.height;
}

void parse_video_signal_type(BitReader& r, VuiStart& vui) {
  Colour colour;
  r.skip(3);  // video_format
  colour.full_range = r.flag();
  if (r.flag()) {
    colour.primaries = static_cast<std::uint8_t>(r.bits(8));
    colour.transfer = static_cast<std::uint8_t>(r.bits(8));
    colour.matrix = static_cast<std::uint8_t>(r.bits(8));
  }
  vui.colour = colour;
}

}  // namespace

VuiStart parse_vui_start(BitReader& r) {
  VuiStart vui;
  if (r.flag()) parse_sample_aspect_ratio(r, vui);
  if (r.flag()) r.skip(1);  // overscan
  if (r.flag()) parse_video_signal_type(r, vui);
  if (r.flag()) {  // chroma sample location
    r.ue();
    r.ue();
  }
  return vui;
}

}  // namespace rec::codec
