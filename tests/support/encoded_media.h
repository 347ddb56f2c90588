// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Real encoded media for element tests: made once by GStreamer's own encoders.
#pragma once

#include <gst/gst.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "gst/common/handles.h"

namespace rec::test {

struct Encoded {
  Ref<GstCaps> caps;
  std::vector<Ref<GstBuffer>> buffers;  // in decode order

  GstBuffer* operator[](std::size_t i) const { return buffers[i % buffers.size()].get(); }
  std::size_t size() const { return buffers.size(); }
};

// What comes out of `launch`, a pipeline without its sink.
inline Encoded run_encoder(const std::string& launch) {
  Encoded out;
  const auto pipeline = adopt_floating(
      gst_parse_launch((launch + " ! appsink name=out sync=false").c_str(), nullptr));
  if (!pipeline) g_error("no pipeline: %s", launch.c_str());
  const auto sink = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  for (;;) {
    GstSample* sample = nullptr;
    g_signal_emit_by_name(sink.get(), "pull-sample", &sample);
    if (!sample) break;
    if (!out.caps) out.caps = share(gst_sample_get_caps(sample));
    out.buffers.push_back(share(gst_sample_get_buffer(sample)));
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (out.buffers.empty()) g_error("nothing came out of %s", launch.c_str());
  return out;
}

// One for each launch line and process.
inline const Encoded& encoded(const std::string& launch) {
  static std::mutex lock;
  static std::map<std::string, Encoded> made;
  std::lock_guard l(lock);
  auto [place, fresh] = made.try_emplace(launch);
  if (fresh) place->second = run_encoder(launch);
  return place->second;
}

// 90 pictures at 30 a second, a key frame each second.
inline std::string h264_launch(const std::string& format, int width = 64, int height = 48) {
  return "videotestsrc num-buffers=90 ! video/x-raw,format=I420,framerate=30/1,width=" +
         std::to_string(width) + ",height=" + std::to_string(height) +
         " ! x264enc tune=zerolatency threads=1 key-int-max=30 bitrate=64 option-string=scenecut=0 "
         "! h264parse config-interval=" +
         (format == "byte-stream" ? "-1" : "0") +
         " ! video/x-h264,alignment=au,stream-format=" + format;
}
inline const Encoded& h264(const std::string& format = "byte-stream", int width = 64,
                           int height = 48) {
  return encoded(h264_launch(format, width, height));
}

// Likewise, of every codec: "h265", "vp8", "vp9", "av1".
inline std::string video_launch(const std::string& codec, int width = 64, int height = 48) {
  static const std::map<std::string, std::string> encoders = {
      {"h264",
       "x264enc tune=zerolatency threads=1 key-int-max=30 bitrate=64 "
       "option-string=scenecut=0 ! h264parse config-interval=-1 ! "
       "video/x-h264,alignment=au,stream-format=byte-stream"},
      {"h265",
       "x265enc tune=zerolatency key-int-max=30 bitrate=64 log-level=none "
       "option-string=scenecut=0:pools=1:frame-threads=1 ! h265parse config-interval=-1 ! "
       "video/x-h265,alignment=au,stream-format=byte-stream"},
      {"vp8", "vp8enc deadline=1 cpu-used=8 lag-in-frames=0 keyframe-max-dist=30"},
      {"vp9", "vp9enc deadline=1 cpu-used=8 lag-in-frames=0 keyframe-max-dist=30 ! vp9parse"},
      {"av1",
       "av1enc usage-profile=realtime cpu-used=8 lag-in-frames=0 keyframe-max-dist=30 ! "
       "av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu"}};
  return "videotestsrc num-buffers=90 ! video/x-raw,format=I420,framerate=30/1,width=" +
         std::to_string(width) + ",height=" + std::to_string(height) + " ! " + encoders.at(codec);
}

// 300 pictures of which only the first is a key frame, as WebRTC senders do.
inline const Encoded& endless_gop() {
  return encoded(
      "videotestsrc num-buffers=300 ! video/x-raw,format=I420,framerate=30/1,width=64,height=48 ! "
      "x264enc tune=zerolatency threads=1 key-int-max=100000 option-string=scenecut=0 ! h264parse "
      "! video/x-h264,alignment=au,stream-format=avc");
}
// 60 pictures at about 8 Mbit/s, a key frame each second.
inline const Encoded& heavy_h264() {
  return encoded(
      "videotestsrc num-buffers=60 pattern=snow ! video/x-raw,format=I420,framerate=30/1,"
      "width=320,height=240 ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 "
      "key-int-max=30 bitrate=8000 option-string=scenecut=0 ! h264parse config-interval=-1 ! "
      "video/x-h264,alignment=au,stream-format=byte-stream");
}

// 150 packets of 20 ms.
inline std::string opus_launch(int channels = 2) {
  return "audiotestsrc num-buffers=150 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=" +
         std::to_string(channels) + " ! opusenc";
}
inline const Encoded& opus(int channels = 2) { return encoded(opus_launch(channels)); }

// About 3 s of sound: "aac-raw", "aac-adts" in frames of 1024 samples at 48 kHz, "pcmu", "pcma" in
// packets of 20 ms at 8 kHz. "he-aac" is a core of 24 kHz whose configuration announces SBR:
// without its data a decoder doubles the rate all the same (ISO/IEC 14496-3, 4.6.18.2.6).
inline std::string audio_launch(const std::string& codec) {
  static const std::string kAac =
      "audiotestsrc num-buffers=140 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! "
      "avenc_aac ! aacparse ! audio/mpeg,mpegversion=4,stream-format=";
  static const std::string kG711 =
      "audiotestsrc num-buffers=150 samplesperbuffer=160 ! "
      "audio/x-raw,format=S16LE,rate=8000,channels=1 ! ";
  static const std::string kHeAac =
      "audiotestsrc num-buffers=75 samplesperbuffer=1024 ! audio/x-raw,rate=24000,channels=2 ! "
      "avenc_aac ! aacparse ! audio/mpeg,mpegversion=4,stream-format=raw ! "
      "capssetter caps=audio/mpeg,codec_data=(buffer)2b118800";
  static const std::map<std::string, std::string> launches = {{"aac-raw", kAac + "raw"},
                                                              {"he-aac", kHeAac},
                                                              {"aac-adts", kAac + "adts"},
                                                              {"pcmu", kG711 + "mulawenc"},
                                                              {"pcma", kG711 + "alawenc"}};
  return launches.at(codec);
}

// The same as RTP, in packets of at most 300 bytes.
inline const Encoded& rtp_h264() {
  return encoded(h264_launch("byte-stream") + " ! rtph264pay mtu=300 ssrc=1111 pt=96");
}
inline const Encoded& rtp_opus() {
  return encoded(opus_launch() + " ! rtpopuspay ssrc=2222 pt=97");
}

}  // namespace rec::test
