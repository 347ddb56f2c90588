// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When the samples of a finished track are shown (ISO/IEC 14496-12, 8.6.5 and 8.6.6).
#pragma once

#include <cstdint>

#include "lib/isobmff/box_writer.h"
#include "lib/isobmff/sample_index.h"

namespace rec::isobmff {

// Ticks a second of the mvhd of a finished file: an exact unit for video, and for all packets of
// Opus.
inline constexpr std::uint32_t kIndexTimescale = 90000;

// Sample tables begin at 0; where the first sample is shown, edits say.
struct Edits {
  std::uint64_t late = 0;       // an empty edit up to there; movie ticks
  std::int64_t media_time = 0;  // then the track from here on; track ticks
  std::uint64_t shown = 0;      // for so long; movie ticks
};

// `ahead`: by how much the track's media time is ahead of its presentation time, in its ticks.
Edits edits_of(std::uint32_t timescale, std::int64_t ahead, const SampleIndex& samples);
void write_edits(BoxWriter& w, const Edits& edits);  // nothing if the track begins at 0

}  // namespace rec::isobmff
