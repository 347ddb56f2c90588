// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pad probes with a closure that owns what it uses.
#pragma once

#include <gst/gst.h>

#include <utility>

namespace rec::test {

// gst_pad_remove_probe() does not wait for a callback that is running: capture a shared_ptr, never
// a bare `this` of something that may go away before the pad does.
template <class Fn>
gulong add_probe(GstPad* pad, GstPadProbeType mask, Fn fn) {
  return gst_pad_add_probe(
      pad, mask,
      [](GstPad* on, GstPadProbeInfo* info, gpointer data) {
        return (*static_cast<Fn*>(data))(on, info);
      },
      new Fn(std::move(fn)), [](gpointer data) { delete static_cast<Fn*>(data); });
}

inline constexpr auto kDataProbe =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);

// Calls `fn(GstBuffer*)` for the one buffer, or for each buffer of the list, that a data probe
// sees.
template <class Fn>
void for_each_buffer(GstPadProbeInfo* info, Fn fn) {
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
    fn(GST_PAD_PROBE_INFO_BUFFER(info));
    return;
  }
  GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
  for (guint i = 0; i < gst_buffer_list_length(list); ++i) fn(gst_buffer_list_get(list, i));
}

// Of `pts` in the pad's segment: x264enc starts its segment at 1000 h, so a PTS alone says nothing.
inline GstClockTime running_time(GstPad* pad, GstClockTime pts) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (!event) return GST_CLOCK_TIME_NONE;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const GstClockTime time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts);
  gst_event_unref(event);
  return time;
}

}  // namespace rec::test
