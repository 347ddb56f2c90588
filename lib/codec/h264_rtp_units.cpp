// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_rtp_units.h"

#include <utility>

#include "lib/codec/h264.h"

namespace rec::codec {
namespace {

// No picture is as large: a sender whose timestamps stand still and that sets no marker bits.
constexpr std::size_t kMaxUnitBytes = 8u << 20;

// RFC 6184, 5.2, table 1.
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;
constexpr std::uint8_t kTypeBits = 0x1f;

// Calls `visit` with the type of each NAL unit that begins in a payload that the guard let through.
template <class Visit>
void for_each_type(std::span<const std::uint8_t> payload, Visit visit) {
  const std::uint8_t type = payload[0] & kTypeBits;
  if (type == kFuA) {
    if (payload[1] & 0x80) visit(static_cast<NalType>(payload[1] & kTypeBits));
  } else if (type == kStapA) {
    auto rest = payload.subspan(1);
    while (rest.size() > 2) {
      visit(nal_type(rest.subspan(2)));
      rest = rest.subspan(2u + static_cast<unsigned>(rest[0] << 8 | rest[1]));
    }
  } else {
    visit(static_cast<NalType>(type));
  }
}

bool is_parameter_set(NalType type) { return type == NalType::kSps || type == NalType::kPps; }

// Slices of all kinds, data partitions B and C (types 3 and 4) too.
bool is_slice(NalType type) { return type >= NalType::kSlice && type <= NalType::kIdrSlice; }

}  // namespace

H264RtpUnits::Verdict H264RtpUnits::add(const Packet& packet) {
  Verdict verdict;
  if (unit_) settle(packet, verdict);
  if (!unit_) unit_ = Unit{.timestamp = packet.timestamp, .after_gap = packet.after_gap};
  if (!unit_->damaged) take(packet, verdict);
  if (unit_->damaged) verdict.after = Held::kDiscard;
  if (packet.marker) {
    markers_ = true;
    verdict.after = close();
  }
  return verdict;
}

// What `packet` means for the unit that is open: its last packet has come, or is missing.
void H264RtpUnits::settle(const Packet& packet, Verdict& verdict) {
  const bool same = unit_->timestamp == packet.timestamp;
  if (packet.after_gap) {
    verdict.before = Held::kDiscard;
    unit_->damaged = true;
    if (!same) unit_.reset();
  } else if (!same) {
    verdict.before = close();
  }
}

void H264RtpUnits::take(const Packet& packet, Verdict& verdict) {
  Unit& unit = *unit_;
  if (!guard_.admit(packet.payload, packet.sequence)) {
    verdict.given_up = unit.damaged = true;
    return;
  }
  const bool first = unit.bytes == 0;
  bool only_sets = true;
  bool fragment = true;  // one that goes on
  bool slices = false;
  for_each_type(packet.payload, [&](NalType type) {
    if (first && fragment) unit.first_type = static_cast<std::uint8_t>(type);
    fragment = false;
    only_sets &= is_parameter_set(type);
    slices |= is_slice(type);
    unit.key |= type == NalType::kSps || type == NalType::kIdrSlice;
  });
  // rtph264pay with config-interval=-1 repeats the sets before each slice of an IDR picture, where
  // none may be (7.4.1.2.3), and rtph264depay would cut the picture there.
  if (unit.slices && !fragment && only_sets) return;
  unit.slices |= slices;
  verdict.begins_nal = !fragment;
  unit.bytes += packet.payload.size();
  if (unit.bytes > kMaxUnitBytes)
    verdict.given_up = unit.damaged = true;
  else
    verdict.taken = true;
}

// Parameter sets that were lost in front of a key picture leave a unit that looks whole. What the
// key pictures of this sender begin with gives it away.
H264RtpUnits::Held H264RtpUnits::close() {
  const Unit unit = *std::exchange(unit_, std::nullopt);
  if (unit.damaged) return Held::kDiscard;
  if (!unit.key) return Held::kRelease;
  if (unit.after_gap && key_begins_with_ && *key_begins_with_ != unit.first_type)
    return Held::kDiscard;
  key_begins_with_ = unit.first_type;
  return Held::kRelease;
}

H264RtpUnits::Held H264RtpUnits::finish() {
  if (!unit_) return Held::kDiscard;
  const Held held = close();
  return markers_ ? Held::kDiscard : held;  // its marker bit is missing
}

}  // namespace rec::codec
