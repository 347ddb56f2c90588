// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/rtp_units.h"

#include <utility>

#include "lib/codec/h264_rtp_units.h"
#include "lib/codec/h265_rtp_units.h"
#include "lib/codec/vp_rtp_units.h"

namespace rec::codec {
namespace {

// No picture is as large: a sender whose timestamps stand still and that sets no marker bits.
constexpr std::size_t kMaxUnitBytes = 8u << 20;

}  // namespace

std::unique_ptr<RtpUnits> RtpUnits::create(std::string_view encoding_name) {
  if (encoding_name == "H264") return std::make_unique<H264RtpUnits>();
  if (encoding_name == "H265") return std::make_unique<H265RtpUnits>();
  if (encoding_name == "VP8") return std::make_unique<Vp8RtpUnits>();
  if (encoding_name == "VP9") return std::make_unique<Vp9RtpUnits>();
  return nullptr;
}

RtpUnits::Verdict RtpUnits::add(const Packet& packet) {
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
void RtpUnits::settle(const Packet& packet, Verdict& verdict) {
  const bool same = unit_->timestamp == packet.timestamp;
  if (packet.after_gap) {
    verdict.before = Held::kDiscard;
    unit_->damaged = true;
    if (!same) unit_.reset();
  } else if (!same) {
    verdict.before = close();
  }
}

void RtpUnits::take(const Packet& packet, Verdict& verdict) {
  Unit& unit = *unit_;
  const bool first = unit.bytes == 0;
  const auto piece = read(packet, first);
  if (!piece) {
    verdict.given_up = unit.damaged = true;
    return;
  }
  if (first) unit.first_type = piece->type;
  unit.key |= piece->key;
  if (!piece->wanted) return;
  verdict.begins_nal = piece->begins_nal;
  unit.bytes += packet.payload.size();
  if (unit.bytes > kMaxUnitBytes)
    verdict.given_up = unit.damaged = true;
  else
    verdict.taken = true;
}

// Parameter sets that were lost in front of a key picture leave a unit that looks whole. What the
// key pictures of this sender begin with gives it away.
RtpUnits::Held RtpUnits::close() {
  const Unit unit = *std::exchange(unit_, std::nullopt);
  if (unit.damaged) return Held::kDiscard;
  if (!unit.key) return Held::kRelease;
  if (unit.after_gap && key_begins_with_ && *key_begins_with_ != unit.first_type)
    return Held::kDiscard;
  key_begins_with_ = unit.first_type;
  return Held::kRelease;
}

RtpUnits::Held RtpUnits::finish() {
  if (!unit_) return Held::kDiscard;
  const Held held = close();
  return markers_ ? Held::kDiscard : held;  // its marker bit is missing
}

}  // namespace rec::codec
