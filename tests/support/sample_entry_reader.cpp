// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sample entries: video in general, AVC (ISO/IEC 14496-15, 5.3.3 and 5.4.2), Opus ("Encapsulation
// of Opus in ISO BMFF", 4.3), AAC (ISO/IEC 14496-14, 5.6) and G.711.
#include <algorithm>
#include <map>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

// Longer than any encoder's look-ahead (RFC 7845, 4.2 recommends 3840). A byte-swapped 312 is not.
constexpr std::uint16_t kMaxPreSkip = 5760;  // samples at 48 kHz

// One array of parameter sets in avcC.
void read_parameter_sets(Fields& f, unsigned count, unsigned nal_type, const char* name,
                         std::span<const std::uint8_t> profile) {
  for (unsigned i = 0; i < count && !f.short_read(); ++i) {
    const auto nal = f.take(f.u16());
    if (nal.empty() || nal[0] >> 7 || (nal[0] & 31u) != nal_type) {
      f.violation(std::string(name) + " is not a NAL unit of type " + std::to_string(nal_type));
    } else if (nal_type == 7 &&
               (nal.size() < 4 || !std::equal(profile.begin(), profile.end(), nal.begin() + 1))) {
      f.violation("profile, compatibility or level differ from the SPS");
    }
  }
}

void read_avcc(Context& ctx, const Box& box, Mp4Track& track) {  // 14496-15, 5.3.3.1
  track.avcc.assign(box.payload.begin(), box.payload.end());
  Fields f(ctx, box);
  f.expect(f.u8(), 1, "configurationVersion");
  const auto profile = f.take(3);
  const std::uint8_t lengths = f.u8();
  f.expect(lengths >> 2, 0x3f, "reserved bits before lengthSizeMinusOne");
  f.expect(lengths & 3, 3, "lengthSizeMinusOne");
  const std::uint8_t sps = f.u8();
  f.expect(sps >> 5, 7, "reserved bits before numOfSequenceParameterSets");
  read_parameter_sets(f, sps & 31u, 7, "SPS", profile);
  const std::uint8_t pps = f.u8();
  read_parameter_sets(f, pps, 8, "PPS", {});
  // avc3 may leave both to the samples; avc1 has nothing else (5.4.2.1).
  if (track.entry == "avc1" && ((sps & 31u) == 0 || pps == 0))
    f.violation("avc1 needs SPS and PPS");
  if (f.short_read()) return;
  const unsigned idc = profile[0];
  if (idc == 100 || idc == 110 || idc == 122 || idc == 144 || idc == 244) {
    const std::uint8_t chroma = f.u8();
    f.expect(chroma >> 2, 0x3f, "reserved bits before chroma_format");
    for (const char* name :
         {"reserved bits before bit_depth_luma", "reserved bits before bit_depth_chroma"}) {
      f.expect(f.u8() >> 3, 0x1f, name);
    }
    read_parameter_sets(f, f.u8(), 13, "SPS extension", {});
  }
  f.done();
}

// What a sample entry of video has in it.
struct VisualCodec {
  std::string_view config;  // type of the box that configures the decoder
  void (*read)(Context&, const Box&, Mp4Track&);
};
const std::map<std::string, VisualCodec> kVisualCodecs = {
    {"hvc1", {"hvcC", read_hvcc}}, {"hev1", {"hvcC", read_hvcc}}, {"avc1", {"avcC", read_avcc}},
    {"avc3", {"avcC", read_avcc}}, {"vp08", {"vpcC", read_vpcc}}, {"vp09", {"vpcC", read_vpcc}},
    {"av01", {"av1C", read_av1c}},
};

void read_visual_entry(Context& ctx, const Box& entry, const VisualCodec& codec,
                       Mp4Track& track) {  // 12.1.3
  Fields f(ctx, entry);
  f.zeros(6, "reserved");
  f.expect(f.u16(), 1, "data_reference_index");
  f.zeros(16, "pre_defined and reserved");
  track.width = f.u16();
  track.height = f.u16();
  if (track.width == 0 || track.height == 0) f.violation("width or height is 0");
  f.expect(f.u32(), 0x00480000, "horizresolution");
  f.expect(f.u32(), 0x00480000, "vertresolution");
  f.zeros(4, "reserved");
  f.expect(f.u16(), 1, "frame_count");
  const std::uint8_t name_length = f.u8();
  if (name_length > 31) f.violation("compressorname is longer than its field");
  f.take(std::min<std::size_t>(name_length, 31));
  f.zeros(31 - std::min<std::size_t>(name_length, 31), "padding of compressorname");
  f.expect(f.u16(), 0x0018, "depth");
  f.expect(f.u16(), 0xffff, "pre_defined");
  if (f.short_read()) return;
  const std::uint64_t at = entry.end() - f.left();
  const auto boxes = split_boxes(ctx, f.take(f.left()), at, entry.path);
  check_children(ctx, entry, boxes, {{codec.config, 1, 1}, {"pasp", 0, 1}, {"colr", 0, 1}});
  for (const auto& box : boxes) {
    if (box.type == codec.config)
      codec.read(ctx, box, track);
    else
      read_picture_format(ctx, box, track);
  }
}

void read_dops(Context& ctx, const Box& box, Mp4Track& track) {  // Opus in ISO BMFF, 4.3.2
  Fields f(ctx, box);
  auto& d = track.dops;
  d.version = f.u8();
  f.expect(d.version, 0, "Version");
  d.channels = f.u8();
  f.expect(d.channels, track.channels, "OutputChannelCount");
  d.pre_skip = f.u16();
  if (d.pre_skip > kMaxPreSkip) f.violation("PreSkip is " + std::to_string(d.pre_skip));
  d.input_sample_rate = f.u32();
  if (d.input_sample_rate > 384000) {  // a byte-swapped rate; 0 means unknown (RFC 7845, 5.1)
    f.violation("InputSampleRate is " + std::to_string(d.input_sample_rate));
  }
  d.output_gain = static_cast<std::int16_t>(f.u16());
  d.mapping_family = f.u8();
  if (d.mapping_family == 0) {
    if (d.channels < 1 || d.channels > 2) f.violation("family 0 has one or two channels");
    return f.done();
  }
  d.stream_count = f.u8();
  d.coupled_count = f.u8();
  const auto mapping = f.take(d.channels);
  d.mapping.assign(mapping.begin(), mapping.end());
  if (d.stream_count == 0 || d.coupled_count > d.stream_count) f.violation("bad stream counts");
  for (const auto index : d.mapping) {  // RFC 7845, 5.1.1: 255 is silence
    if (index != 255 && index >= d.stream_count + d.coupled_count) {
      f.violation("ChannelMapping names a channel that is not coded");
    }
  }
  f.done();
}

// `config` is the box that the codec must have; none if it is empty.
void read_audio_entry(Context& ctx, const Box& entry, Mp4Track& track,
                      std::string_view config) {  // 12.2.3, version 0
  Fields f(ctx, entry);
  f.zeros(6, "reserved");
  f.expect(f.u16(), 1, "data_reference_index");
  f.zeros(8, "reserved");
  track.channels = f.u16();
  if (track.channels == 0) f.violation("channelcount is 0");
  f.expect(f.u16(), 16, "samplesize");
  f.zeros(4, "pre_defined and reserved");
  // The track counts samples; Opus is at 48 kHz whatever it counts. 0: more than 16 bits.
  const std::uint32_t rate = entry.type == "Opus" ? 48000 : track.timescale;
  f.expect(f.u32(), rate <= 0xffff ? rate << 16 : 0, "samplerate (16.16)");
  if (f.short_read()) return;
  const std::uint64_t at = entry.end() - f.left();
  const auto boxes = split_boxes(ctx, f.take(f.left()), at, entry.path);
  if (config.empty()) return check_children(ctx, entry, boxes, {});
  check_children(ctx, entry, boxes, {{config, 1, 1}});
  const Box* box = find(boxes, config);
  if (box && config == "dOps") read_dops(ctx, *box, track);
  if (box && config == "esds") read_esds(ctx, *box, track);
}

}  // namespace

void read_stsd(Context& ctx, const Box& stsd, Mp4Track& track) {  // 8.5.2
  Fields f(ctx, stsd);
  f.full_header(0);
  // Measured: a second entry breaks ffmpeg and Chromium.
  f.expect(f.u32(), 1, "entry_count");
  const std::uint64_t at = stsd.end() - f.left();
  const auto entries = split_boxes(ctx, f.take(f.left()), at, stsd.path);
  if (entries.size() != 1) {
    return ctx.violation(stsd, std::to_string(entries.size()) + " sample entries, must be 1");
  }
  const Box& entry = entries.front();
  track.entry = entry.type;
  const auto visual = kVisualCodecs.find(entry.type);
  const bool audio = !track.video();
  if (track.video() && visual != kVisualCodecs.end()) {
    read_visual_entry(ctx, entry, visual->second, track);
  } else if (audio && entry.type == "Opus") {
    read_audio_entry(ctx, entry, track, "dOps");
  } else if (audio && entry.type == "mp4a") {
    read_audio_entry(ctx, entry, track, "esds");
  } else if (audio && (entry.type == "ulaw" || entry.type == "alaw")) {
    read_audio_entry(ctx, entry, track, "");
  } else {
    ctx.violation(entry, "unknown sample entry for a " + track.handler + " track");
  }
}

}  // namespace rec::test::mp4
