// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The C++ object behind recordbin: which pad feeds which track of recordmux, and which store takes
// what recordmux writes.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "gst/common/timers.h"
#include "gst/record/front.h"
#include "gst/record/gsttrackfront.h"
#include "gst/record/recovery.h"
#include "gst/record/settings.h"

namespace rec::record {

class RecordBin final : public FrontOwner {
 public:
  explicit RecordBin(GstBin* bin);

  GstElement* mux() const { return mux_.get(); }  // nullptr: recordmux is not installed
  void set_storage(const std::string& uri);
  std::string storage();
  void set_shutdown_timeout(guint64 nanos);
  guint64 shutdown_timeout();
  void set_recover(bool recover);
  bool recover();
  StructurePtr stats();

  bool start();     // READY->PAUSED, before chaining up; posts its errors
  void started();   // ... and after
  void stopping();  // PAUSED->READY, before chaining up
  void stop();      // ... and after

  GstPad* request_pad(GstPadTemplate* templ, const gchar* name);
  void release_pad(GstPad* pad);
  bool handle_message(GstMessage* message);  // true: it is dealt with
  bool finish(GstEvent* eos);                // EOS for the whole recording; takes `eos`

  // FrontOwner

  void caps_changed(Front& front, GstCaps* caps) override;
  bool ended(Front& front) override;
  bool admits(Front& front) override;
  void failed(Front& front, const char* reason) override;

 private:
  void replace_store(const char* factory);
  Status configure_store();
  Error plug(Front& front, const ChainPlan& plan);
  void announce(Front& front);
  int mux_setting(const char* name);
  EndPolicy end_policy() { return static_cast<EndPolicy>(mux_setting("end-policy")); }
  Ref<GstPad> ghost_of(const Front& front);
  void expect_reports(Front& front);
  void look_for_negotiated(Front& front);
  void declare_negotiated(GstElement* webrtcbin);
  void unplug(Front& front);
  void leave_track(Front& front);
  void end_orphans();
  void remove_child(GstElement* element);
  Ref<GstPad> request_mux_pad(const Front& front);
  void release_mux_pad(Ref<GstPad> pad);
  std::shared_ptr<BinTrack> track_for(Front& front, Medium medium);
  std::shared_ptr<BinTrack> new_track(Front& front, Medium medium);
  std::shared_ptr<BinTrack> silent_track(Medium medium) const;
  bool is_silent(const BinTrack& track) const;
  bool takes_over(Front& front);
  void post_track(const std::string& track, const char* state, const std::string& reason);

  GstBin* const bin_;  // not owned: the element owns this object
  // A bin drops its children before its pads when it is disposed of: hold on to them.
  Ref<GstElement> mux_;
  Ref<GstElement> store_;
  const std::shared_ptr<Timers> timers_;
  std::shared_ptr<Recovery> recovery_;  // state-change thread; of this run
  std::atomic<guint> pad_numbers_ = 0;  // two threads must not get the same name

  std::mutex settings_lock_;
  std::string storage_ = "records";
  bool storage_set_ = false;
  guint64 shutdown_timeout_ = 5 * GST_SECOND;
  bool recover_ = false;

  // What is linked to what. Held by streaming threads while they build a chain, never while data,
  // events or messages flow.
  std::mutex topology_;
  bool stopping_ = true;
  std::map<GstPad*, Ref<GstRecTrackFront>> fronts_;  // by ghost pad
  std::vector<std::shared_ptr<BinTrack>> tracks_;
  bool looked_for_negotiated_ = false;
};

}  // namespace rec::record
