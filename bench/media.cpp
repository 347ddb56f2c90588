// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/media.h"

#include <gst/app/gstappsink.h>

#include <algorithm>

namespace rec::bench {
namespace {

void encode_track(int track, const std::string& description, Media& media) {
  g_autoptr(GError) error = nullptr;
  const auto pipeline = adopt_floating(gst_parse_launch(
      (description + " ! appsink name=out sync=false max-buffers=100").c_str(), &error));
  if (error) {
    g_printerr("The media cannot be encoded: %s\n", error->message);
    return;
  }
  const auto sink = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink.get()))) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    g_autofree gchar* caps = gst_caps_to_string(gst_sample_get_caps(sample));
    media.caps[static_cast<std::size_t>(track)] = caps;
    media.packets.push_back({.track = track,
                             .time = GST_BUFFER_PTS(buffer),
                             .duration = GST_BUFFER_DURATION(buffer),
                             .key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT),
                             .bytes = Memory(gst_buffer_get_all_memory(buffer))});
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

// Times on the grid of the track, from 0: what encoders add (a second of offset, a pre-skip) would
// be a hole wherever the loop begins again.
void number_times(Media& media, int track, GstClockTime step) {
  GstClockTime time = 0;
  for (Packet& p : media.packets) {
    if (p.track != track) continue;
    p.time = time;
    p.duration = step;
    time += step;
  }
}

}  // namespace

Media encode(const Encoding& encoding) {
  constexpr GstClockTime kFrame = GST_SECOND / 30;
  constexpr GstClockTime kPacket = 20 * GST_MSECOND;
  Media media;
  // Noise needs all the bits that it is given. A key frame every 2 s.
  encode_track(kVideo,
               "videotestsrc pattern=snow num-buffers=" + std::to_string(30 * encoding.seconds) +
                   " ! video/x-raw,width=640,height=360,framerate=30/1 ! x264enc "
                   "tune=zerolatency speed-preset=ultrafast key-int-max=60 bitrate=" +
                   std::to_string(encoding.kbits_per_second) +
                   " ! h264parse config-interval=-1 ! video/x-h264,alignment=au,stream-format=" +
                   encoding.stream_format,
               media);
  encode_track(kAudio,
               "audiotestsrc wave=ticks samplesperbuffer=960 num-buffers=" +
                   std::to_string(50 * encoding.seconds) +
                   " ! audio/x-raw,rate=48000,channels=2 ! opusenc bitrate=64000 bitrate-type=cbr",
               media);
  // As rtpopusdepay says it: no header, so no pre-skip.
  media.caps[kAudio] = "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0";
  number_times(media, kVideo, kFrame);
  number_times(media, kAudio, kPacket);
  // opusenc flushes one packet more than it was given.
  media.duration = encoding.seconds * GST_SECOND;
  std::erase_if(media.packets, [&](const Packet& p) { return p.time >= media.duration; });
  std::stable_sort(media.packets.begin(), media.packets.end(),
                   [](const Packet& a, const Packet& b) { return a.time < b.time; });
  return media;
}

std::uint64_t Media::bytes(int track) const {
  std::uint64_t sum = 0;
  for (const Packet& p : packets)
    if (p.track == track) sum += gst_memory_get_sizes(p.bytes.get(), nullptr, nullptr);
  return sum;
}

Ref<GstBuffer> buffer_of(const Packet& packet, GstClockTime turn_start) {
  auto buffer = adopt(gst_buffer_new());
  gst_buffer_append_memory(buffer.get(), gst_memory_ref(packet.bytes.get()));
  GST_BUFFER_PTS(buffer.get()) = GST_BUFFER_DTS(buffer.get()) = turn_start + packet.time;
  GST_BUFFER_DURATION(buffer.get()) = packet.duration;
  if (!packet.key) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

}  // namespace rec::bench
