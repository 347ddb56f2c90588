// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recordings in this process, and the thread that gives them their media.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <array>
#include <string>
#include <vector>

#include "bench/media.h"
#include "gst/common/handles.h"

namespace rec::bench {

// A pipeline with an appsrc for each track, `video` and `audio`. An error of it ends the process.
class Recording {
 public:
  // Prints what is wrong with the description; then it is not good().
  Recording(const std::string& description, const Media& media);
  ~Recording();
  Recording(Recording&&) = default;
  Recording(const Recording&) = delete;

  bool good() const { return pipeline_ != nullptr; }
  void push(const Packet& packet, GstClockTime turn_start);
  // Waits until the sink's queue, if it has one, is short: a store that takes all that it is given
  // would drop what the disk cannot take. No source of a call is faster than the disk for long.
  void wait_for_room();
  void finish();  // EOS, and waits for it

 private:
  Ref<GstElement> pipeline_;
  std::array<Ref<GstElement>, kTracks> sources_;
  Ref<GstElement> store_;  // the element `store`, if there is one: it has `stats`
};

// As fast as the recording takes it.
void feed_at_full_speed(Recording& recording, const Media& media, GstClockTime duration);

// Pushes what is due, every 10 ms, from the time it was made. Recordings begin one after the other
// within a second, as calls do, so that their fragments do not end at the same time.
class LiveFeed {
 public:
  LiveFeed(std::vector<Recording>& recordings, const Media& media);
  void run_until(GstClockTime end);  // since it was made

 private:
  struct Place {
    GstClockTime begins = 0;
    std::size_t packet = 0;
    GstClockTime turn_start = 0;
  };
  void push_due(Recording& recording, Place& place, GstClockTime now);

  std::vector<Recording>& recordings_;
  const Media& media_;
  std::vector<Place> places_;
  const gint64 started_ = g_get_monotonic_time();  // us
};

}  // namespace rec::bench
