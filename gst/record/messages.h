// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element messages of recordmux; docs/messages.md describes the fields. `track` is the name of
// the sink pad.
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/common/handles.h"
#include "lib/recording/output.h"

namespace rec::record {

Ref<GstMessage> started_message(GstElement* element, const std::string& stream,
                                const recording::RecordingStarted& started);
Ref<GstMessage> track_message(GstElement* element, const std::string& track, const char* state,
                              const char* codec, const std::string& reason);
Ref<GstMessage> gap_message(GstElement* element, const std::string& track,
                            const recording::GapMade& gap);
Ref<GstMessage> key_frame_message(GstElement* element, const std::string& track,
                                  const char* reason);
Ref<GstMessage> stopped_message(GstElement* element, const std::string& stream,
                                const recording::RecordingStopped& stopped);

}  // namespace rec::record
