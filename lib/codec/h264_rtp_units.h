// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which packets of an H.264 RTP stream (RFC 6184) make up an access unit, and whether it is whole.
// rtph264depay of GStreamer 1.22 joins what is left of a damaged picture with the next one, and
// nobody behind it can tell: so packets are held until the last one of their unit has come, and a
// depayloader gets whole units only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/codec/h264_rtp.h"

namespace rec::codec {

class H264RtpUnits {  // one per stream, one thread
 public:
  struct Packet {
    std::uint32_t timestamp = 0;
    std::uint16_t sequence = 0;
    bool marker = false;
    bool after_gap = false;  // something between the packet before and this one is missing
    std::span<const std::uint8_t> payload;  // not empty
  };
  // What becomes of the packets that are held.
  enum class Held { kStay, kRelease, kDiscard };
  struct Verdict {
    Held before = Held::kStay;  // of what is held, before this packet
    bool taken = false;         // this packet joins what is held
    bool begins_nal = false;    // it is not a fragment that goes on
    Held after = Held::kStay;   // of all that is held now
    bool given_up = false;      // packets that had come are not used; no gap says so
  };
  // In the order of their sequence numbers, each once.
  Verdict add(const Packet& packet);
  // No packet of this stream follows.
  Held finish();

 private:
  struct Unit {
    std::uint32_t timestamp = 0;
    bool after_gap = false;
    bool damaged = false;  // the rest of it is not wanted
    bool slices = false;
    bool key = false;             // it has parameter sets or an IDR slice
    std::uint8_t first_type = 0;  // nal_unit_type
    std::size_t bytes = 0;
  };
  void settle(const Packet& packet, Verdict& verdict);
  void take(const Packet& packet, Verdict& verdict);
  Held close();

  H264RtpGuard guard_;
  std::optional<Unit> unit_;                     // until a marker bit, or another timestamp
  bool markers_ = false;                         // the sender sets them
  std::optional<std::uint8_t> key_begins_with_;  // nal_unit_type
};

}  // namespace rec::codec
