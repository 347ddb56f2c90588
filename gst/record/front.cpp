// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/front.h"

#include <gst/rtp/rtp.h>

#include "gst/record/gsttrackfront.h"
#include "gst/record/rtp_meta.h"

namespace rec::record {

// False: this is no RTP packet, and depayloaders would warn about each.
bool Front::note_rtp(Ref<GstBuffer>& buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer.get(), GST_MAP_READ, &rtp)) return false;
  recording::Input::Rtp time{.ssrc = gst_rtp_buffer_get_ssrc(&rtp),
                             .timestamp = gst_rtp_buffer_get_timestamp(&rtp),
                             .clock_rate = clock_rate_};
  const guint16 sequence = gst_rtp_buffer_get_seq(&rtp);
  gst_rtp_buffer_unmap(&rtp);
  if (last_sequence_ && last_ssrc_ == time.ssrc) {
    const auto step = static_cast<gint16>(sequence - *last_sequence_);
    if (step > 1) lost_ += static_cast<guint32>(step - 1);
  }
  last_sequence_ = sequence;
  last_ssrc_ = time.ssrc;
  time.lost = lost_;
  buffer.reset(gst_buffer_make_writable(buffer.release()));
  set_rtp_time(buffer.get(), time);
  return true;
}

GstFlowReturn Front::chain(GstPad*, Ref<GstBuffer> buffer) {
  if (rtp_ && !note_rtp(buffer)) return GST_FLOW_OK;
  if (!owner->admits(*this)) return GST_FLOW_OK;
  const GstFlowReturn flow = gst_pad_push(src, buffer.release());
  if (flow < GST_FLOW_EOS || broken) {
    ++lost_;  // as good as: what follows refers to it
    owner->failed(*this, gst_flow_get_name(flow));
  }
  return GST_FLOW_OK;
}

bool Front::sink_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START: ended = false; return true;
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      const GstStructure* s = gst_caps_get_structure(caps, 0);
      gint rate = 0;
      rtp_ = gst_structure_has_name(s, "application/x-rtp");
      gst_structure_get_int(s, "clock-rate", &rate);
      clock_rate_ = static_cast<guint32>(rate);
      owner->caps_changed(*this, caps);
      return true;
    }
    case GST_EVENT_EOS: ended = true; return owner->ended(*this);
    default: return true;
  }
}

}  // namespace rec::record
