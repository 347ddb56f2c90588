// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The way from a lane back to the element: messages to its bus, events to its producer. A lane may
// outlive the element (a mount that hangs), so this holds no reference to it.
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "gst/common/handles.h"
#include "gst/dirsink/messages.h"

namespace rec::dirsink {

class Outlet {  // any thread; no lock may be held: bus handlers and producers run in here
 public:
  explicit Outlet(GstElement* element) { g_weak_ref_init(&element_, element); }
  ~Outlet() { g_weak_ref_clear(&element_); }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  void post(GstStructure* structure);  // (transfer full)
  void post_eos(guint32 seqnum);
  void post_error(GstResourceError code, const std::string& text);
  void post_warning(GstResourceError code, const std::string& text);
  bool push_upstream(Ref<GstEvent> event);  // true: somebody has handled it
  // The run is over: what comes later from a lane that hung is said to nobody.
  void close() { closed_ = true; }

 private:
  Ref<GstElement> element();
  void post_trouble(GstMessageType type, GstResourceError code, const std::string& text);

  GWeakRef element_;
  std::atomic<bool> closed_{false};
};

}  // namespace rec::dirsink
