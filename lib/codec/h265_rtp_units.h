// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Access units of H.265 over RTP (RFC 7798), without decoding order numbers (DONL).
#pragma once

#include "lib/codec/rtp_units.h"

namespace rec::codec {

class H265RtpUnits final : public RtpUnits {
 private:
  struct Fragment {
    std::uint8_t type;       // of the NAL unit that is being sent in pieces
    std::uint16_t sequence;  // of its last piece
  };
  struct Reading : Piece {
    bool only_sets = true;
  };
  std::optional<Piece> read(const Packet& packet, bool first) override;
  bool read_fragment(const Packet& packet, Reading& piece);
  bool read_aggregate(std::span<const std::uint8_t> payload, Reading& piece);
  bool begin_nal(std::uint8_t type, bool first_slice, Reading& piece);

  std::optional<Fragment> open_;
  bool slices_ = false;  // the unit has some
};

}  // namespace rec::codec
