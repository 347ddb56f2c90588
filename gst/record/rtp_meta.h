// SPDX-License-Identifier: LGPL-2.1-or-later
//
// RTP time on a buffer. It is attached before the depayloader and comes out behind it and behind
// parsers, so that timing never depends on the jittered PTS of a receiver.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "lib/recording/sample.h"

namespace rec::record {

inline constexpr char kRtpMeta[] = "GstRecordRtpMeta";

void register_rtp_meta();
void set_rtp_time(GstBuffer* buffer, const recording::Input::Rtp& rtp);
std::optional<recording::Input::Rtp> rtp_time(GstBuffer* buffer);

}  // namespace rec::record
