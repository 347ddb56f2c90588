// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/front.h"

#include <utility>

#include "gst/record/gsttrackfront.h"

namespace rec::record {
namespace {

using Held = codec::RtpUnits::Held;
using Place = codec::RtpOrder::Place;
using Verdict = codec::RtpUnits::Verdict;

class ReadRtp {
 public:
  explicit ReadRtp(GstBuffer* buffer) : mapped_(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp_)) {}
  ~ReadRtp() {
    if (mapped_) gst_rtp_buffer_unmap(&rtp_);
  }
  ReadRtp(const ReadRtp&) = delete;
  ReadRtp& operator=(const ReadRtp&) = delete;
  explicit operator bool() const { return mapped_; }
  guint32 ssrc() { return gst_rtp_buffer_get_ssrc(&rtp_); }
  guint32 timestamp() { return gst_rtp_buffer_get_timestamp(&rtp_); }
  guint16 sequence() { return gst_rtp_buffer_get_seq(&rtp_); }
  bool marker() { return gst_rtp_buffer_get_marker(&rtp_); }
  std::span<const guint8> payload() {
    return {static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp_)),
            gst_rtp_buffer_get_payload_len(&rtp_)};
  }

 private:
  GstRTPBuffer rtp_ = GST_RTP_BUFFER_INIT;
  const bool mapped_;
};

// The last packet of a unit says so: depayloaders then keep nothing back.
void set_marker(Ref<GstBuffer>& packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  packet.reset(gst_buffer_make_writable(packet.release()));
  if (!gst_rtp_buffer_map(packet.get(), GST_MAP_READWRITE, &rtp)) return;
  gst_rtp_buffer_set_marker(&rtp, TRUE);
  gst_rtp_buffer_unmap(&rtp);
}

}  // namespace

GstFlowReturn Front::chain(GstPad*, Ref<GstBuffer> buffer) {
  if (rtp_)
    take_packet(std::move(buffer));
  else if (owner->admits(*this))
    push(std::move(buffer));
  return GST_FLOW_OK;
}

void Front::push(Ref<GstBuffer> buffer) {
  const GstFlowReturn flow = gst_pad_push(src, buffer.release());
  if (flow > GST_FLOW_EOS && !broken) return;
  order_.lose();  // as good as: what follows refers to it
  owner->failed(*this, gst_flow_get_name(flow));
}

// What becomes of a packet; nullopt: it is none that a depayloader should see.
std::optional<Verdict> Front::judge(GstBuffer* buffer, RtpNote& note) {
  ReadRtp rtp(buffer);
  if (!rtp) return std::nullopt;
  const Place place = order_.add(rtp.ssrc(), rtp.sequence());
  if (place == Place::kOld) return std::nullopt;
  if (place == Place::kAnew) forget_unit();
  after_gap_ |= place == Place::kAfterGap;
  if (rtp.payload().empty()) return std::nullopt;  // padding only, as bandwidth probes are
  if (!owner->admits(*this)) {
    order_.lose();
    forget_unit();
    return std::nullopt;
  }
  note.rtp = {.ssrc = rtp.ssrc(), .timestamp = rtp.timestamp(), .clock_rate = clock_rate_};
  const bool after_gap = std::exchange(after_gap_, false);
  if (!units_) return Verdict{.taken = true, .begins_nal = true, .after = Held::kRelease};
  return units_->add({.timestamp = rtp.timestamp(),
                      .sequence = rtp.sequence(),
                      .marker = rtp.marker(),
                      .after_gap = after_gap,
                      .payload = rtp.payload()});
}

void Front::take_packet(Ref<GstBuffer> buffer) {
  RtpNote note;
  const auto verdict = judge(buffer.get(), note);
  if (!verdict) return;
  if (verdict->before == Held::kRelease) set_marker(held_.back());
  settle(verdict->before);
  if (verdict->given_up) order_.lose();
  if (verdict->taken) {
    buffer.reset(gst_buffer_make_writable(buffer.release()));
    note.rtp.lost = order_.lost();
    note.rtp.reports = reports;
    note.ntp = ntp_time(buffer.get());
    if (verdict->begins_nal) set_rtp_note(buffer.get(), note);
    held_.push_back(std::move(buffer));
  }
  settle(verdict->after);
}

void Front::settle(Held held) {
  if (held == Held::kRelease)
    for (auto& packet : held_) push(std::move(packet));
  if (held != Held::kStay) held_.clear();
}

// What is held does not go on behind the event that comes.
void Front::finish_unit() {
  if (!units_ || held_.empty()) return;
  const Held held = units_->finish();
  if (held == Held::kDiscard) order_.lose();
  set_marker(held_.back());
  settle(held);
}

void Front::forget_unit() {
  held_.clear();
  units_ = codec::RtpUnits::create(encoding_);
}

void Front::set_caps(GstCaps* caps) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  gint rate = 0;
  rtp_ = gst_structure_has_name(s, "application/x-rtp");
  gst_structure_get_int(s, "clock-rate", &rate);
  clock_rate_ = static_cast<guint32>(rate);
  const char* encoding = rtp_ ? gst_structure_get_string(s, "encoding-name") : nullptr;
  encoding_ = encoding ? encoding : "";
  units_ = codec::RtpUnits::create(encoding_);
}

bool Front::sink_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      ended = false;
      forget_unit();
      return true;
    case GST_EVENT_FLUSH_STOP: forget_unit(); return true;
    case GST_EVENT_SEGMENT: finish_unit(); return true;
    case GST_EVENT_CAPS: {
      finish_unit();
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      set_caps(caps);
      owner->caps_changed(*this, caps);
      return true;
    }
    case GST_EVENT_EOS:
      finish_unit();
      ended = true;
      return owner->ended(*this);
    default: return true;
  }
}

}  // namespace rec::record
