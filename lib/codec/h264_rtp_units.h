// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Access units of H.264 over RTP (RFC 6184).
#pragma once

#include "lib/codec/h264_rtp.h"
#include "lib/codec/rtp_units.h"

namespace rec::codec {

class H264RtpUnits final : public RtpUnits {
 private:
  std::optional<Piece> read(const Packet& packet, bool first) override;

  H264RtpGuard guard_;
  bool slices_ = false;  // the unit has some
};

}  // namespace rec::codec
