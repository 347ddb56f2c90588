// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_rtp_units.h"

#include "lib/codec/h264.h"

namespace rec::codec {
namespace {

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

std::optional<RtpUnits::Piece> H264RtpUnits::read(const Packet& packet, bool first) {
  if (!guard_.admit(packet.payload, packet.sequence)) return std::nullopt;
  if (first) slices_ = false;
  Piece piece{.begins_nal = false};
  bool only_sets = true;
  bool slices = false;
  for_each_type(packet.payload, [&](NalType type) {
    if (!piece.begins_nal) piece.type = static_cast<std::uint8_t>(type);
    piece.begins_nal = true;
    only_sets &= is_parameter_set(type);
    slices |= is_slice(type);
    piece.key |= type == NalType::kSps || type == NalType::kIdrSlice;
  });
  // rtph264pay with config-interval=-1 repeats the sets before each slice of an IDR picture, where
  // none may be (7.4.1.2.3), and rtph264depay would cut the picture there.
  piece.wanted = !(slices_ && piece.begins_nal && only_sets);
  slices_ |= slices;
  return piece;
}

}  // namespace rec::codec
