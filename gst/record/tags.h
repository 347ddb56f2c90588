// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What GStreamer's tags say of a track and of a recording.
#pragma once

#include <gst/gst.h>

#include "lib/base/media.h"

namespace rec::record {

// What `list` does not say stays as it is.
void read_track_tags(const GstTagList* list, TrackTags& tags);
// `of_stream`: the list speaks of one of its tracks.
void read_movie_tags(const GstTagList* list, bool of_stream, MovieTags& tags);

}  // namespace rec::record
