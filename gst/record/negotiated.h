// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a webrtcbin has negotiated to receive: its pads appear with their first packet only, so a
// track that starts muted is known from here alone.
#pragma once

#include <gst/gst.h>

#include <vector>

#include "gst/common/handles.h"

namespace rec::record {

struct NegotiatedTrack {
  gpointer transceiver;  // identity only
  Ref<GstCaps> caps;     // of the encoded media
};

// The tracks of Opus and G.711 that `webrtcbin` may receive. It takes webrtcbin's own lock: never
// call it from a streaming thread. Empty for any other element.
std::vector<NegotiatedTrack> negotiated_audio(GstElement* webrtcbin);

}  // namespace rec::record
