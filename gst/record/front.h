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
#include <vector>

#include "gst/common/handles.h"
#include "gst/common/timers.h"
#include "gst/record/depay_chain.h"
#include "gst/record/rtp_meta.h"
#include "lib/codec/rtp_order.h"
#include "lib/codec/rtp_units.h"

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
  void set_caps(GstCaps* caps);
  void take_packet(Ref<GstBuffer> buffer);
  std::optional<codec::RtpUnits::Verdict> judge(GstBuffer* buffer, RtpNote& note);
  void settle(codec::RtpUnits::Held held);
  void finish_unit();
  void forget_unit();
  void push(Ref<GstBuffer> buffer);

  // Streaming thread.
  bool rtp_ = false;
  guint32 clock_rate_ = 0;
  codec::RtpOrder order_;
  bool after_gap_ = false;                  // something is missing before the next packet
  std::string encoding_;                    // RTP caps: encoding-name
  std::unique_ptr<codec::RtpUnits> units_;  // video
  std::vector<Ref<GstBuffer>> held_;        // packets of a unit that is not complete
};

}  // namespace rec::record
