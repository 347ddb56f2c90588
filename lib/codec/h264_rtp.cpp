// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_rtp.h"

#include <utility>

namespace rec::codec {
namespace {

// RFC 6184, 5.2, table 1.
constexpr std::uint8_t kFirstNal = 1;
constexpr std::uint8_t kLastNal = 23;
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;

constexpr std::uint8_t kTypeBits = 0x1f;
constexpr std::uint8_t kForbiddenBit = 0x80;
constexpr std::uint8_t kFuStart = 0x80;
constexpr std::uint8_t kFuEnd = 0x40;

bool is_nal(std::uint8_t type) { return type >= kFirstNal && type <= kLastNal; }

// 5.7.1: each NAL unit after its size in two bytes.
bool whole_aggregate(std::span<const std::uint8_t> payload) {
  auto rest = payload.subspan(1);
  while (rest.size() > 2) {
    const std::size_t size = static_cast<std::size_t>(rest[0] << 8 | rest[1]);
    if (size == 0 || size > rest.size() - 2 || !is_nal(rest[2] & kTypeBits)) return false;
    rest = rest.subspan(2 + size);
    if (rest.empty()) return true;
  }
  return false;
}

}  // namespace

// 5.8: pieces have consecutive sequence numbers, start and end are never the same piece.
bool H264RtpGuard::admit_fragment(std::span<const std::uint8_t> payload, std::uint16_t sequence) {
  const auto open = std::exchange(open_, std::nullopt);
  if (payload.size() < 3) return false;
  const std::uint8_t header = payload[1];
  const std::uint8_t type = header & kTypeBits;
  const bool start = header & kFuStart;
  const bool end = header & kFuEnd;
  if (!is_nal(type) || (start && end)) return false;
  const bool follows =
      open && open->type == type && static_cast<std::uint16_t>(open->sequence + 1) == sequence;
  if (!start && !follows) return false;
  if (!end) open_ = Fragment{type, sequence};
  return true;
}

bool H264RtpGuard::admit(std::span<const std::uint8_t> payload, std::uint16_t sequence) {
  const std::uint8_t first = payload.empty() ? 0 : payload[0];
  const std::uint8_t type = first & kTypeBits;
  if (type == kFuA && !(first & kForbiddenBit)) return admit_fragment(payload, sequence);
  open_.reset();
  if (first & kForbiddenBit) return false;
  return type == kStapA ? whole_aggregate(payload) : is_nal(type);
}

}  // namespace rec::codec
