// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recovery of what killed recorders have left in a directory, on a thread of a pool, told on the
// bus of an element. However many elements ask for one directory, it is searched once at a time,
// and files that are being written are left alone.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <string>

namespace rec::record {

class Recovery {
 public:
  // Returns at once; messages of `element` tell the rest. `keep_fragments`: torn tails are cut, but
  // no file gets an index.
  static std::shared_ptr<Recovery> begin(GstElement* element, const std::string& root,
                                         bool keep_fragments);

  explicit Recovery(GstElement* element);
  ~Recovery();
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  // No message comes any more but one that is on its way, and if nobody else wants to hear of it,
  // the search ends after the file that is in hand. Does not wait.
  void cancel() { cancelled_ = true; }

  // Pool thread.
  bool cancelled() const { return cancelled_; }
  void post(GstStructure* message);  // takes it

 private:
  GWeakRef element_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace rec::record
