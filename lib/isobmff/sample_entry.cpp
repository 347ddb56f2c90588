// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sample entries: avc3 with its avcC, Opus with its dOps.
#include "lib/isobmff/sample_entry.h"

namespace rec::isobmff {
namespace {

void write_sample_entry_start(BoxWriter& w) {  // ISO/IEC 14496-12, 8.5.2.2
  w.zeros(6);                                  // reserved
  w.u16(1);                                    // data_reference_index: the dref's only entry
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
  constexpr std::uint32_t k72Dpi = 0x00480000;  // 16.16
  auto entry = w.box("avc3");                   // avc3: parameter sets may be in the samples
  write_sample_entry_start(w);
  w.zeros(2 + 2 + 12);  // pre_defined, reserved, pre_defined (ISO/IEC 14496-12, 12.1.3.2)
  w.u16(config.width);
  w.u16(config.height);
  w.u32(k72Dpi);  // horizresolution
  w.u32(k72Dpi);  // vertresolution
  w.zeros(4);     // reserved
  w.u16(1);       // frame_count: one frame a sample
  w.zeros(32);    // compressorname: empty
  w.u16(0x18);    // depth: colour, no alpha
  w.u16(0xffff);  // pre_defined = -1
  auto avcc = w.box("avcC");
  w.bytes(config.avcc);
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
