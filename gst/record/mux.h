// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The C++ object behind recordmux: pads, state, and the queue between the recorder, which decides
// under a lock, and downstream, which is pushed to without one.
//
// Threads: any number of streaming threads (one a sink pad), the application's, the store's (events
// from downstream) and pool threads (alarms). All of them may fill the out-queue; whoever gets the
// drain token empties it. Nobody waits for the token but stop().
#pragma once

#include <gst/gst.h>

#include <atomic>

#include <map>
#include <memory>
#include <mutex>
#include <variant>

#include "gst/common/drain_queue.h"
#include "gst/common/handles.h"
#include "gst/common/timers.h"
#include "gst/record/mux_pad.h"
#include "gst/record/settings.h"
#include "lib/recording/recorder.h"

namespace rec::record {

class Mux {
 public:
  explicit Mux(GstElement* element) : element_(element) {}

  void set(guint id, const GValue* value);
  void get(guint id, GValue* value);
  StructurePtr stats();

  // The element's own.
  bool start();  // READY->PAUSED, before chaining up; posts its errors
  void run();    // READY->PAUSED, after chaining up
  void set_playing(bool playing);
  void stop();  // PAUSED->READY, after chaining up
  // EOS for all tracks, now. `for_store`: it is stopping, and takes what comes before it returns.
  bool finish(guint32 seqnum, bool for_store);
  void set_paused(bool paused);  // signals "pause" and "resume"
  void split();                  // signal "split-now"
  void alarm();

  guint next_pad_number() { return pad_numbers_++; }
  void add_pad(GstPad* pad, std::shared_ptr<MuxPad> state);
  void remove_pad(GstPad* pad);

  GstFlowReturn chain(MuxPad& pad, Ref<GstBuffer> buffer);
  void sink_event(MuxPad& pad, GstEvent* event);
  bool src_event(GstEvent* event);  // true: it was ours

 private:
  struct KeyFrameRequest {
    Ref<GstPad> pad;
    std::string track;
    const char* reason;
  };
  using Item = std::variant<Ref<GstBuffer>, Ref<GstEvent>, Ref<GstMessage>, KeyFrameRequest>;

  void tell(void (recording::Recorder::*what)(Nanos));
  void set_caps(MuxPad& pad, const GstCaps* caps);
  void set_stream(MuxPad& pad, GstEvent* stream_start);
  void set_tags(MuxPad& pad, const GstTagList* list);
  void tell_tags(MuxPad& pad);
  MovieTags movie_tags() const;
  void set_eos(MuxPad& pad, guint32 seqnum);
  void end_track(MuxPad& pad);
  void finish_by_policy();
  void finish_if_all_ended();
  bool take_config(MuxPad& pad);
  void declare(MuxPad& pad);
  void want_key_frame(MuxPad& pad, const char* reason);
  GstFlowReturn before_config(MuxPad& pad, std::unique_lock<std::mutex>& l);
  void anchor_utc(const recording::Input& input);
  void collect();
  void set_stalled(int track, bool stalled);
  void count_gap(const recording::GapMade& gap);
  void queue(recording::ObjectUnit unit);
  void queue(recording::Output output);
  std::string track_name(int track) const;
  void drain();
  void perform(Item& item);
  void push_first_events();
  void request_key_frame(const KeyFrameRequest& request);
  void post_track(const MuxPad& pad, const char* state, const std::string& reason = {});

  GstElement* const element_;           // not owned: the element owns this object
  std::atomic<guint> pad_numbers_ = 0;  // two threads must not get the same name

  // Lock order: STREAM_LOCK of a pad, then lock_. Never push, post or query while holding lock_.
  std::mutex lock_;

  Settings settings_;
  std::map<GstPad*, std::shared_ptr<MuxPad>> pads_;
  MovieTags own_tags_;                             // of the application
  MovieTags global_tags_;                          // of events
  MovieTags stream_tags_;                          // of events
  std::unique_ptr<recording::Recorder> recorder_;  // between start() and stop()
  std::shared_ptr<Timers> timers_;
  std::unique_ptr<Alarm> alarm_;   // armed only after run()
  std::map<int, MuxPad*> tracks_;  // recorder's number
  DrainQueue<Item> out_{lock_};
  Nanos begun_at_ = 0;  // monotonic

  bool playing_ = false;
  bool store_congested_ = false;
  bool congested_ = false;             // as the recorder was told
  bool recorded_track_ended_ = false;  // in this run
  guint32 eos_seqnum_ = GST_SEQNUM_INVALID;
  std::uint64_t objects_ = 0;  // begun in this run
  std::uint64_t bytes_ = 0;    // handed on in this run

  // Holder of the token.
  bool first_events_pushed_ = false;
  guint key_frame_requests_ = 0;
};

}  // namespace rec::record
