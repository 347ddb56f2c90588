// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace rec::record {

// Whether what `source` sends carries the wall clock of its sender once that has reported it
// (GstReferenceTimestampMeta "timestamp/x-ntp"): an rtpbin that was told to, or a webrtcbin, which
// is told here. Takes locks of rtpbin, which holds them while it waits for streaming threads: never
// call it from one, nor with a lock that one needs.
bool pass_on_reports(GstElement* source);

}  // namespace rec::record
