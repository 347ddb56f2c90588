// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/video/video.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "gst/record/codec_inputs.h"
#include "lib/codec/av1_stream.h"
#include "lib/codec/h264_stream.h"
#include "lib/codec/h265_stream.h"
#include "lib/codec/vp8_stream.h"
#include "lib/codec/vp9_stream.h"

namespace rec::record {
namespace {

constexpr std::uint32_t kVideoTimescale = 90000;

// What a field of the caps may say; a field that is not there is right.
struct Wanted {
  const char* field;
  std::initializer_list<std::string_view> values;
};

Status check_caps(const GstStructure* caps, const char* name, const char* parser,
                  std::initializer_list<Wanted> all) {
  for (const Wanted& wanted : all) {
    const char* value = gst_structure_get_string(caps, wanted.field);
    if (!value ||
        std::find(wanted.values.begin(), wanted.values.end(), value) != wanted.values.end())
      continue;
    return Error{Error::Kind::kUnsupported,
                 std::string(name) + " with " + wanted.field + "=" + value + " is not recorded",
                 std::string("Put ") + parser + " in front"};
  }
  return ok();
}

template <class Stream>
Status set_nal_format(Stream& stream, const GstStructure* caps) {
  const char* format = gst_structure_get_string(caps, "stream-format");
  const bool byte_stream = !format || g_str_equal(format, "byte-stream");
  return with_codec_data(caps, [&](std::span<const std::uint8_t> data) {
    return stream.set_format(
        byte_stream ? Stream::Format::kByteStream : Stream::Format::kLengthPrefixed, data);
  });
}

struct H264 {
  using Stream = codec::H264Stream;
  static constexpr char kName[] = "h264";
  static Status set_caps(Stream& stream, const GstStructure* caps) {
    if (auto right =
            check_caps(caps, "H.264", "h264parse",
                       {{"stream-format", {"byte-stream", "avc", "avc3"}}, {"alignment", {"au"}}});
        !right)
      return right;
    return set_nal_format(stream, caps);
  }
};

struct H265 {
  using Stream = codec::H265Stream;
  static constexpr char kName[] = "h265";
  static Status set_caps(Stream& stream, const GstStructure* caps) {
    if (auto right =
            check_caps(caps, "H.265", "h265parse",
                       {{"stream-format", {"byte-stream", "hvc1", "hev1"}}, {"alignment", {"au"}}});
        !right)
      return right;
    return set_nal_format(stream, caps);
  }
};

struct Vp8 {
  using Stream = codec::Vp8Stream;
  static constexpr char kName[] = "vp8";
  static Status set_caps(Stream&, const GstStructure*) { return ok(); }
};

struct Vp9 {
  using Stream = codec::Vp9Stream;
  static constexpr char kName[] = "vp9";
  static Status set_caps(Stream& stream, const GstStructure* caps) {
    if (auto right = check_caps(caps, "VP9", "vp9parse", {{"alignment", {"super-frame", "frame"}}});
        !right)
      return right;
    gint numerator = 0;
    gint denominator = 0;
    if (gst_structure_get_fraction(caps, "framerate", &numerator, &denominator) && numerator > 0 &&
        denominator > 0)
      stream.set_frame_rate(
          {static_cast<std::uint32_t>(numerator), static_cast<std::uint32_t>(denominator)});
    return ok();
  }
};

struct Av1 {
  using Stream = codec::Av1Stream;
  static constexpr char kName[] = "av1";
  static Status set_caps(Stream& stream, const GstStructure* caps) {
    if (auto right = check_caps(caps, "AV1", "av1parse",
                                {{"stream-format", {"obu-stream"}}, {"alignment", {"tu"}}});
        !right)
      return right;
    return with_codec_data(caps, [&](std::span<const std::uint8_t> data) {
      return stream.set_format(Stream::Format::kObuStream, data);
    });
  }
};

PictureFormat picture_of(const GstStructure* caps) {
  PictureFormat picture;
  gint width = 0;
  gint height = 0;
  if (gst_structure_get_fraction(caps, "pixel-aspect-ratio", &width, &height) && width > 0 &&
      height > 0)
    picture.pixel_aspect = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
  const char* colorimetry = gst_structure_get_string(caps, "colorimetry");
  GstVideoColorimetry colour;
  if (colorimetry && gst_video_colorimetry_from_string(&colour, colorimetry))
    picture.colour = {
        static_cast<std::uint8_t>(gst_video_color_primaries_to_iso(colour.primaries)),
        static_cast<std::uint8_t>(gst_video_transfer_function_to_iso(colour.transfer)),
        static_cast<std::uint8_t>(gst_video_color_matrix_to_iso(colour.matrix)),
        colour.range == GST_VIDEO_COLOR_RANGE_0_255};
  return picture;
}

// Of the bitstream.
PictureFormat picture_of(const H264Config& config) { return config.picture; }
PictureFormat picture_of(const H265Config& config) { return config.picture; }
PictureFormat picture_of(const Vp8Config&) { return {}; }
PictureFormat picture_of(const Vp9Config& config) {
  return {{config.primaries, config.transfer, config.matrix, config.full_range}, {}};
}
PictureFormat picture_of(const Av1Config& config) { return {config.colour, {}}; }

template <class Codec>
class VideoInput final : public CodecInput {
 public:
  Medium medium() const override { return Medium::kVideo; }
  const char* codec() const override { return Codec::kName; }
  const std::optional<TrackConfig>& config() const override { return config_; }
  Status set_caps(const GstStructure* caps) override {
    auto taken = Codec::set_caps(stream_, caps);
    if (!taken) return taken;
    of_caps_ = picture_of(caps);
    if (config_) update_config();
    return taken;
  }

  Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) override {
    auto unit = stream_.convert(bytes);
    if (!unit) return unit.error();
    if (stream_.config() && (!config_ || unit.value().config_changed)) update_config();
    if (!unit.value().picture) return std::optional<recording::Input>();
    recording::Input input;
    input.key = unit.value().key;
    if constexpr (requires { unit.value().beginning_lost; }) {
      if (unit.value().beginning_lost) {
        input.key = false;
        input.rtp = recording::Input::Rtp{.damaged = true};
      }
    }
    input.bytes = std::move(unit.value().bytes);
    return std::optional(std::move(input));
  }

 private:
  void update_config() {
    PictureFormat picture = picture_of(*stream_.config());
    if (picture.colour == Colour()) picture.colour = of_caps_.colour;
    if (picture.pixel_aspect == PixelAspect()) picture.pixel_aspect = of_caps_.pixel_aspect;
    config_ = TrackConfig{kVideoTimescale, *stream_.config(), picture};
  }

  typename Codec::Stream stream_;
  PictureFormat of_caps_;
  std::optional<TrackConfig> config_;
};

}  // namespace

std::unique_ptr<CodecInput> make_video_input(const GstStructure* caps) {
  if (gst_structure_has_name(caps, "video/x-h264")) return std::make_unique<VideoInput<H264>>();
  if (gst_structure_has_name(caps, "video/x-h265")) return std::make_unique<VideoInput<H265>>();
  if (gst_structure_has_name(caps, "video/x-vp8")) return std::make_unique<VideoInput<Vp8>>();
  if (gst_structure_has_name(caps, "video/x-vp9")) return std::make_unique<VideoInput<Vp9>>();
  if (gst_structure_has_name(caps, "video/x-av1")) return std::make_unique<VideoInput<Av1>>();
  return nullptr;
}

}  // namespace rec::record
