// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which RTP payloads of H.264 (RFC 6184) may go to a depayloader. rtph264depay of GStreamer 1.22
// crashes on payloads that no sender makes: a fragment of one byte, a fragmentation unit that goes
// on after a jump of sequence numbers and is followed by something else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace rec::codec {

class H264RtpGuard {  // one per stream, one thread
 public:
  // False: drop it. What follows then does not belong to what was before.
  bool admit(std::span<const std::uint8_t> payload, std::uint16_t sequence);

 private:
  struct Fragment {
    std::uint8_t type;       // of the NAL unit that is being sent in pieces
    std::uint16_t sequence;  // of its last piece
  };
  bool admit_fragment(std::span<const std::uint8_t> payload, std::uint16_t sequence);
  std::optional<Fragment> open_;
};

}  // namespace rec::codec
