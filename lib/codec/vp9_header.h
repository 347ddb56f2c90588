// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP9 without decoding: the frames of a superframe and the part of a frame's uncompressed header
// that says what a file must know. Clauses are of the "VP9 Bitstream & Decoding Process
// Specification", version 0.6.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/result.h"

namespace rec::codec {

// The frames of what an encoder returns at once (Annex B): those that the index at its end names,
// or else one.
struct Vp9Superframe {
  std::array<std::span<const std::uint8_t>, 8> frames;  // borrowed
  std::size_t count = 0;
};
Result<Vp9Superframe> split_vp9_superframe(std::span<const std::uint8_t> sample);

struct Vp9Size {
  std::uint32_t width = 0;  // pixels, 1 to 65536; 0 where it is not known
  std::uint32_t height = 0;
};

struct Vp9Colour {  // 6.2.2 (color_config)
  std::uint8_t bit_depth = 8;
  std::uint8_t color_space = 0;
  bool full_range = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
};

struct Vp9Frame {
  bool show_existing = false;  // shows frame_to_show; the fields below but `shown` say nothing
  std::uint8_t frame_to_show = 0;
  bool key = false;
  bool intra_only = false;
  bool shown = false;
  std::uint8_t profile = 0;            // 0 to 3
  Vp9Colour colour;                    // key frames
  Vp9Size size;                        // of key and intra-only frames, and of those that state it
  std::uint8_t refresh = 0;            // bit i: the frame goes into reference slot i
  std::array<std::uint8_t, 3> refs{};  // other frames: the slots that they refer to
  std::uint8_t size_from = 0;          // size.width is 0: it is that of reference slot size_from
};
Result<Vp9Frame> parse_vp9_frame(std::span<const std::uint8_t> frame);

}  // namespace rec::codec
