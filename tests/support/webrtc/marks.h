// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A beep and a flash, together, once a second: what a judge of a recording's timing listens and
// looks for. They replace the sound of the test source, which is silent in between, and a strip at
// the top of its picture, which is black in between.
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "gst/common/handles.h"

namespace rec::test {

class Marks {  // shared by the streaming threads of a call's lines
 public:
  static constexpr GstClockTime kFirst = GST_SECOND / 2;  // after the first frame
  static constexpr GstClockTime kPeriod = GST_SECOND;
  static constexpr GstClockTime kLength = GST_SECOND / 10;
  static constexpr int kBeep = 1000;  // Hz

  // The running time of the first frame that may be sent. Frames lie on a grid: counted from the
  // first one, each mark begins exactly with a frame. Later calls do nothing.
  void begin(GstClockTime first_frame);

  // Both change the buffer in place; it must be writable. I420.
  void paint(GstBuffer* picture, GstClockTime time, int width, int height) const;
  // 48 kHz, S16LE, interleaved stereo; `time` is that of the first sample.
  void sound(GstBuffer* samples, GstClockTime time) const;

 private:
  // Time since the mark that `time` lies in began; GST_CLOCK_TIME_NONE: it lies in none.
  GstClockTime into_mark(GstClockTime time) const;
  std::atomic<GstClockTime> first_frame_{GST_CLOCK_TIME_NONE};
};

}  // namespace rec::test
