// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sample entries: avc3 or avc1 with its avcC, hev1 or hvc1 with its hvcC, vp08 and vp09 with their
// vpcC, av01 with its av1C, Opus with its dOps, mp4a with its esds, ulaw and alaw.
#include "lib/isobmff/sample_entry.h"

#include <concepts>
#include <limits>

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

// ISO/IEC 14496-12, 12.2.3.2, version 0, up to the boxes of the codec.
void write_audio_start(BoxWriter& w, std::uint8_t channels, std::uint32_t sample_rate) {
  write_sample_entry_start(w);
  w.zeros(8);  // reserved
  w.u16(channels);
  w.u16(16);       // samplesize: 16 whatever the decoder puts out
  w.zeros(2 + 2);  // pre_defined, reserved
  // samplerate, 16.16. 0: it does not fit, and the boxes of the codec say it.
  w.u32(sample_rate <= std::numeric_limits<std::uint16_t>::max() ? sample_rate << 16 : 0);
}

// ISO/IEC 14496-1, 7.2.6 and 8.3.3: seven bits of the size a byte, most significant first. All
// descriptors here have a size of four bytes, which every reader knows: most writers do that.
void write_descriptor_start(BoxWriter& w, std::uint8_t tag, std::size_t size) {
  w.u8(tag);
  for (const int shift : {21, 14, 7})
    w.u8(static_cast<std::uint8_t>(0x80 | (size >> shift & 0x7f)));
  w.u8(static_cast<std::uint8_t>(size & 0x7f));
}

template <class Config>
concept HasParameterSets = std::same_as<Config, H264Config> || std::same_as<Config, H265Config>;

// hvc1 demands array_completeness of each array (ISO/IEC 14496-15, 8.4.1); layout: 8.3.3.1.2.
Bytes with_complete_arrays(Bytes hvcc) {
  constexpr std::size_t kArrayCount = 22;
  constexpr std::uint8_t kComplete = 0x80;
  std::size_t at = kArrayCount + 1;
  for (int arrays = hvcc.size() > kArrayCount ? hvcc[kArrayCount] : 0;
       arrays > 0 && at + 3 <= hvcc.size(); --arrays) {
    hvcc[at] |= kComplete;
    int nals = hvcc[at + 1] << 8 | hvcc[at + 2];
    for (at += 3; nals > 0 && at + 2 <= hvcc.size(); --nals)
      at += 2 + (std::size_t{hvcc[at]} << 8 | hvcc[at + 1]);
  }
  return hvcc;
}

}  // namespace

void write_stsd(BoxWriter& w, const TrackConfig& config, ParameterSets sets) {
  auto stsd = w.full_box("stsd", 0, 0);
  // One entry for the life of the file. A change of parameter sets goes in band: a second entry
  // breaks ffmpeg and Chromium.
  w.u32(1);
  std::visit(
      [&]<class Codec>(const Codec& codec) {
        if constexpr (HasParameterSets<Codec>)
          write_sample_entry(w, codec, sets, config.picture);
        else if constexpr (HasSize<Codec>)
          write_sample_entry(w, codec, config.picture);
        else
          write_sample_entry(w, codec);
      },
      config.codec);
}

void write_picture_format(BoxWriter& w, const PictureFormat& picture) {
  if (const Colour& colour = picture.colour; colour != Colour()) {
    auto colr = w.box("colr");
    w.fourcc("nclx");  // colour_type: code points, as in the bitstream
    w.u16(colour.primaries);
    w.u16(colour.transfer);
    w.u16(colour.matrix);
    w.u8(colour.full_range ? 0x80 : 0);
  }
  if (const auto [width, height] = picture.pixel_aspect; width != height && width && height) {
    auto pasp = w.box("pasp");
    w.u32(width);   // hSpacing
    w.u32(height);  // vSpacing
  }
}

void write_sample_entry(BoxWriter& w, const H264Config& config, ParameterSets sets,
                        const PictureFormat& picture) {
  auto entry = w.box(sets == ParameterSets::kInSamples ? "avc3" : "avc1");
  write_visual_start(w, config.width, config.height);
  {
    auto avcc = w.box("avcC");
    w.bytes(config.avcc);
  }
  write_picture_format(w, picture);
}

void write_sample_entry(BoxWriter& w, const H265Config& config, ParameterSets sets,
                        const PictureFormat& picture) {
  auto entry = w.box(sets == ParameterSets::kInSamples ? "hev1" : "hvc1");
  write_visual_start(w, config.width, config.height);
  {
    auto hvcc = w.box("hvcC");
    w.bytes(sets == ParameterSets::kInSamples ? config.hvcc : with_complete_arrays(config.hvcc));
  }
  write_picture_format(w, picture);
}

void write_sample_entry(BoxWriter& w, const Vp8Config& config, const PictureFormat& picture) {
  Vp9Config as_vp9;  // 8 bit 4:2:0, colours unspecified: all that VP8 has
  as_vp9.profile = config.profile;
  as_vp9.level = config.level;
  auto entry = w.box("vp08");
  write_visual_start(w, config.width, config.height, "VPC Coding");
  write_vpcc(w, as_vp9);
  write_picture_format(w, picture);
}

void write_sample_entry(BoxWriter& w, const Vp9Config& config, const PictureFormat& picture) {
  auto entry = w.box("vp09");
  write_visual_start(w, config.width, config.height, "VPC Coding");
  write_vpcc(w, config);
  write_picture_format(w, picture);
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

void write_sample_entry(BoxWriter& w, const Av1Config& config, const PictureFormat& picture) {
  auto entry = w.box("av01");
  write_visual_start(w, config.width, config.height, "AOM Coding");
  {
    auto av1c = w.box("av1C");
    w.bytes(config.av1c);
  }
  write_picture_format(w, picture);
}

void write_sample_entry(BoxWriter& w, const OpusConfig& config) {
  auto entry = w.box("Opus");
  write_audio_start(w, config.channels, 48000);  // 48 kHz whatever the source had
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

void write_sample_entry(BoxWriter& w, const AacConfig& config) {
  auto entry = w.box("mp4a");
  write_audio_start(w, config.channels, config.sample_rate);
  write_esds(w, config);
}

void write_esds(BoxWriter& w, const AacConfig& config) {
  constexpr std::size_t kHeader = 5;  // of a descriptor: tag and size
  constexpr std::uint8_t kEsDescrTag = 3;
  constexpr std::uint8_t kDecoderConfigDescrTag = 4;
  constexpr std::uint8_t kDecSpecificInfoTag = 5;
  constexpr std::uint8_t kSlConfigDescrTag = 6;
  const std::size_t decoder_config = 13 + kHeader + config.asc.size();
  auto esds = w.full_box("esds", 0, 0);
  write_descriptor_start(w, kEsDescrTag, 3 + kHeader + decoder_config + kHeader + 1);
  w.u16(0);  // ES_ID: 0 in a file
  w.u8(0);   // no dependency, URL or OCR stream; streamPriority 0
  write_descriptor_start(w, kDecoderConfigDescrTag, decoder_config);
  w.u8(0x40);  // objectTypeIndication: Audio ISO/IEC 14496-3
  w.u8(0x15);  // streamType 5 (audio), upStream 0, reserved 1
  w.u24(0);    // bufferSizeDB: unknown while recording, as are
  w.u32(0);    // maxBitrate
  w.u32(0);    // avgBitrate
  write_descriptor_start(w, kDecSpecificInfoTag, config.asc.size());
  w.bytes(config.asc);
  write_descriptor_start(w, kSlConfigDescrTag, 1);
  w.u8(2);  // predefined: MP4
}

void write_sample_entry(BoxWriter& w, const G711Config& config) {
  auto entry = w.box(config.alaw ? "alaw" : "ulaw");
  write_audio_start(w, config.channels, config.sample_rate);
}

}  // namespace rec::isobmff
