// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boxes of the init segment that carry values (ISO/IEC 14496-12). One function a box, so that
// each can be held against the standard alone. Used by init_segment.cpp and by its tests.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/isobmff/box_writer.h"
#include "lib/isobmff/init_segment.h"

namespace rec::isobmff {

// Ticks a second of the mvhd of the init segment. Nothing there is counted in it: the movie header
// of a fragmented file has no duration, and an edit of the whole track has none either.
inline constexpr std::uint32_t kMovieTimescale = 1000;

void write_ftyp(BoxWriter& w, std::span<const Track> tracks);
void write_free(BoxWriter& w);
// Seconds since 1904-01-01 UTC, which ISO BMFF counts, of seconds since 1970.
std::uint64_t since_1904(std::uint64_t seconds_since_1970);
// A duration of 0 means that the moov has no samples. That of tkhd is in ticks of mvhd.
void write_mvhd(BoxWriter& w, std::uint64_t time_1904, std::uint32_t next_track_id,
                std::uint32_t timescale = kMovieTimescale, std::uint64_t duration = 0);
void write_tkhd(BoxWriter& w, const Track& track, std::uint64_t time_1904,
                std::uint64_t duration = 0);
// How far media time is ahead of presentation time: the pre-skip of Opus, in ticks of the track.
std::int64_t media_ahead(const TrackConfig& config);
void write_edts(BoxWriter& w, const TrackConfig& config);  // nothing without a pre-skip
// `language`: three letters of ISO 639-2/T.
void write_mdhd(BoxWriter& w, std::uint32_t timescale, std::uint64_t time_1904,
                std::uint64_t duration = 0, std::string_view language = "und");
void write_hdlr(BoxWriter& w, Medium medium);
void write_media_header(BoxWriter& w, Medium medium);  // vmhd or smhd
void write_dinf(BoxWriter& w);
void write_stbl(BoxWriter& w, const TrackConfig& config);
void write_mvex(BoxWriter& w, std::span<const Track> tracks);
void write_udta(BoxWriter& w, const MovieTags& tags);  // nothing without tags

}  // namespace rec::isobmff
