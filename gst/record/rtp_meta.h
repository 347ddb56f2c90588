// SPDX-License-Identifier: LGPL-2.1-or-later
//
// RTP time and loss on a buffer. They are attached before the depayloader and come out behind it
// and behind parsers, so that timing never depends on the jittered PTS of a receiver.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "lib/recording/sample.h"

namespace rec::record {

inline constexpr char kRtpMeta[] = "GstRecordRtpMeta";

void register_rtp_meta();
struct RtpNote {
  recording::Input::Rtp rtp;
  std::optional<recording::Nanos> ntp;  // since 1970
};
void set_rtp_note(GstBuffer* buffer, const RtpNote& note);
// Of the packet that came last, if `buffer` was made of several.
std::optional<RtpNote> rtp_note(GstBuffer* buffer);

// Wall clock of the sender since 1970, by its reports: what rtpjitterbuffer notes on a packet.
std::optional<recording::Nanos> ntp_time(GstBuffer* buffer);

}  // namespace rec::record
