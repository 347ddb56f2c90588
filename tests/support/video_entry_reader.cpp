// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vpcC ("VP Codec ISO Media File Format Binding" 1.0) and av1C ("AV1 Codec ISO Media File Format
// Binding", 2.3).
#include <array>
#include <cstdio>
#include <set>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

// Bits of a sequence header, most significant first; zeros behind its end.
class Bits {
 public:
  explicit Bits(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  unsigned take(unsigned count) {
    unsigned value = 0;
    for (; count > 0; --count, ++at_)
      value = value << 1 | (at_ / 8 < bytes_.size() ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1u : 0u);
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

// The OBU against the record and the sample entry (AV1, 5.5.1). Only what every WebRTC encoder
// writes is read: one operating point, no timing information.
void check_sequence_header(Fields& f, std::span<const std::uint8_t> payload, unsigned profile,
                           unsigned level, const Mp4Track& track) {
  Bits bits(payload);
  if (bits.take(3) != profile) f.violation("seq_profile differs from the sequence header's");
  bits.take(1);
  if (bits.take(1) || bits.take(1)) return;
  const unsigned display_delay = bits.take(1);
  if (bits.take(5)) return;
  bits.take(12);
  const unsigned level_idx = bits.take(5);
  if (level_idx != level) f.violation("seq_level_idx_0 differs from the sequence header's");
  if (level_idx > 7) bits.take(1);
  if (display_delay && bits.take(1)) bits.take(4);
  const unsigned width_bits = bits.take(4) + 1;
  const unsigned height_bits = bits.take(4) + 1;
  if (bits.take(width_bits) + 1 != track.width || bits.take(height_bits) + 1 != track.height)
    f.violation("width or height differs from the sequence header's");
}

template <class... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), format, values...);
  return out.data();
}

}  // namespace

void read_vpcc(Context& ctx, const Box& box, Mp4Track& track) {
  static const std::set<unsigned> levels = {10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 52, 60, 61, 62};
  Fields f(ctx, box);
  f.expect(f.full_header(1).version, 1, "version");
  const unsigned profile = f.u8();
  const unsigned level = f.u8();
  const unsigned packed = f.u8();
  const unsigned depth = packed >> 4;
  const unsigned chroma = packed >> 1 & 7;
  const auto colour = f.take(3);  // primaries, transfer, matrix
  f.expect(f.u16(), 0, "codecInitializationDataSize");
  if (f.short_read()) return;
  if (!levels.contains(level)) f.violation("level is " + std::to_string(level));
  if (depth != 8 && depth != 10 && depth != 12) f.violation("bitDepth is " + std::to_string(depth));
  if (chroma > 3) f.violation("chromaSubsampling is " + std::to_string(chroma));
  if (colour[2] == 0 && chroma != 3) f.violation("RGB must be 4:4:4");
  // VP9, 7.2: profile bit 0 is for other chroma than 4:2:0, bit 1 for more than 8 bits.
  const unsigned of_fields = (chroma >= 2 ? 1u : 0u) | (depth > 8 ? 2u : 0u);
  if (profile > 3) f.violation("profile is " + std::to_string(profile));
  if (track.entry == "vp09" && profile != of_fields)
    f.violation("profile does not fit bitDepth and chromaSubsampling");
  if (track.entry == "vp08" && of_fields != 0) f.violation("VP8 is 8 bit 4:2:0");
  f.done();
  track.codecs = track.entry + text(".%02u.%02u.%02u", profile, level, depth);
  track.codecs +=
      text(".%02u.%02u.%02u.%02u.%02u", chroma, colour[0], colour[1], colour[2], packed & 1);
}

void read_av1c(Context& ctx, const Box& box, Mp4Track& track) {
  Fields f(ctx, box);
  f.expect(f.u8(), 0x81, "marker and version");
  const unsigned first = f.u8();
  const unsigned second = f.u8();
  const unsigned delay = f.u8();
  if (delay >> 5) f.violation("reserved must be 0");
  if (!(delay & 0x10) && (delay & 0x0f)) f.violation("reserved must be 0");
  const unsigned profile = first >> 5;
  const unsigned level = first & 31u;
  if (profile > 2) f.violation("seq_profile is " + std::to_string(profile));
  const bool high = second & 0x40;
  const bool twelve = second & 0x20;
  if (twelve && !(high && profile == 2)) f.violation("twelve_bit without high_bitdepth, profile 2");
  if ((second & 0x80) && level < 8) f.violation("seq_tier_0 below level 4.0");
  // Chromium wants the sequence header here; with it, no colr is demanded.
  f.expect(f.u8(), 0x0a, "header of the first OBU in configOBUs (a sequence header with a size)");
  const std::size_t size = f.u8();
  if (size > 127) f.violation("a sequence header of more than 127 bytes");
  check_sequence_header(f, f.take(size), profile, level, track);
  f.done();
  track.codecs = text("av01.%u.%02u%c.%02u", profile, level, second & 0x80 ? 'H' : 'M',
                      twelve ? 12u
                      : high ? 10u
                             : 8u);
}

}  // namespace rec::test::mp4
