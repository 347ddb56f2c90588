// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/aac.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

// audioObjectType, table 1.17: the ones that are told apart here.
constexpr std::uint8_t kMain = 1;
constexpr std::uint8_t kLtp = 4;
constexpr std::uint8_t kSbr = 5;
constexpr std::uint8_t kLowDelay = 23;
constexpr std::uint8_t kPs = 29;

constexpr std::uint32_t kSbrSyncExtension = 0x2b7;  // 1.6.2.1, syncExtensionType
constexpr std::uint32_t kPsSyncExtension = 0x548;
constexpr std::uint32_t kExplicitFrequency = 15;

// Tables 1.18 and 1.19.
constexpr std::array<std::uint32_t, 13> kFrequencies = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
constexpr std::array<std::uint8_t, 8> kChannels = {0, 1, 2, 3, 4, 5, 6, 8};

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what), "Check the AAC encoder and its caps"};
}

Error unsupported(std::string what, std::string hint) {
  return {Error::Kind::kUnsupported, std::move(what), std::move(hint)};
}

std::uint8_t read_object_type(BitReader& r) {
  const std::uint32_t type = r.bits(5);
  return static_cast<std::uint8_t>(type == 31 ? 32 + r.bits(6) : type);
}

std::uint32_t read_frequency(BitReader& r) {
  const std::uint32_t index = r.bits(4);
  if (index == kExplicitFrequency) return r.bits(24);
  if (index < kFrequencies.size()) return kFrequencies[index];
  r.fail();
  return 0;
}

// program_config_element(), 4.4.1.1, up to the comment. Returns the number of channels.
std::uint8_t read_program_config(BitReader& r, std::size_t all_bits) {
  r.skip(4 + 2 + 4);  // element_instance_tag, object_type, sampling_frequency_index
  const std::uint32_t front = r.bits(4);
  const std::uint32_t side = r.bits(4);
  const std::uint32_t back = r.bits(4);
  const std::uint32_t lfe = r.bits(2);
  const std::uint32_t data = r.bits(3);
  const std::uint32_t coupling = r.bits(4);
  for (const int mixdown : {4, 4, 3})  // mono, stereo, matrix
    if (r.flag()) r.skip(static_cast<std::size_t>(mixdown));
  std::uint32_t channels = lfe;
  for (std::uint32_t i = 0; i < front + side + back; ++i) {
    channels += r.flag() ? 2 : 1;  // is_cpe
    r.skip(4);
  }
  r.skip(std::size_t{4} * (lfe + data) + std::size_t{5} * coupling);
  if (!r.ok()) return 0;
  const std::size_t position = all_bits - r.bits_left();
  r.skip((8 - position % 8) % 8);  // byte_alignment(), counted from the start of the configuration
  r.skip(std::size_t{8} * r.bits(8));
  return static_cast<std::uint8_t>(channels);
}

struct Extension {
  bool sbr = false;
  bool ps = false;
};

// What encoders put behind the core's configuration for decoders that know it (1.6.5, 1.6.6).
Extension read_sync_extension(BitReader& r) {
  Extension extension;
  if (r.bits_left() < 16 || r.bits(11) != kSbrSyncExtension) return extension;
  if (read_object_type(r) != kSbr || !r.flag()) return extension;
  read_frequency(r);  // extensionSamplingFrequency
  extension.sbr = r.ok();
  if (r.bits_left() >= 12 && r.bits(11) == kPsSyncExtension) extension.ps = r.flag();
  return extension;
}

// GASpecificConfig(), 4.4.1. Returns the samples of a frame.
std::uint32_t read_ga_config(BitReader& r, std::uint8_t object_type, bool frame_length_flag) {
  if (r.flag()) r.skip(14);  // coreCoderDelay
  const bool extension = r.flag();
  if (object_type != kLowDelay) return frame_length_flag ? 960 : 1024;
  if (extension) r.skip(3 + 1);  // resilience flags, extensionFlag3
  return frame_length_flag ? 480 : 512;
}

}  // namespace

Result<AacConfig> parse_audio_specific_config(std::span<const std::uint8_t> data) {
  BitReader r(data);
  std::uint8_t object_type = read_object_type(r);
  AacConfig config;
  config.sample_rate = read_frequency(r);
  const std::uint32_t channel_configuration = r.bits(4);
  Extension extension;
  std::uint8_t signalled_type = object_type;
  if (object_type == kSbr || object_type == kPs) {
    extension = {true, object_type == kPs};
    read_frequency(r);  // extensionSamplingFrequency
    object_type = read_object_type(r);
  }
  if (r.ok() && (object_type < kMain || object_type > kLtp) && object_type != kLowDelay)
    return unsupported("MPEG-4 audio object type " + std::to_string(object_type),
                       "Encode AAC-LC, or HE-AAC");
  const bool frame_length_flag = r.flag();
  config.frame_samples = read_ga_config(r, object_type, frame_length_flag);
  if (channel_configuration == 0)
    config.channels = read_program_config(r, data.size() * 8);
  else if (channel_configuration < kChannels.size())
    config.channels = kChannels[channel_configuration];
  else
    return unsupported("AAC channel configuration " + std::to_string(channel_configuration),
                       "Use up to 7.1 channels in the configurations 1 to 7");
  if (object_type == kLowDelay && r.bits(2) > 1) r.fail();  // epConfig
  if (!r.ok() || config.channels == 0 || config.sample_rate == 0)
    return invalid("Broken AudioSpecificConfig of " + std::to_string(data.size()) + " bytes");
  if (!extension.sbr) {
    extension = read_sync_extension(r);
    if (extension.sbr) signalled_type = extension.ps ? kPs : kSbr;
  }
  config.asc.assign(data.begin(), data.end());
  config.rfc6381 = "mp4a.40." + std::to_string(signalled_type);
  return config;
}

Result<AdtsHeader> parse_adts(std::span<const std::uint8_t> data) {
  BitReader r(data.first(std::min<std::size_t>(data.size(), 9)));
  const std::uint32_t syncword = r.bits(12);
  r.skip(1);  // ID: MPEG-4 or MPEG-2, all the same
  const std::uint32_t layer = r.bits(2);
  const bool protection_absent = r.flag();
  AdtsHeader header;
  header.object_type = static_cast<std::uint8_t>(r.bits(2) + 1);
  header.sampling_frequency_index = static_cast<std::uint8_t>(r.bits(4));
  r.skip(1);  // private_bit
  header.channel_configuration = static_cast<std::uint8_t>(r.bits(3));
  r.skip(4);  // original_copy, home, copyright identification
  header.frame_size = r.bits(13);
  r.skip(11);  // adts_buffer_fullness
  const std::uint32_t blocks = r.bits(2) + 1;
  header.size = protection_absent ? 7 : 9;
  if (!r.ok() || syncword != 0xfff || layer != 0 ||
      header.sampling_frequency_index >= kFrequencies.size())
    return invalid("Not an ADTS frame (" + std::to_string(data.size()) + " bytes)");
  if (header.frame_size <= header.size || header.frame_size > data.size())
    return invalid("ADTS frame of " + std::to_string(header.frame_size) + " bytes in a buffer of " +
                   std::to_string(data.size()));
  if (blocks > 1)
    return unsupported("ADTS frame of " + std::to_string(blocks) + " raw data blocks",
                       "Put one block into each ADTS frame");
  if (header.channel_configuration == 0)
    return unsupported("ADTS with channel configuration 0",
                       "Use a channel configuration from 1 to 7, or stream-format=raw");
  return header;
}

Bytes make_audio_specific_config(const AdtsHeader& header) {
  const unsigned bits = header.object_type << 11 | header.sampling_frequency_index << 7 |
                        header.channel_configuration << 3;
  return {static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
}

}  // namespace rec::codec
