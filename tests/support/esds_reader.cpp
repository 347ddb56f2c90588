// SPDX-License-Identifier: LGPL-2.1-or-later
//
// esds with MPEG-4 audio (ISO/IEC 14496-14, 3.1 and 5.6; descriptors: 14496-1, 7.2.6; the
// AudioSpecificConfig of AAC: 14496-3, 1.6.2.1).
#include <array>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

// Reads tag and size of a descriptor that must have the first and end where its parent ends.
void open_descriptor(Fields& f, std::uint8_t tag, std::size_t bytes_behind, const char* name) {
  f.expect(f.u8(), tag, std::string("tag of ") + name);
  std::size_t size = 0;
  std::uint8_t byte = 0x80;
  for (int i = 0; i < 4 && (byte & 0x80); ++i) {
    byte = f.u8();
    size = size << 7 | (byte & 0x7f);
  }
  if (byte & 0x80) f.violation(std::string("size of ") + name + " takes more than four bytes");
  if (size + bytes_behind != f.left())
    f.violation(std::string(name) + " says " + std::to_string(size) + " bytes, " +
                std::to_string(f.left() - bytes_behind) + " are there");
}

// Object type, frequency, layout and frame length of the configuration's first two bytes; longer
// forms (an explicit frequency, object types of two parts) are not written by anybody here.
void read_config(Fields& f, std::span<const std::uint8_t> asc, Mp4Track& track) {
  static constexpr std::array<std::uint32_t, 13> kRates = {
      96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
  static constexpr std::array<unsigned, 8> kChannels = {0, 1, 2, 3, 4, 5, 6, 8};
  if (asc.size() < 2)
    return f.violation("AudioSpecificConfig has " + std::to_string(asc.size()) + " bytes");
  const unsigned bits = static_cast<unsigned>(asc[0]) << 8 | asc[1];
  const unsigned type = bits >> 11;
  const unsigned rate = bits >> 7 & 15;
  const unsigned layout = bits >> 3 & 15;
  if (rate >= kRates.size() || kRates[rate] != track.timescale)
    f.violation("AudioSpecificConfig has frequency index " + std::to_string(rate) +
                ", the track counts at " + std::to_string(track.timescale) + " Hz");
  if (layout >= kChannels.size() || (layout > 0 && kChannels[layout] != track.channels))
    f.violation("AudioSpecificConfig has layout " + std::to_string(layout) + ", the entry " +
                std::to_string(track.channels) + " channels");
  track.codecs = "mp4a.40." + std::to_string(type);
  // Behind an explicit SBR configuration the flag is further on; SBR with 960 does not exist here.
  track.frame_samples = (type <= 4 && (bits & 4)) ? 960 : 1024;
}

}  // namespace

void read_esds(Context& ctx, const Box& box, Mp4Track& track) {
  constexpr std::size_t kSlSize = 6;  // with four bytes of size, as all are here
  Fields f(ctx, box);
  f.full_header(0);
  open_descriptor(f, 3, 0, "ES_Descriptor");
  f.expect(f.u16(), 0, "ES_ID");  // 14496-14, 3.1.2
  f.expect(f.u8(), 0, "flags and streamPriority");
  open_descriptor(f, 4, kSlSize, "DecoderConfigDescriptor");
  f.expect(f.u8(), 0x40, "objectTypeIndication");
  f.expect(f.u8(), 0x15, "streamType, upStream and reserved");
  f.take(3 + 4 + 4);  // buffer size and bit rates
  open_descriptor(f, 5, kSlSize, "DecoderSpecificInfo");
  if (f.short_read() || f.left() < kSlSize) return f.violation("no SLConfigDescriptor");
  read_config(f, f.take(f.left() - kSlSize), track);
  open_descriptor(f, 6, 0, "SLConfigDescriptor");
  f.expect(f.u8(), 2, "predefined");
  f.done();
}

}  // namespace rec::test::mp4
