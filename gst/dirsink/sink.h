// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is behind the GObject: settings, and the run that is under way.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <mutex>

#include "gst/common/handles.h"
#include "gst/dirsink/run.h"
#include "gst/dirsink/settings.h"

namespace rec::dirsink {

class Sink {
 public:
  explicit Sink(GstElement* element);

  static void install(GObjectClass* klass);
  void set(guint id, const GValue* value);
  void get(guint id, GValue* value);

  GstStateChangeReturn change_state(GstStateChange transition);
  GstFlowReturn chain(Ref<GstBuffer> buffer);
  bool event(Ref<GstEvent> event);
  bool query(GstPad* pad, GstQuery* query);

 private:
  bool start();
  void stop();
  std::shared_ptr<Run> run();
  GstStructure* stats();

  GstElement* const element_;  // not owned: the element owns this object
  std::mutex lock_;            // guards what follows; nothing is called with it held
  Settings settings_;
  std::shared_ptr<Run> run_;      // between READY->PAUSED and PAUSED->READY
  std::shared_ptr<Stats> stats_;  // of the run, or of the last one
};

}  // namespace rec::dirsink
