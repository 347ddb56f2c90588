// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The head of a fragmented MP4: everything a player needs before the first fragment.
// docs/formats/mp4.md says why each field has its value.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/media.h"

namespace rec::isobmff {

struct Track {
  std::uint32_t id = 0;  // track_ID: not 0, unique in the file
  TrackConfig config;
  TrackTags tags;
};

// ftyp, free (16 bytes: a clean stop can flip it into a 64-bit mdat header), moov with mvex.
// `creation_time_s` is UTC, in seconds since 1970-01-01.
//
// An Opus track with a pre-skip gets an edit that cuts those samples; its fragments then carry
// media time, which is presentation time plus the pre-skip.
Bytes init_segment(std::span<const Track> tracks, std::uint64_t creation_time_s,
                   const MovieTags& tags = {});

}  // namespace rec::isobmff
