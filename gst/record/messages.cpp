// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/messages.h"

namespace rec::record {
namespace {

guint64 nanos(recording::Nanos value) { return value < 0 ? 0 : static_cast<guint64>(value); }

Ref<GstMessage> message(GstElement* element, GstStructure* structure) {
  return adopt(gst_message_new_element(GST_OBJECT(element), structure));
}

}  // namespace

Ref<GstMessage> started_message(GstElement* element, const std::string& stream,
                                const recording::RecordingStarted& started) {
  return message(element,
                 gst_structure_new("record-started", "stream-name", G_TYPE_STRING, stream.c_str(),
                                   "key", G_TYPE_STRING, started.key.c_str(), "start-utc",
                                   G_TYPE_UINT64, nanos(started.start_utc), "clock-source",
                                   G_TYPE_STRING, started.clock_source, nullptr));
}

Ref<GstMessage> track_message(GstElement* element, const std::string& track, const char* state,
                              const char* codec, const std::string& reason) {
  GstStructure* s = gst_structure_new("record-track", "track", G_TYPE_STRING, track.c_str(),
                                      "state", G_TYPE_STRING, state, nullptr);
  if (codec) gst_structure_set(s, "codec", G_TYPE_STRING, codec, nullptr);
  if (!reason.empty()) gst_structure_set(s, "reason", G_TYPE_STRING, reason.c_str(), nullptr);
  return message(element, s);
}

Ref<GstMessage> gap_message(GstElement* element, const std::string& track,
                            const recording::GapMade& gap) {
  return message(
      element,
      gst_structure_new("record-gap", "track", G_TYPE_STRING, track.c_str(), "start", G_TYPE_UINT64,
                        nanos(gap.start), "duration", G_TYPE_UINT64, nanos(gap.duration), "reason",
                        G_TYPE_STRING, gap.reason, "filled", G_TYPE_BOOLEAN, gap.filled, nullptr));
}

Ref<GstMessage> key_frame_message(GstElement* element, const std::string& track,
                                  const char* reason) {
  return message(
      element, gst_structure_new("record-keyframe-requested", "track", G_TYPE_STRING, track.c_str(),
                                 "reason", G_TYPE_STRING, reason, nullptr));
}

Ref<GstMessage> stopped_message(GstElement* element, const std::string& stream,
                                const recording::RecordingStopped& stopped) {
  return message(element, gst_structure_new("record-stopped", "stream-name", G_TYPE_STRING,
                                            stream.c_str(), "objects", G_TYPE_UINT, stopped.objects,
                                            "bytes", G_TYPE_UINT64, stopped.bytes, "lost-samples",
                                            G_TYPE_UINT64, stopped.lost_samples, nullptr));
}

}  // namespace rec::record
