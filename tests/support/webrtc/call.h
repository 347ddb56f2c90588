// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A real WebRTC call inside one process, for tests: two pipelines with a webrtcbin each, ICE, DTLS
// and SRTP over the loopback interface. The sending one logs every frame; what the receiving one
// does with its pads is the test's business.
//
//   Call call({.media = {.seconds = 5}});
//   call.on_pad([&](GstPad* pad) { link(pad, recorder); });   // recorder is in call.callee()
//   ASSERT_TRUE(call.start());
//   ASSERT_TRUE(call.wait());               // every packet has left the callee's webrtcbin
//   ASSERT_TRUE(call.finish(recorder));     // EOS to it alone, until it answers with EOS
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "lib/base/result.h"
#include "tests/support/webrtc/relay.h"
#include "tests/support/webrtc/send_log.h"
#include "tests/support/webrtc/sender.h"

namespace rec::test {

struct CallOptions {
  MediaOptions media;
  NetworkOptions network;
  bool plain_rtp = false;  // no ICE, DTLS, RTCP: payloader ! rtpjitterbuffer, one pipeline
  std::string log_path;    // JSON lines (send_log.h); empty: none
  bool keep_log = true;    // in memory, for log()
};

class Call {
 public:
  using Patience = std::chrono::milliseconds;

  explicit Call(CallOptions options);
  ~Call();  // closes
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Both before start(). `fn` runs in streaming threads, for each src pad of the callee when its
  // first packet arrives; the receiver of messages in any thread, for ELEMENT messages.
  void on_pad(std::function<void(GstPad*)> fn) { on_pad_ = std::move(fn); }
  void on_message(std::function<void(GstMessage*)> fn) { on_message_ = std::move(fn); }

  Status start(Patience patience = std::chrono::seconds(10));  // until connected; media flows then
  // Until all media is sent and every packet of it has left the callee; false: some never did, and
  // the network did not lose them.
  bool wait();
  void request_stop();  // any thread: no more media, wait() returns soon
  // Sends EOS to `recorder` (in the callee's pipeline) and waits for its EOS message.
  bool finish(GstElement* recorder, Patience patience = std::chrono::seconds(10));
  void close_callee();  // PLAYING -> NULL without EOS, while the caller goes on sending
  void close();

  // Bins of the call; the pipelines share clock and base time, so running times compare.
  GstElement* callee() const { return callee_.get(); }
  GstElement* caller() const { return caller_.get(); }
  GstElement* callee_peer() const { return callee_peer_; }  // webrtcbin; nullptr: plain RTP

  const SendLog& log() const { return log_; }
  GstClockTime media_start() const { return media_start_; }  // running time of the first frame
  std::uint64_t sent_packets(Line line) const { return sender_.packets(line); }
  std::uint64_t received_packets(Line line) const;
  const Relay* relay() const { return relay_.get(); }  // nullptr: the network is perfect
  std::map<Line, GstClockTime> pads() const;           // running time at which each appeared
  std::string connection_state() const;                // of the callee: "connected"; "plain"
  std::vector<std::string> errors() const;             // of both buses

 private:
  void use_common_time();
  Status connect_peers();
  Status connect_plainly();
  Status negotiate();
  void add_caller_line(const Sender::Branch& branch);
  void add_callee_pad(GstPad* pad);
  GstBusSyncReply on_bus(GstMessage* message);
  GstClockTime now() const;  // running time
  void pass_candidate(GstElement* from, guint mline, const gchar* candidate);
  bool all_received() const;  // lock_ held
  bool none_missing() const;  // lock_ held; but for what the network lost

  const CallOptions options_;
  SendLog log_;
  Sender sender_;
  std::unique_ptr<Relay> relay_;
  std::function<void(GstPad*)> on_pad_;
  std::function<void(GstMessage*)> on_message_;
  Ref<GstElement> callee_;
  Ref<GstElement> caller_;             // the same one for plain RTP
  GstElement* callee_peer_ = nullptr;  // owned by callee_
  GstElement* caller_peer_ = nullptr;  // owned by caller_
  GstClockTime base_time_ = 0;
  GstClockTime media_start_ = GST_CLOCK_TIME_NONE;

  mutable std::mutex lock_;  // never held while calling out
  std::condition_variable changed_;
  bool connected_ = false;
  std::map<Line, std::uint64_t> received_;
  std::map<Line, GstClockTime> pads_;
  std::vector<std::string> errors_;
  std::set<GstObject*> at_eos_;  // who posted EOS on the callee's side; compared, never used
};

}  // namespace rec::test
