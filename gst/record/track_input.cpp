// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/track_input.h"

#include "gst/common/handles.h"
#include "gst/record/rtp_meta.h"
#include "lib/codec/h264_stream.h"
#include "lib/codec/opus.h"

namespace rec::record {
namespace {

constexpr std::uint32_t kVideoTimescale = 90000;
constexpr std::uint32_t kOpusTimescale = 48000;
constexpr std::size_t kMaxQuietBytes = 2;  // of a packet in DTX: RFC 6716, 2.1.9; RFC 7587, 3.1.3

class H264Input final : public CodecInput {
 public:
  Medium medium() const override { return Medium::kVideo; }
  const char* codec() const override { return "h264"; }
  const std::optional<TrackConfig>& config() const override { return config_; }

  Status set_caps(const GstStructure* caps) override {
    const char* format = gst_structure_get_string(caps, "stream-format");
    const char* alignment = gst_structure_get_string(caps, "alignment");
    if (alignment && !g_str_equal(alignment, "au"))
      return Error{Error::Kind::kUnsupported,
                   std::string("H.264 with alignment=") + alignment + " is not recorded",
                   "Put h264parse in front: it delivers alignment=au"};
    if (format && !g_str_equal(format, "avc") && !g_str_equal(format, "avc3") &&
        !g_str_equal(format, "byte-stream"))
      return Error{Error::Kind::kUnsupported,
                   std::string("H.264 with stream-format=") + format + " is not recorded",
                   "Put h264parse in front"};
    const bool byte_stream = !format || g_str_equal(format, "byte-stream");
    GstBuffer* codec_data = nullptr;
    gst_structure_get(caps, "codec_data", GST_TYPE_BUFFER, &codec_data, nullptr);
    const auto held = adopt(codec_data);
    const auto kind = byte_stream ? codec::H264Stream::Format::kByteStream
                                  : codec::H264Stream::Format::kLengthPrefixed;
    if (!held) return stream_.set_format(kind, {});
    const ReadMap map(held.get());
    return stream_.set_format(kind, map.bytes());
  }

  Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) override {
    auto unit = stream_.convert(bytes);
    if (!unit) return unit.error();
    if (const auto& h264 = stream_.config(); h264 && (!config_ || unit.value().config_changed))
      config_ = TrackConfig{kVideoTimescale, *h264};
    if (!unit.value().picture) return std::optional<recording::Input>();
    recording::Input input;
    input.key = unit.value().key && !unit.value().beginning_lost;
    if (unit.value().beginning_lost) input.rtp.emplace().damaged = true;
    input.bytes = std::move(unit.value().bytes);
    return std::optional(std::move(input));
  }

 private:
  codec::H264Stream stream_;
  std::optional<TrackConfig> config_;
};

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

}  // namespace

Result<std::unique_ptr<CodecInput>> CodecInput::create(const GstCaps* caps) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  std::unique_ptr<CodecInput> input;
  if (gst_structure_has_name(s, "video/x-h264")) input = std::make_unique<H264Input>();
  if (gst_structure_has_name(s, "audio/x-opus")) input = std::make_unique<OpusInput>();
  if (!input)
    return Error{Error::Kind::kUnsupported,
                 std::string(gst_structure_get_name(s)) + " cannot be recorded as mp4",
                 "Send video/x-h264 or audio/x-opus"};
  if (auto taken = input->set_caps(s); !taken) return taken.error();
  return input;
}

void set_times(recording::Input& input, GstBuffer* buffer, const GstSegment& segment,
               std::uint32_t timescale) {
  const auto running = [&](GstClockTime time) -> std::optional<recording::Nanos> {
    if (!GST_CLOCK_TIME_IS_VALID(time) || segment.format != GST_FORMAT_TIME) return std::nullopt;
    guint64 result = 0;
    const int sign = gst_segment_to_running_time_full(&segment, GST_FORMAT_TIME, time, &result);
    if (sign == 0) return std::nullopt;
    return sign * static_cast<recording::Nanos>(result);
  };
  input.pts = running(GST_BUFFER_PTS(buffer));
  input.dts = running(GST_BUFFER_DTS(buffer));
  if (GST_BUFFER_DURATION_IS_VALID(buffer))
    input.duration_hint =
        recording::to_ticks(static_cast<recording::Nanos>(GST_BUFFER_DURATION(buffer)), timescale);
  const bool damaged = input.rtp && input.rtp->damaged;
  input.rtp.reset();
  input.ntp = ntp_time(buffer);
  if (const auto note = rtp_note(buffer)) {
    input.rtp = note->rtp;
    input.rtp->damaged = damaged;
    input.ntp = note->ntp;
  }
}

}  // namespace rec::record
