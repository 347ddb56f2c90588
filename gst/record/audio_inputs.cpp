// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/codec_inputs.h"
#include "lib/codec/aac_stream.h"
#include "lib/codec/g711.h"
#include "lib/codec/opus.h"

namespace rec::record {
namespace {

constexpr std::uint32_t kOpusTimescale = 48000;
constexpr std::size_t kMaxQuietBytes = 2;  // of a packet in DTX: RFC 6716, 2.1.9; RFC 7587, 3.1.3

class OpusInput final : public CodecInput {
 public:
  Medium medium() const override { return Medium::kAudio; }
  const char* codec() const override { return "opus"; }
  const std::optional<TrackConfig>& config() const override { return config_; }

  Status set_caps(const GstStructure* caps) override {
    OpusConfig opus;
    const GValue* headers = gst_structure_get_value(caps, "streamheader");
    if (headers && GST_VALUE_HOLDS_ARRAY(headers) && gst_value_array_get_size(headers) > 0) {
      const GValue* head = gst_value_array_get_value(headers, 0);
      if (!GST_VALUE_HOLDS_BUFFER(head) || !gst_value_get_buffer(head))
        return Error{Error::Kind::kInvalidData, "The streamheader of the Opus caps is no buffer",
                     "Put opusparse in front"};
      const ReadMap map(gst_value_get_buffer(head));
      auto parsed = codec::parse_opus_head(map.bytes());
      if (!parsed) return parsed.error();
      opus = parsed.value();
    } else {
      gint family = 0;
      gst_structure_get_int(caps, "channel-mapping-family", &family);
      if (family != 0)
        return Error{Error::Kind::kUnsupported,
                     "Opus with channel-mapping-family=" + std::to_string(family) +
                         " and no streamheader is not recorded",
                     "Put opusparse in front, or send at most two channels"};
      gint channels = 2;
      gst_structure_get_int(caps, "channels", &channels);
      opus.channels = channels == 1 ? 1 : 2;
    }
    config_ = TrackConfig{kOpusTimescale, opus};
    return ok();
  }

  Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) override {
    auto packet = codec::parse_opus_packet(bytes);
    if (!packet) return packet.error();
    recording::Input input;
    input.key = true;
    input.quiet = bytes.size() <= kMaxQuietBytes;
    input.duration = packet.value().samples;
    input.bytes.assign(bytes.begin(), bytes.end());
    return std::optional(std::move(input));
  }

 private:
  std::optional<TrackConfig> config_;
};

// The timescale of the others is their sample rate.
class AacInput final : public CodecInput {
 public:
  Medium medium() const override { return Medium::kAudio; }
  const char* codec() const override { return "aac"; }
  const std::optional<TrackConfig>& config() const override { return config_; }

  Status set_caps(const GstStructure* caps) override {
    using Format = codec::AacStream::Format;
    const char* format = gst_structure_get_string(caps, "stream-format");
    gboolean framed = TRUE;
    gst_structure_get_boolean(caps, "framed", &framed);
    const bool raw = !format || g_str_equal(format, "raw");
    if (!framed || (!raw && !g_str_equal(format, "adts")))
      return Error{Error::Kind::kUnsupported,
                   framed ? std::string("AAC with stream-format=") + format + " is not recorded"
                          : "AAC that is not cut into frames is not recorded",
                   "Put aacparse in front"};
    if (raw && !gst_structure_has_field(caps, "codec_data"))
      return Error{Error::Kind::kUnsupported, "Raw AAC without codec_data cannot be recorded",
                   "Put aacparse in front of what still has ADTS headers"};
    auto taken = with_codec_data(caps, [&](std::span<const std::uint8_t> data) {
      return stream_.set_format(raw ? Format::kRaw : Format::kAdts, data);
    });
    if (taken) update_config();
    return taken;
  }

  Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) override {
    auto frame = stream_.convert(bytes);
    if (!frame) return frame.error();
    if (!config_ || frame.value().config_changed) update_config();
    recording::Input input;
    input.key = true;
    input.duration = stream_.config()->frame_samples;
    input.bytes.assign(frame.value().bytes.begin(), frame.value().bytes.end());
    return std::optional(std::move(input));
  }

 private:
  void update_config() {
    if (const auto& aac = stream_.config()) config_ = TrackConfig{aac->sample_rate, *aac};
  }

  codec::AacStream stream_;
  std::optional<TrackConfig> config_;
};

class G711Input final : public CodecInput {
 public:
  explicit G711Input(bool alaw) : alaw_(alaw) {}
  Medium medium() const override { return Medium::kAudio; }
  const char* codec() const override { return alaw_ ? "pcma" : "pcmu"; }
  const std::optional<TrackConfig>& config() const override { return config_; }

  Status set_caps(const GstStructure* caps) override {
    gint rate = 8000;
    gint channels = 1;
    gst_structure_get_int(caps, "rate", &rate);
    gst_structure_get_int(caps, "channels", &channels);
    if (rate <= 0 || rate > kMaxRate || channels < 1 || channels > 2)
      return Error{Error::Kind::kUnsupported,
                   "G.711 with " + std::to_string(channels) + " channels at " +
                       std::to_string(rate) + " Hz is not recorded",
                   "Send one or two channels at up to 65535 Hz"};
    const G711Config g711{alaw_, static_cast<std::uint8_t>(channels),
                          static_cast<std::uint32_t>(rate)};
    config_ = TrackConfig{g711.sample_rate, g711};
    return ok();
  }

  Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) override {
    const auto& g711 = std::get<G711Config>(config_->codec);
    if (bytes.empty() || bytes.size() % g711.channels != 0)
      return Error{Error::Kind::kInvalidData, "A G.711 packet is not made of whole samples", ""};
    recording::Input input;
    input.key = true;
    input.duration = codec::g711_samples(g711, bytes.size());
    input.bytes.assign(bytes.begin(), bytes.end());
    return std::optional(std::move(input));
  }

 private:
  static constexpr gint kMaxRate = 0xffff;  // Hz, in an AudioSampleEntry: ISO/IEC 14496-12, 12.2.3

  const bool alaw_;
  std::optional<TrackConfig> config_;
};

}  // namespace

std::unique_ptr<CodecInput> make_audio_input(const GstStructure* caps) {
  if (gst_structure_has_name(caps, "audio/x-opus")) return std::make_unique<OpusInput>();
  if (gst_structure_has_name(caps, "audio/x-mulaw")) return std::make_unique<G711Input>(false);
  if (gst_structure_has_name(caps, "audio/x-alaw")) return std::make_unique<G711Input>(true);
  gint version = 0;
  if (gst_structure_has_name(caps, "audio/mpeg") &&
      gst_structure_get_int(caps, "mpegversion", &version) && (version == 2 || version == 4))
    return std::make_unique<AacInput>();
  return nullptr;
}

}  // namespace rec::record
