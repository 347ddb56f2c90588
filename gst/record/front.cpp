// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/front.h"

#include "gst/record/gsttrackfront.h"
#include "gst/record/rtp_meta.h"

namespace rec::record {
namespace {

// A sequence number further back than this is a sender that began anew.
constexpr int kReordered = 100;

}  // namespace

bool Front::admit_payload(GstRTPBuffer& rtp) {
  const guint size = gst_rtp_buffer_get_payload_len(&rtp);
  if (size == 0) return false;  // padding only, as bandwidth probes are
  if (!h264_guard_) return true;
  const auto* bytes = static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp));
  if (h264_guard_->admit({bytes, size}, gst_rtp_buffer_get_seq(&rtp))) return true;
  ++lost_;
  resync_ = true;
  return false;
}

void Front::count_lost(guint32 ssrc, guint16 sequence) {
  const bool same = last_sequence_ && last_ssrc_ == ssrc;
  const int step = same ? static_cast<gint16>(sequence - *last_sequence_) : 1;
  if (step <= 0 && step > -kReordered) return;  // late or twice
  if (step > 1) lost_ += static_cast<guint32>(step - 1);
  last_sequence_ = sequence;
  last_ssrc_ = ssrc;
}

// False: this is no RTP packet, or none that a depayloader should see.
bool Front::note_rtp(Ref<GstBuffer>& buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(buffer.get(), GST_MAP_READ, &rtp)) return false;
  recording::Input::Rtp time{.ssrc = gst_rtp_buffer_get_ssrc(&rtp),
                             .timestamp = gst_rtp_buffer_get_timestamp(&rtp),
                             .clock_rate = clock_rate_};
  const guint16 sequence = gst_rtp_buffer_get_seq(&rtp);
  const bool admitted = admit_payload(rtp);
  gst_rtp_buffer_unmap(&rtp);
  count_lost(time.ssrc, sequence);
  if (!admitted) return false;
  time.lost = lost_;
  buffer.reset(gst_buffer_make_writable(buffer.release()));
  // What the depayloader has of an access unit does not go on here.
  if (std::exchange(resync_, false)) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  set_rtp_time(buffer.get(), time);
  return true;
}

GstFlowReturn Front::chain(GstPad*, Ref<GstBuffer> buffer) {
  if (rtp_ && !note_rtp(buffer)) return GST_FLOW_OK;
  if (!owner->admits(*this)) return GST_FLOW_OK;
  const GstFlowReturn flow = gst_pad_push(src, buffer.release());
  if (flow <= GST_FLOW_EOS || broken) {
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
      h264_guard_.reset();
      if (rtp_ && g_strcmp0(gst_structure_get_string(s, "encoding-name"), "H264") == 0)
        h264_guard_.emplace();
      owner->caps_changed(*this, caps);
      return true;
    }
    case GST_EVENT_EOS: ended = true; return owner->ended(*this);
    default: return true;
  }
}

}  // namespace rec::record
