// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The first element behind a sink pad of recordbin; private to it. It notes RTP time and loss on
// every packet, drops what is not RTP, and turns whatever goes wrong behind it into GST_FLOW_OK.
#pragma once

#include <gst/gst.h>

#include <memory>

namespace rec::record {
class FrontOwner;
struct Front;
}  // namespace rec::record

G_BEGIN_DECLS
#define GST_TYPE_REC_TRACK_FRONT (gst_rec_track_front_get_type())
G_DECLARE_FINAL_TYPE(GstRecTrackFront, gst_rec_track_front, GST, REC_TRACK_FRONT, GstElement)
G_END_DECLS

namespace rec::record {

// What the front reports to; it outlives the front. All calls come from the front's streaming
// thread, and no lock is held.
class FrontOwner {
 public:
  virtual ~FrontOwner() = default;

  virtual void caps_changed(Front& front, GstCaps* caps) = 0;
  virtual bool ended(Front& front) = 0;   // true: the end is the track's
  virtual bool admits(Front& front) = 0;  // false: another pad feeds the track
  virtual void failed(Front& front, const char* reason) = 0;
};

GstRecTrackFront* track_front_new(FrontOwner* owner, const char* name);
Front& front_of(GstRecTrackFront* element);

}  // namespace rec::record
