// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which packets of an RTP stream make up a picture, and whether it is whole. Depayloaders of
// GStreamer 1.22 join what is left of a damaged picture with the next one, or hand it on as it is,
// and nobody behind them can tell: so packets are held until the last one of their unit has come,
// and a depayloader gets whole units only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace rec::codec {

class RtpUnits {  // one per stream, one thread
 public:
  virtual ~RtpUnits() = default;
  // nullptr: packets of this encoding-name stand for themselves.
  static std::unique_ptr<RtpUnits> create(std::string_view encoding_name);

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

 protected:
  struct Piece {
    bool wanted = true;      // a depayloader should see it
    bool begins_nal = true;  // it is not a fragment that goes on
    bool key = false;        // it has parameter sets or slices of a key picture
    std::uint8_t type = 0;   // nal_unit_type of the first NAL unit
  };
  // What a packet adds to its unit; nullopt: with it, or before it, the unit is broken. `first`: it
  // is the first of its unit that came.
  virtual std::optional<Piece> read(const Packet& packet, bool first) = 0;

 private:
  struct Unit {
    std::uint32_t timestamp = 0;
    bool after_gap = false;
    bool damaged = false;  // the rest of it is not wanted
    bool key = false;
    std::uint8_t first_type = 0;  // nal_unit_type
    std::size_t bytes = 0;
  };
  void settle(const Packet& packet, Verdict& verdict);
  void take(const Packet& packet, Verdict& verdict);
  Held close();

  std::optional<Unit> unit_;                     // until a marker bit, or another timestamp
  bool markers_ = false;                         // the sender sets them
  std::optional<std::uint8_t> key_begins_with_;  // nal_unit_type
};

}  // namespace rec::codec
