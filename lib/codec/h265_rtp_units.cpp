// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h265_rtp_units.h"

#include <utility>

#include "lib/codec/h265.h"

namespace rec::codec {
namespace {

// RFC 7798, 4.4.
constexpr std::uint8_t kLastNal = 47;
constexpr std::uint8_t kAggregate = 48;
constexpr std::uint8_t kFragment = 49;

constexpr std::size_t kHeaderBytes = 2;
constexpr std::uint8_t kFuStart = 0x80;
constexpr std::uint8_t kFuEnd = 0x40;
constexpr std::uint8_t kFirstSliceBit =
    0x80;  // first_slice_segment_in_pic_flag, ITU-T H.265, 7.3.6.1

std::uint8_t type_of(std::uint8_t header) { return header >> 1 & 0x3f; }

}  // namespace

// False: the picture had begun in a packet that is not there.
bool H265RtpUnits::begin_nal(std::uint8_t type, bool first_slice, Reading& piece) {
  const auto nal = static_cast<H265NalType>(type);
  if (!piece.begins_nal) piece.type = type;
  piece.begins_nal = true;
  piece.key |= is_irap(nal) || nal == H265NalType::kVps || nal == H265NalType::kSps;
  piece.only_sets &= nal >= H265NalType::kVps && nal <= H265NalType::kPps;
  if (!is_h265_slice(nal)) return true;
  return std::exchange(slices_, true) || first_slice;
}

// 4.4.3: pieces have consecutive sequence numbers, start and end are never the same piece.
bool H265RtpUnits::read_fragment(const Packet& packet, Reading& piece) {
  const auto open = std::exchange(open_, std::nullopt);
  const auto payload = packet.payload;
  if (payload.size() <= kHeaderBytes + 1) return false;
  const std::uint8_t header = payload[kHeaderBytes];
  const std::uint8_t type = header & 0x3f;
  const bool start = header & kFuStart;
  const bool end = header & kFuEnd;
  if (type > kLastNal || (start && end)) return false;
  const bool follows = open && open->type == type &&
                       static_cast<std::uint16_t>(open->sequence + 1) == packet.sequence;
  if (!start && !follows) return false;
  if (!end) open_ = Fragment{type, packet.sequence};
  return !start || begin_nal(type, payload[kHeaderBytes + 1] & kFirstSliceBit, piece);
}

// 4.4.2: each NAL unit after its size in two bytes.
bool H265RtpUnits::read_aggregate(std::span<const std::uint8_t> payload, Reading& piece) {
  auto rest = payload.subspan(kHeaderBytes);
  while (rest.size() > 2) {
    const std::size_t size = static_cast<std::size_t>(rest[0] << 8 | rest[1]);
    if (size <= kHeaderBytes || size > rest.size() - 2 || type_of(rest[2]) > kLastNal) return false;
    if (!begin_nal(type_of(rest[2]), rest[2 + kHeaderBytes] & kFirstSliceBit, piece)) return false;
    rest = rest.subspan(2 + size);
    if (rest.empty()) return true;
  }
  return false;
}

std::optional<RtpUnits::Piece> H265RtpUnits::read(const Packet& packet, bool first) {
  if (first) slices_ = false;
  const bool behind_slices = slices_;
  Reading piece;
  piece.begins_nal = false;
  const auto payload = packet.payload;
  if (payload.size() <= kHeaderBytes || (payload[0] & 0x80)) return std::nullopt;
  const std::uint8_t type = type_of(payload[0]);
  bool good = false;
  if (type == kFragment) {
    good = read_fragment(packet, piece);
  } else {
    open_.reset();
    if (type == kAggregate)
      good = read_aggregate(payload, piece);
    else
      good = type <= kLastNal && begin_nal(type, payload[kHeaderBytes] & kFirstSliceBit, piece);
  }
  if (!good) return std::nullopt;
  // As of H.264: rtph265pay may repeat the sets before each slice of a key picture.
  piece.wanted = !(behind_slices && piece.begins_nal && piece.only_sets);
  return piece;
}

}  // namespace rec::codec
