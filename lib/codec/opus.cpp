// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/opus.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace rec::codec {
namespace {

constexpr std::size_t kMaxFrameBytes = 1275;     // R2
constexpr std::uint32_t kMaxSamples = 120 * 48;  // R5: 120 ms

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what), "Check the Opus encoder and its payloader"};
}

// Table 2 of RFC 6716. Samples at 48 kHz.
std::uint32_t frame_samples_of(unsigned config) {
  static constexpr std::array<std::uint32_t, 4> kSilk = {480, 960, 1920, 2880};
  static constexpr std::array<std::uint32_t, 4> kCelt = {120, 240, 480, 960};
  if (config < 12) return kSilk[config % 4];
  if (config < 16) return config % 2 ? 960 : 480;  // hybrid
  return kCelt[config % 4];
}

// Reads a frame length (3.2.1) and moves past it; false if the data ends before it does.
bool read_length(std::span<const std::uint8_t>& data, std::size_t& length) {
  if (data.empty()) return false;
  length = data[0];
  std::size_t used = 1;
  if (length >= 252) {
    if (data.size() < 2) return false;
    length += std::size_t{4} * data[1];
    used = 2;
  }
  data = data.subspan(used);
  return true;
}

// Takes the padding off both ends of what follows the frame count byte (3.2.5).
bool strip_padding(std::span<const std::uint8_t>& data) {
  std::size_t padding = 0;
  std::uint8_t byte = 255;
  while (byte == 255) {
    if (data.empty()) return false;
    byte = data[0];
    data = data.subspan(1);
    padding += byte == 255 ? 254 : byte;
  }
  if (padding > data.size()) return false;
  data = data.first(data.size() - padding);
  return true;
}

// The part of a code 3 packet after its frame count byte: R6 and R7, with R2.
bool valid_code3(std::span<const std::uint8_t> data, std::uint8_t count_byte) {
  const bool vbr = count_byte & 0x80;
  const bool padded = count_byte & 0x40;
  const std::size_t frames = count_byte & 0x3f;
  if (padded && !strip_padding(data)) return false;
  if (!vbr) return data.size() % frames == 0 && data.size() / frames <= kMaxFrameBytes;
  std::size_t total = 0;
  for (std::size_t i = 0; i + 1 < frames; ++i) {
    std::size_t length = 0;
    if (!read_length(data, length)) return false;
    total += length;
  }
  return total <= data.size() && data.size() - total <= kMaxFrameBytes;
}

// `data` is what follows the TOC byte. Number of frames; 0: malformed.
std::uint8_t count_frames(std::span<const std::uint8_t> data, unsigned code) {
  switch (code) {
    case 0: return data.size() <= kMaxFrameBytes ? 1 : 0;
    case 1:  // R3
      return data.size() % 2 == 0 && data.size() / 2 <= kMaxFrameBytes ? 2 : 0;
    case 2: {  // R4
      std::size_t first = 0;
      if (!read_length(data, first) || first > data.size()) return 0;
      return data.size() - first <= kMaxFrameBytes ? 2 : 0;
    }
    default: {
      const std::uint8_t frames = data.empty() ? 0 : data[0] & 0x3f;
      return frames > 0 && valid_code3(data.subspan(1), data[0]) ? frames : 0;
    }
  }
}

std::uint16_t le16(std::span<const std::uint8_t> data, std::size_t at) {
  return static_cast<std::uint16_t>(data[at] | data[at + 1] << 8);
}

// RFC 7845, 5.1.1: the table that families other than 0 carry.
Status parse_mapping(std::span<const std::uint8_t> table, OpusConfig& config) {
  const std::size_t size = std::size_t{2} + config.channels;
  if (table.size() < size) return invalid("OpusHead ends within its channel mapping table");
  config.stream_count = table[0];
  config.coupled_count = table[1];
  const unsigned decoded = config.stream_count + config.coupled_count;
  if (config.stream_count == 0 || config.coupled_count > config.stream_count || decoded > 255)
    return invalid("OpusHead has " + std::to_string(config.stream_count) + " streams, " +
                   std::to_string(config.coupled_count) + " of them coupled");
  for (const std::uint8_t index : table.subspan(2, config.channels)) {
    if (index >= decoded && index != 255)  // 255: silence
      return invalid("OpusHead maps a channel to decoded channel " + std::to_string(index) +
                     " of " + std::to_string(decoded));
    config.channel_mapping.push_back(index);
  }
  return ok();
}

}  // namespace

Result<OpusPacketInfo> parse_opus_packet(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return invalid("Empty Opus packet");
  const std::uint8_t toc = packet[0];
  OpusPacketInfo info;
  info.frame_samples = frame_samples_of(toc >> 3);
  info.channels = toc & 4 ? 2 : 1;
  info.frames = count_frames(packet.subspan(1), toc & 3);
  info.samples = info.frames * info.frame_samples;
  if (info.frames == 0 || info.samples > kMaxSamples)
    return invalid("Broken Opus packet of " + std::to_string(packet.size()) + " bytes, TOC " +
                   std::to_string(toc));
  return info;
}

Result<OpusConfig> parse_opus_head(std::span<const std::uint8_t> data) {
  static constexpr std::array<std::uint8_t, 8> kMagic = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd'};
  if (data.size() < 19 || !std::equal(kMagic.begin(), kMagic.end(), data.begin()))
    return invalid("Not an OpusHead (" + std::to_string(data.size()) + " bytes)");
  const std::uint8_t version = data[8];
  if (version > 15)  // only the lower half may change compatibly
    return Error{Error::Kind::kUnsupported, "OpusHead version " + std::to_string(version),
                 "Version 1 is known"};
  OpusConfig config;
  config.channels = data[9];
  config.pre_skip = le16(data, 10);
  config.input_sample_rate = le16(data, 12) | static_cast<std::uint32_t>(le16(data, 14)) << 16;
  config.output_gain = static_cast<std::int16_t>(le16(data, 16));
  config.mapping_family = data[18];
  const std::uint8_t family = config.mapping_family;
  if (family != 0 && family != 1 && family != 255)
    return Error{Error::Kind::kUnsupported, "Opus channel mapping family " + std::to_string(family),
                 "Use mono or stereo, or families 1 and 255"};
  const unsigned max_channels = family == 0 ? 2 : family == 1 ? 8 : 255;
  if (config.channels == 0 || config.channels > max_channels)
    return invalid(std::to_string(config.channels) + " channels in mapping family " +
                   std::to_string(family));
  std::size_t size = 19;
  if (family == 0) {
    config.coupled_count = config.channels == 2 ? 1 : 0;
  } else {
    if (auto mapped = parse_mapping(data.subspan(19), config); !mapped) return mapped.error();
    size += std::size_t{2} + config.channels;
  }
  // Later versions may add fields; version 1 (and 0, of drafts) has none.
  if (version <= 1 && data.size() > size)
    return invalid("OpusHead is " + std::to_string(data.size() - size) + " bytes too long");
  return config;
}

std::span<const std::uint8_t> opus_silence(std::uint32_t samples) {
  // TOC: configuration 28 to 31, stereo, one frame. The payload sets CELT's silence flag.
  static constexpr std::array<std::uint8_t, 3> k2500us = {0xe4, 0xff, 0xfe};
  static constexpr std::array<std::uint8_t, 3> k5ms = {0xec, 0xff, 0xfe};
  static constexpr std::array<std::uint8_t, 3> k10ms = {0xf4, 0xff, 0xfe};
  static constexpr std::array<std::uint8_t, 3> k20ms = {0xfc, 0xff, 0xfe};
  switch (samples) {
    case 120: return k2500us;
    case 240: return k5ms;
    case 480: return k10ms;
    case 960: return k20ms;
    default: return {};
  }
}

}  // namespace rec::codec
