// SPDX-License-Identifier: LGPL-2.1-or-later
//
// hvcC (ISO/IEC 14496-15, 8.3.3.1).
#include <algorithm>
#include <cstdio>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

constexpr std::size_t kProfileBytes = 12;  // general_profile_space to general_level_idc

// The first bytes of profile_tier_level() of an SPS (ITU-T H.265, 7.3.2.2), unescaped.
std::vector<std::uint8_t> profile_of(std::span<const std::uint8_t> sps) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 3; i < sps.size() && out.size() < kProfileBytes; ++i) {
    const bool escape = sps[i] == 3 && sps[i - 1] == 0 && sps[i - 2] == 0;
    if (!escape) out.push_back(sps[i]);
  }
  return out;
}

void read_array(Fields& f, const Mp4Track& track, std::span<const std::uint8_t> profile,
                unsigned& last_type) {
  const std::uint8_t head = f.u8();
  const unsigned type = head & 63u;
  const bool complete = head >> 7;
  f.expect(head >> 6 & 1, 0, "reserved bit of an array");
  if (track.entry == "hvc1" && !complete) f.violation("hvc1 with an array that is not complete");
  if (type < 32 || (type > 34 && type != 39 && type != 40))
    f.violation("an array of NAL unit type " + std::to_string(type));
  if (type <= last_type) f.violation("arrays are not in the order VPS, SPS, PPS, SEI");
  last_type = type;
  const std::uint16_t count = f.u16();
  for (unsigned i = 0; i < count && !f.short_read(); ++i) {
    const auto nal = f.take(f.u16());
    if (nal.size() < 3 || (nal[0] >> 1) != type) {
      f.violation("not a NAL unit of type " + std::to_string(type));
    } else if (const auto sps = profile_of(nal);
               type == 33 && !std::equal(profile.begin(), profile.end(), sps.begin(), sps.end())) {
      f.violation("profile, tier or level differ from the SPS");
    }
  }
}

// E.3: profile space and number, compatibility flags in reverse, tier and level, constraints.
std::string codecs_of(const std::string& entry, std::span<const std::uint8_t> profile) {
  static constexpr const char* kSpace[] = {"", "A", "B", "C"};
  std::uint32_t flags = 0;
  for (unsigned i = 0; i < 32; ++i)
    if (profile[1 + i / 8] >> (7 - i % 8) & 1) flags |= 1u << i;
  char text[64];
  std::snprintf(text, sizeof text, "%s.%s%u.%X.%c%u", entry.c_str(), kSpace[profile[0] >> 6],
                profile[0] & 31u, flags, profile[0] & 0x20 ? 'H' : 'L', profile[11]);
  std::string codecs = text;
  std::size_t last = 10;
  while (last > 4 && profile[last] == 0) --last;
  for (std::size_t i = 5; i <= last; ++i) {
    std::snprintf(text, sizeof text, ".%X", profile[i]);
    codecs += text;
  }
  return codecs;
}

}  // namespace

void read_hvcc(Context& ctx, const Box& box, Mp4Track& track) {
  Fields f(ctx, box);
  f.expect(f.u8(), 1, "configurationVersion");
  const auto profile = f.take(kProfileBytes);
  f.expect(f.u16() >> 12, 15, "reserved bits before min_spatial_segmentation_idc");
  f.expect(f.u8() >> 2, 63, "reserved bits before parallelismType");
  f.expect(f.u8() >> 2, 63, "reserved bits before chromaFormat");
  f.expect(f.u8() >> 3, 31, "reserved bits before bitDepthLumaMinus8");
  f.expect(f.u8() >> 3, 31, "reserved bits before bitDepthChromaMinus8");
  f.u16();  // avgFrameRate
  const std::uint8_t layers = f.u8();
  if ((layers >> 3 & 7) == 0) f.violation("numTemporalLayers is 0");
  f.expect(layers & 3, 3, "lengthSizeMinusOne");
  const std::uint8_t arrays = f.u8();
  if (f.short_read()) return;
  track.codecs = codecs_of(track.entry, profile);
  if (track.entry == "hvc1" && arrays < 3) f.violation("hvc1 needs VPS, SPS and PPS");
  unsigned last_type = 0;
  for (unsigned i = 0; i < arrays && !f.short_read(); ++i) read_array(f, track, profile, last_type);
  f.done();
}

}  // namespace rec::test::mp4
