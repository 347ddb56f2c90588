// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The C++ object behind GstRecTrackFront.
#pragma once

#include <gst/gst.h>
#include <gst/rtp/rtp.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "gst/common/handles.h"
#include "gst/common/timers.h"
#include "gst/record/depay_chain.h"
#include "lib/codec/h264_rtp.h"

namespace rec::record {

class FrontOwner;

// A track of the recording: one pad of recordmux, fed by one front at a time.
struct BinTrack {
  std::string name;  // of the recordbin pad that began it
  Medium medium;
  Ref<GstPad> mux_pad;
  gpointer transceiver = nullptr;      // identity only
  std::string label;                   // pad property "track"
  std::atomic<void*> feeder{nullptr};  // the Front whose data is recorded
  std::atomic<Nanos> last_data{0};     // monotonic
  bool fed = false;                    // ever; under the topology lock
};

struct Front {
  Front(GstElement* self, FrontOwner* bin, std::string pad_name)
      : element(self), owner(bin), name(std::move(pad_name)) {}

  GstFlowReturn chain(GstPad* sink, Ref<GstBuffer> buffer);
  bool sink_event(GstEvent* event);  // true: pass it on

  GstElement* const element;  // not owned
  FrontOwner* const owner;
  const std::string name;  // of the recordbin pad
  GstPad* src = nullptr;   // of the element

  // Set by handle_message() on any thread, taken by the streaming thread.
  std::atomic<bool> broken{false};
  std::atomic<bool> ended{false};
  // Its peer gets sender reports. Set on any thread.
  std::atomic<bool> reports{false};

  // Under the bin's topology lock.
  Ref<GstPad> early_pad;  // of recordmux: it waits for this track until its caps are known
  std::optional<ChainPlan> plan;
  std::optional<DepayChain> depay;
  std::shared_ptr<BinTrack> track;  // read without the lock by the streaming thread, which sets it
  Nanos plugged_at = 0;
  std::optional<Nanos> refused_since;  // its track is being fed by another front

 private:
  bool note_rtp(Ref<GstBuffer>& buffer);
  bool admit_payload(GstRTPBuffer& rtp);
  void count_lost(guint32 ssrc, guint16 sequence);

  // Streaming thread.
  bool rtp_ = false;
  guint32 clock_rate_ = 0;
  std::optional<guint16> last_sequence_;
  guint32 last_ssrc_ = 0;
  guint32 lost_ = 0;     // packets, ever; dropped ones too
  bool resync_ = false;  // the last packet was dropped
  std::optional<codec::H264RtpGuard> h264_guard_;
};

}  // namespace rec::record
