// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boxes of the init segment that carry values (ISO/IEC 14496-12). One function a box, so that
// each can be held against the standard alone. Used by init_segment.cpp and by its tests.
#pragma once

#include <cstdint>
#include <span>

#include "lib/isobmff/box_writer.h"
#include "lib/isobmff/init_segment.h"

namespace rec::isobmff {

// Ticks a second of mvhd. Nothing here is counted in it: the movie header of a fragmented file has
// no duration, and an edit of the whole track has none either.
inline constexpr std::uint32_t kMovieTimescale = 1000;

void write_ftyp(BoxWriter& w, std::span<const Track> tracks);
void write_free(BoxWriter& w);
// `time_1904` is in seconds since 1904-01-01 UTC, as everywhere in ISO BMFF.
void write_mvhd(BoxWriter& w, std::uint64_t time_1904, std::uint32_t next_track_id);
void write_tkhd(BoxWriter& w, const Track& track, std::uint64_t time_1904);
void write_edts(BoxWriter& w, const TrackConfig& config);  // nothing without a pre-skip
void write_mdhd(BoxWriter& w, std::uint32_t timescale, std::uint64_t time_1904);
void write_hdlr(BoxWriter& w, Medium medium);
void write_media_header(BoxWriter& w, Medium medium);  // vmhd or smhd
void write_dinf(BoxWriter& w);
void write_stbl(BoxWriter& w, const CodecConfig& codec);
void write_mvex(BoxWriter& w, std::span<const Track> tracks);

}  // namespace rec::isobmff
