// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp_rtp_units.h"

namespace rec::codec {
namespace {

using Payload = std::span<const std::uint8_t>;

// The size of a picture ID with its M bit, one byte or two.
std::size_t picture_id_size(Payload payload, std::size_t at) {
  return at < payload.size() && (payload[at] & 0x80) ? 2 : 1;
}

// RFC 7741, 4.2.
std::size_t vp8_descriptor_size(Payload payload) {
  if (!(payload[0] & 0x80) || payload.size() < 2) return 1;  // X
  const std::uint8_t extensions = payload[1];
  std::size_t size = 2;
  if (extensions & 0x80) size += picture_id_size(payload, size);  // I
  if (extensions & 0x40) ++size;                                  // L
  if (extensions & 0x30) ++size;                                  // T, K
  return size;
}

// RFC 9628, 4.2, without what V says: that is only in the first packet of a key picture.
std::size_t vp9_descriptor_size(Payload payload) {
  const bool flexible = payload[0] & 0x10;  // F
  std::size_t size = 1;
  if (payload[0] & 0x80) size += picture_id_size(payload, size);  // I
  if (payload[0] & 0x20) size += flexible ? 1 : 2;                // L
  if (!flexible || !(payload[0] & 0x40)) return size;             // P
  for (int references = 0; references < 3; ++references)
    if (size >= payload.size() || !(payload[size++] & 1)) break;
  return size;
}

// The spatial layer; 0 if there are none.
unsigned vp9_layer(Payload payload) {
  if (!(payload[0] & 0x20)) return 0;
  const std::size_t at = 1 + (payload[0] & 0x80 ? picture_id_size(payload, 1) : 0);
  return at < payload.size() ? payload[at] >> 1 & 7u : 0;
}

}  // namespace

std::optional<RtpUnits::Piece> Vp8RtpUnits::read(const Packet& packet, bool first) {
  if (vp8_descriptor_size(packet.payload) >= packet.payload.size()) return std::nullopt;
  const bool begins = (packet.payload[0] & 0x17) == 0x10;  // S, of partition 0
  if (begins != first) return std::nullopt;
  return Piece{.begins_nal = begins};
}

std::optional<RtpUnits::Piece> Vp9RtpUnits::read(const Packet& packet, bool first) {
  if (vp9_descriptor_size(packet.payload) >= packet.payload.size()) return std::nullopt;
  const bool begins = (packet.payload[0] & 0x08) && vp9_layer(packet.payload) == 0;  // B
  if (first && !begins) return std::nullopt;
  return Piece{.begins_nal = first};
}

}  // namespace rec::codec
