// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sample entries: avc3 with its avcC, vp08 and vp09 with their vpcC, av01 with its av1C, Opus with
// its dOps.
#include "lib/isobmff/sample_entry.h"

namespace rec::isobmff {
namespace {

void write_sample_entry_start(BoxWriter& w) {  // ISO/IEC 14496-12, 8.5.2.2
  w.zeros(6);                                  // reserved
  w.u16(1);                                    // data_reference_index: the dref's only entry
}

// ISO/IEC 14496-12, 12.1.3.2, up to the boxes of the codec. `compressor`: at most 31 characters.
void write_visual_start(BoxWriter& w, std::uint16_t width, std::uint16_t height,
                        std::string_view compressor = "") {
  constexpr std::uint32_t k72Dpi = 0x00480000;  // 16.16
  write_sample_entry_start(w);
  w.zeros(2 + 2 + 12);  // pre_defined, reserved, pre_defined
  w.u16(width);
  w.u16(height);
  w.u32(k72Dpi);  // horizresolution
  w.u32(k72Dpi);  // vertresolution
  w.zeros(4);     // reserved
  w.u16(1);       // frame_count: one frame a sample
  w.u8(static_cast<std::uint8_t>(compressor.size()));
  for (const char c : compressor) w.u8(static_cast<std::uint8_t>(c));
  w.zeros(31 - compressor.size());
  w.u16(0x18);    // depth: colour, no alpha
  w.u16(0xffff);  // pre_defined = -1
}

}  // namespace

void write_stsd(BoxWriter& w, const CodecConfig& codec) {
  auto stsd = w.full_box("stsd", 0, 0);
  // One entry for the life of the file. A change of parameter sets goes in band: a second entry
  // breaks ffmpeg and Chromium.
  w.u32(1);
  std::visit([&w](const auto& config) { write_sample_entry(w, config); }, codec);
}

void write_sample_entry(BoxWriter& w, const H264Config& config) {
  auto entry = w.box("avc3");  // avc3: parameter sets may be in the samples
  write_visual_start(w, config.width, config.height);
  auto avcc = w.box("avcC");
  w.bytes(config.avcc);
}

void write_sample_entry(BoxWriter& w, const Vp8Config& config) {
  Vp9Config as_vp9;  // 8 bit 4:2:0, colours unspecified: all that VP8 has
  as_vp9.profile = config.profile;
  as_vp9.level = config.level;
  auto entry = w.box("vp08");
  write_visual_start(w, config.width, config.height, "VPC Coding");
  write_vpcc(w, as_vp9);
}

void write_sample_entry(BoxWriter& w, const Vp9Config& config) {
  auto entry = w.box("vp09");
  write_visual_start(w, config.width, config.height, "VPC Coding");
  write_vpcc(w, config);
}

void write_vpcc(BoxWriter& w, const Vp9Config& config) {
  auto vpcc = w.full_box("vpcC", 1, 0);
  w.u8(config.profile);
  w.u8(config.level);
  w.u8(static_cast<std::uint8_t>(config.bit_depth << 4 | config.chroma_subsampling << 1 |
                                 (config.full_range ? 1 : 0)));
  w.u8(config.primaries);
  w.u8(config.transfer);
  w.u8(config.matrix);
  w.u16(0);  // codecInitializationDataSize: must be 0
}

void write_sample_entry(BoxWriter& w, const Av1Config& config) {
  auto entry = w.box("av01");
  write_visual_start(w, config.width, config.height, "AOM Coding");
  auto av1c = w.box("av1C");
  w.bytes(config.av1c);
}

void write_sample_entry(BoxWriter& w, const OpusConfig& config) {
  auto entry = w.box("Opus");
  write_sample_entry_start(w);
  w.zeros(8);  // reserved (ISO/IEC 14496-12, 12.2.3.2)
  w.u16(config.channels);
  w.u16(16);            // samplesize: 16 whatever the decoder puts out
  w.zeros(2 + 2);       // pre_defined, reserved
  w.u32(48000u << 16);  // samplerate: 48 kHz whatever the source had
  write_dops(w, config);
}

// Big-endian, unlike the OpusHead that it mirrors: a little-endian dOps makes Chromium refuse the
// file and ffmpeg drop 0.3 s.
void write_dops(BoxWriter& w, const OpusConfig& config) {
  auto dops = w.box("dOps");
  w.u8(0);  // Version: 0, where OpusHead has 1
  w.u8(config.channels);
  w.u16(config.pre_skip);
  w.u32(config.input_sample_rate);
  w.u16(static_cast<std::uint16_t>(config.output_gain));
  w.u8(config.mapping_family);
  if (config.mapping_family == 0) return;
  w.u8(config.stream_count);
  w.u8(config.coupled_count);
  w.bytes(config.channel_mapping);
}

}  // namespace rec::isobmff
