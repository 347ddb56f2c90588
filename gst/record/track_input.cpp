// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/track_input.h"

#include "gst/common/handles.h"
#include "gst/record/codec_inputs.h"
#include "gst/record/rtp_meta.h"

namespace rec::record {

Result<std::unique_ptr<CodecInput>> CodecInput::create(const GstCaps* caps) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  auto input = make_video_input(s);
  if (!input) input = make_audio_input(s);
  if (!input)
    return Error{Error::Kind::kUnsupported,
                 std::string(gst_structure_get_name(s)) + " cannot be recorded as mp4",
                 "Send H.264, H.265, VP8, VP9, AV1, Opus, AAC or G.711"};
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
