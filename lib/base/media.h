// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The vocabulary that the cores share: what a track is, what a sample is. lib/codec fills it from
// the bitstream, lib/recording orders it in time, the container writers turn it into bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace rec {

using Bytes = std::vector<std::uint8_t>;

enum class Medium { kVideo, kAudio };

struct Colour {
  std::uint8_t primaries = 2;  // ISO/IEC 23091-2; 2 is "unspecified"
  std::uint8_t transfer = 2;   // likewise
  std::uint8_t matrix = 2;     // likewise
  bool full_range = false;
  friend bool operator==(const Colour&, const Colour&) = default;
};

struct PixelAspect {         // width to height of a pixel, in lowest terms or not
  std::uint32_t width = 0;   // 0: unspecified
  std::uint32_t height = 0;  // 0: unspecified
  friend bool operator==(const PixelAspect&, const PixelAspect&) = default;
};

// How the samples of a picture are meant.
struct PictureFormat {
  Colour colour;
  PixelAspect pixel_aspect;
  friend bool operator==(const PictureFormat&, const PictureFormat&) = default;
};

struct H264Config {
  Bytes avcc;                // AVCDecoderConfigurationRecord, ISO/IEC 14496-15, 5.3.3.1
  std::uint16_t width = 0;   // pixels, after cropping
  std::uint16_t height = 0;  // pixels, after cropping
  std::string rfc6381;       // "avc3.42e01f"
  bool reorders = false;     // pictures may be output in another order than they are decoded
  PictureFormat picture;     // as the SPS says
  friend bool operator==(const H264Config&, const H264Config&) = default;
};

struct H265Config {
  Bytes hvcc;                // HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1
  std::uint16_t width = 0;   // pixels of the conformance window
  std::uint16_t height = 0;  // pixels of the conformance window
  std::string rfc6381;       // "hev1.1.6.L93.B0"
  bool reorders = false;     // pictures may be output in another order than they are decoded
  PictureFormat picture;     // as the SPS says
  friend bool operator==(const H265Config&, const H265Config&) = default;
};

// Of the "VP Codec ISO Media File Format Binding". VP8 has no levels: this one is what VP9 would
// need for the size.
struct Vp8Config {
  std::uint8_t profile = 0;  // the version of RFC 6386, 9.1
  std::uint8_t level = 10;   // ten times the VP9 level
  std::uint16_t width = 0;   // pixels
  std::uint16_t height = 0;  // pixels
  std::string rfc6381;       // "vp08.00.10.08"
  friend bool operator==(const Vp8Config&, const Vp8Config&) = default;
};

struct Vp9Config {
  std::uint8_t profile = 0;
  std::uint8_t level = 10;  // ten times the level
  std::uint8_t bit_depth = 8;
  std::uint8_t chroma_subsampling = 1;  // as in vpcC: 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4
  bool full_range = false;
  std::uint8_t primaries = 2;  // ISO/IEC 23091-2; 2 is "unspecified"
  std::uint8_t transfer = 2;   // likewise
  std::uint8_t matrix = 2;     // likewise
  std::uint16_t width = 0;     // pixels
  std::uint16_t height = 0;    // pixels
  std::string rfc6381;         // "vp09.00.10.08"
  friend bool operator==(const Vp9Config&, const Vp9Config&) = default;
};

struct Av1Config {
  Bytes av1c;                // AV1CodecConfigurationRecord with the sequence header
  std::uint16_t width = 0;   // pixels: max_frame_width_minus_1 + 1
  std::uint16_t height = 0;  // pixels: max_frame_height_minus_1 + 1
  std::string rfc6381;       // "av01.0.04M.08"
  Colour colour;
  friend bool operator==(const Av1Config&, const Av1Config&) = default;
};

// The fields of an Opus identification header (RFC 7845, 5.1), in host byte order.
struct OpusConfig {
  std::uint8_t channels = 2;
  std::uint16_t pre_skip = 0;               // samples at 48 kHz; 0 for RTP input
  std::uint32_t input_sample_rate = 48000;  // Hz, of the source; informative
  std::int16_t output_gain = 0;             // Q7.8 dB
  std::uint8_t mapping_family = 0;
  std::uint8_t stream_count = 1;              // families other than 0
  std::uint8_t coupled_count = 1;             // families other than 0
  std::vector<std::uint8_t> channel_mapping;  // families other than 0: one entry a channel
  friend bool operator==(const OpusConfig&, const OpusConfig&) = default;
};

// With SBR (HE-AAC) rate, channels and frames are those of the core: a decoder puts out twice the
// rate and, with PS, two channels.
struct AacConfig {
  Bytes asc;                          // AudioSpecificConfig, ISO/IEC 14496-3, 1.6.2.1
  std::uint32_t sample_rate = 48000;  // Hz
  std::uint8_t channels = 2;
  std::uint32_t frame_samples = 1024;  // of each frame, at sample_rate
  std::string rfc6381;                 // "mp4a.40.2"
  friend bool operator==(const AacConfig&, const AacConfig&) = default;
};

struct G711Config {   // ITU-T G.711: a byte a sample and channel
  bool alaw = false;  // else mu-law
  std::uint8_t channels = 1;
  std::uint32_t sample_rate = 8000;  // Hz
  friend bool operator==(const G711Config&, const G711Config&) = default;
};

using CodecConfig = std::variant<H264Config, H265Config, Vp8Config, Vp9Config, Av1Config,
                                 OpusConfig, AacConfig, G711Config>;

struct TrackConfig {
  std::uint32_t timescale = 90000;  // ticks a second of this track's samples
  CodecConfig codec;
  PictureFormat picture;  // of video: what the stream says or, where it does not, who sends it
  friend bool operator==(const TrackConfig&, const TrackConfig&) = default;
};

// What is done to a picture to show it: it is mirrored left to right, or not, and then turned
// clockwise.
struct Orientation {
  bool mirrored = false;
  std::uint16_t degrees = 0;  // 0, 90, 180 or 270
  friend bool operator==(const Orientation&, const Orientation&) = default;
};

// What is known of a track beside its codec.
struct TrackTags {
  Orientation orientation;       // video
  std::string language = "und";  // ISO 639-2/T: three small letters
  friend bool operator==(const TrackTags&, const TrackTags&) = default;
};

// What is known of a recording, in UTF-8; empty: nothing.
struct MovieTags {
  std::string title;
  std::string comment;
  std::string tool;  // the program that wrote the file
  friend bool operator==(const MovieTags&, const MovieTags&) = default;
};

template <class Config>
concept HasSize = requires(Config config) {
  config.width;
};

// What has a size is video.
inline Medium medium_of(const CodecConfig& codec) {
  return std::visit(
      []<class Config>(const Config&) { return HasSize<Config> ? Medium::kVideo : Medium::kAudio; },
      codec);
}

// One access unit or packet of a run, in decode order. Its duration is the distance to the next
// sample's dts (or to the run's end): ticks are subtracted, never converted, so nothing drifts.
struct RunSample {
  std::int64_t dts = 0;         // track ticks since the start of the file
  std::int32_t cts_offset = 0;  // pts - dts, track ticks
  std::uint32_t size = 0;       // bytes
  bool key = false;             // a decoder can start here
  // So many bytes at its start are parameter sets that the track's configuration has as well.
  std::uint32_t sets = 0;
};

// The samples of one track in one fragment.
struct TrackRun {
  std::uint32_t track_id = 0;
  std::vector<RunSample> samples;
  std::int64_t end_dts = 0;  // end of the last sample
  // All samples' bytes, in their order; borrowed. Each is whole in a piece.
  std::vector<std::span<const std::uint8_t>> pieces;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& piece : pieces) sum += piece.size();
    return sum;
  }
};

}  // namespace rec
