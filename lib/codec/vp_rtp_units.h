// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames of VP8 (RFC 7741) and VP9 (RFC 9628) over RTP.
#pragma once

#include "lib/codec/rtp_units.h"

namespace rec::codec {

class Vp8RtpUnits final : public RtpUnits {
 private:
  std::optional<Piece> read(const Packet& packet, bool first) override;
};

class Vp9RtpUnits final : public RtpUnits {
 private:
  std::optional<Piece> read(const Packet& packet, bool first) override;
};

}  // namespace rec::codec
