// SPDX-License-Identifier: LGPL-2.1-or-later
//
// RTP packets on their way: what a network does to them, and what a real rtpjitterbuffer, as
// webrtcbin has one for each stream, then hands on. Its clock is driven, so no time passes.
#pragma once

#include <gst/check/gsttestclock.h>
#include <gst/rtp/rtp.h>

#include <functional>
#include <mutex>
#include <vector>

#include "gst/common/handles.h"
#include "lib/base/media.h"
#include "tests/support/encoded_media.h"

// Last: gstcheck.h defines fail() as a macro, which breaks any <ios> that comes after it.
#include <gst/check/gstcheck.h>
#undef fail

namespace rec::test {

struct RtpHeader {
  guint32 ssrc = 0;
  guint32 timestamp = 0;
  guint16 sequence = 0;
  bool marker = false;
};

inline RtpHeader header_of(GstBuffer* packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
  const RtpHeader header{gst_rtp_buffer_get_ssrc(&rtp), gst_rtp_buffer_get_timestamp(&rtp),
                         gst_rtp_buffer_get_seq(&rtp), gst_rtp_buffer_get_marker(&rtp) != FALSE};
  gst_rtp_buffer_unmap(&rtp);
  return header;
}

inline void set_header(GstBuffer* packet, const RtpHeader& header) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp));
  gst_rtp_buffer_set_ssrc(&rtp, header.ssrc);
  gst_rtp_buffer_set_timestamp(&rtp, header.timestamp);
  gst_rtp_buffer_set_seq(&rtp, header.sequence);
  gst_rtp_buffer_set_marker(&rtp, header.marker);
  gst_rtp_buffer_unmap(&rtp);
}

inline Bytes payload_of(GstBuffer* packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
  const auto* payload = static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp));
  Bytes bytes(payload, payload + gst_rtp_buffer_get_payload_len(&rtp));
  gst_rtp_buffer_unmap(&rtp);
  return bytes;
}

struct Packet {
  std::size_t number = 0;    // as sent, from 0 on
  std::size_t unit = 0;      // access unit or audio packet, from 0 on
  GstClockTime arrival = 0;  // since the first packet was sent
  Ref<GstBuffer> buffer;     // its own
};

// What the sender sends, in the order of sending.
inline std::vector<Packet> packets_of(const Encoded& media) {
  std::vector<Packet> packets;
  for (const auto& buffer : media.buffers) {
    Packet packet{packets.size(), 0, GST_BUFFER_PTS(buffer.get()) - GST_BUFFER_PTS(media[0]),
                  adopt(gst_buffer_copy_deep(buffer.get()))};
    if (!packets.empty()) {
      const Packet& last = packets.back();
      const bool same = header_of(last.buffer.get()).timestamp == header_of(buffer.get()).timestamp;
      packet.unit = last.unit + (same ? 0 : 1);
    }
    packets.push_back(std::move(packet));
  }
  return packets;
}

// H.264 access units as MP4 samples have them, each NAL unit after its size (RFC 6184, 5.6
// and 5.8).
inline std::vector<Bytes> mp4_samples(const std::vector<Packet>& packets) {
  std::vector<Bytes> samples;
  std::size_t size_at = 0;
  for (const Packet& packet : packets) {
    samples.resize(packet.unit + 1);
    Bytes& sample = samples.back();
    const Bytes payload = payload_of(packet.buffer.get());
    const bool fragment = (payload[0] & 0x1f) == 28;
    if (!fragment || (payload[1] & 0x80) != 0) {
      size_at = sample.size();
      sample.resize(size_at + 4);
      if (fragment)
        sample.push_back(static_cast<std::uint8_t>((payload[0] & 0xe0) | (payload[1] & 0x1f)));
    }
    sample.insert(sample.end(), payload.begin() + (fragment ? 2 : 0), payload.end());
    GST_WRITE_UINT32_BE(sample.data() + size_at, sample.size() - size_at - 4);
  }
  return samples;
}

inline void change_headers(std::vector<Packet>& packets,
                           const std::function<void(const Packet&, RtpHeader&)>& change) {
  for (Packet& packet : packets) {
    RtpHeader header = header_of(packet.buffer.get());
    change(packet, header);
    set_header(packet.buffer.get(), header);
  }
}

// A buffer or an event, in the order in which the jitter buffer lets them go.
struct Delivery {
  GstClockTime time = 0;  // as its timestamps say
  Ref<GstBuffer> buffer;
  Ref<GstEvent> event;
};

class JitterBuffer {
 public:
  explicit JitterBuffer(GstCaps* caps)
      : clock_(adopt(gst_test_clock_new())),
        element_(adopt_floating(gst_element_factory_make("rtpjitterbuffer", nullptr))),
        src_(adopt_floating(gst_pad_new("src", GST_PAD_SRC))),
        sink_(adopt_floating(gst_pad_new("sink", GST_PAD_SINK))) {
    fail_unless(element_ != nullptr, "no rtpjitterbuffer");
    g_object_set(element_.get(), "latency", 200, "do-lost", TRUE, nullptr);
    gst_pad_set_element_private(sink_.get(), this);
    gst_pad_set_chain_function(sink_.get(),
                               [](GstPad* pad, GstObject*, GstBuffer* b) -> GstFlowReturn {
                                 self(pad).take({0, adopt(b), nullptr});
                                 return GST_FLOW_OK;
                               });
    gst_pad_set_event_function(sink_.get(), [](GstPad* pad, GstObject*, GstEvent* e) -> gboolean {
      self(pad).take({0, nullptr, adopt(e)});
      return TRUE;
    });
    const auto in = adopt(gst_element_get_static_pad(element_.get(), "sink"));
    const auto out = adopt(gst_element_get_static_pad(element_.get(), "src"));
    fail_unless_equals_int(gst_pad_link(src_.get(), in.get()), GST_PAD_LINK_OK);
    fail_unless_equals_int(gst_pad_link(out.get(), sink_.get()), GST_PAD_LINK_OK);
    gst_pad_set_active(sink_.get(), TRUE);
    gst_pad_set_active(src_.get(), TRUE);
    gst_element_set_clock(element_.get(), clock_.get());
    gst_element_set_base_time(element_.get(), 0);
    gst_element_set_state(element_.get(), GST_STATE_PLAYING);
    gst_pad_push_event(src_.get(), gst_event_new_stream_start("rtp"));
    gst_pad_push_event(src_.get(), gst_event_new_caps(caps));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(src_.get(), gst_event_new_segment(&segment));
  }
  ~JitterBuffer() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_pad_set_active(sink_.get(), FALSE);
    gst_pad_set_active(src_.get(), FALSE);
  }
  JitterBuffer(const JitterBuffer&) = delete;
  JitterBuffer& operator=(const JitterBuffer&) = delete;

  // Packets in the order of their arrival; what comes out of them up to the end of the stream.
  std::vector<Delivery> run(const std::vector<Packet>& packets) {
    for (const Packet& packet : packets) {
      advance_to(packet.arrival);
      GstBuffer* copy = gst_buffer_copy(packet.buffer.get());
      GST_BUFFER_PTS(copy) = GST_BUFFER_DTS(copy) = packet.arrival;
      fail_unless_equals_int(gst_pad_push(src_.get(), copy), GST_FLOW_OK);
    }
    gst_pad_push_event(src_.get(), gst_event_new_eos());
    const gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    while (!ended()) {
      fail_unless(g_get_monotonic_time() < deadline, "the jitter buffer does not end");
      if (GST_CLOCK_TIME_IS_VALID(gst_test_clock_get_next_entry_time(clock())))
        gst_test_clock_crank(clock());
      else
        g_thread_yield();
    }
    std::lock_guard l(lock_);
    return std::move(deliveries_);
  }

 private:
  static JitterBuffer& self(GstPad* pad) {
    return *static_cast<JitterBuffer*>(gst_pad_get_element_private(pad));
  }
  GstTestClock* clock() { return GST_TEST_CLOCK(clock_.get()); }
  void advance_to(GstClockTime time) {
    for (;;) {
      const GstClockTime next = gst_test_clock_get_next_entry_time(clock());
      if (!GST_CLOCK_TIME_IS_VALID(next) || next > time) break;
      gst_test_clock_crank(clock());
    }
    if (gst_clock_get_time(clock_.get()) < time) gst_test_clock_set_time(clock(), time);
  }
  void take(Delivery delivery) {
    std::lock_guard l(lock_);
    if (delivery.event) {
      switch (GST_EVENT_TYPE(delivery.event.get())) {
        case GST_EVENT_EOS: ended_ = true; return;
        case GST_EVENT_CUSTOM_DOWNSTREAM: break;  // a packet is lost
        default: return;
      }
    } else {
      time_ = std::max(time_, GST_BUFFER_PTS(delivery.buffer.get()));
    }
    delivery.time = time_;
    deliveries_.push_back(std::move(delivery));
  }
  bool ended() {
    std::lock_guard l(lock_);
    return ended_;
  }

  const Ref<GstClock> clock_;
  const Ref<GstElement> element_;
  const Ref<GstPad> src_;
  const Ref<GstPad> sink_;
  std::mutex lock_;
  std::vector<Delivery> deliveries_;
  GstClockTime time_ = 0;
  bool ended_ = false;
};

}  // namespace rec::test
