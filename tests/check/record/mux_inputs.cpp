// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: what may come in. Everything is taken with GST_FLOW_OK; what cannot be recorded is
// reported, dropped and counted, and the other tracks go on.
#include <array>
#include <random>

#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";

// The types of the NAL units of a sample (4-byte lengths, ISO/IEC 14496-15, 5.3.4.2.1).
std::vector<int> nal_types(const Bytes& file, const Mp4Sample& sample) {
  std::vector<int> types;
  for (std::size_t at = sample.offset; at + 4 < sample.offset + sample.size;) {
    const std::size_t size = static_cast<std::size_t>(file[at]) << 24 | file[at + 1] << 16 |
                             file[at + 2] << 8 | file[at + 3];
    types.push_back(file[at + 4] & 0x1f);
    at += 4 + size;
  }
  return types;
}

bool contains(const std::vector<int>& all, int one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::uint64_t sum_of_durations(const Mp4Track& track) {
  std::uint64_t sum = 0;
  for (const auto& sample : track.samples) sum += sample.duration;
  return sum;
}

// Bytes that nobody meant as media; always the same.
Bytes noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace

static const std::array<const char*, 3> kFormats = {"byte-stream", "avc", "avc3"};

GST_START_TEST(h264_of_every_stream_format_is_recorded) {
  const Encoded& media = h264(kFormats[static_cast<std::size_t>(__i__)]);
  OneTrack mux(media);
  Source& video = mux.source;
  mux.push_video(video, media, 0, 60);
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, "avc3");
  fail_unless_equals_int(track.width, 64);
  fail_unless_equals_int(track.height, 48);
  fail_unless_equals_int(track.samples.size(), 60);
  fail_unless_equals_uint64(sum_of_durations(track), 2 * track.timescale);
  const Bytes bytes = mux.store.bytes_of(kKey);
  for (std::size_t i = 0; i < track.samples.size(); ++i) {
    fail_unless_equals_int(track.samples[i].key, i % 30 == 0);
    if (!track.samples[i].key) continue;
    const auto types = nal_types(bytes, track.samples[i]);  // 7.4.1: SPS 7, PPS 8, IDR 5
    fail_unless(contains(types, 7) && contains(types, 8) && contains(types, 5),
                "a key frame without its parameter sets");
  }
}
GST_END_TEST

GST_START_TEST(opus_is_recorded) {
  const int channels = __i__;
  const Encoded& media = opus(channels);
  OneTrack mux(media);
  Source& audio = mux.source;
  mux.push_audio(audio, media, 0, 100);
  audio.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, "Opus");
  fail_unless_equals_int(track.dops.channels, channels);
  fail_unless_equals_int(track.samples.size(), 100);
  for (const auto& sample : track.samples) fail_unless_equals_int(sample.duration, 960);
}
GST_END_TEST

static const std::array<const char*, 18> kUnsupported = {
    "video/x-theora",
    "audio/x-raw,format=S16LE,rate=48000,channels=2",
    "application/x-rtp,media=video,encoding-name=H264",
    "text/plain",
    "video/x-h264,stream-format=byte-stream,alignment=nal",
    "video/x-h264,stream-format=mp4,alignment=au",
    "video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer)01ff",
    "audio/x-opus,channel-mapping-family=1,channels=6",
    "audio/x-opus,streamheader=(buffer)<00112233>",
    "audio/x-opus,streamheader=<(int)1>",
    "video/x-h265,stream-format=byte-stream,alignment=nal",
    "video/x-h265,stream-format=hvc1,alignment=au,codec_data=(buffer)01ff",
    "video/x-vp9,alignment=none",
    "video/x-av1,stream-format=annexb,alignment=tu",
    "video/x-av1,stream-format=obu-stream,alignment=frame",
    "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2",
    "audio/mpeg,mpegversion=4,stream-format=loas,rate=48000,channels=2",
    "audio/x-mulaw,rate=8000,channels=6",
};

GST_START_TEST(unsupported_caps_are_reported_and_dropped) {
  MuxFixture mux;
  Source video(mux.element());
  Source other(mux.element());
  mux.play();
  const Encoded& media = h264();
  video.start(media);
  other.open();
  other.caps(kUnsupported[static_cast<std::size_t>(__i__)]);
  other.segment();
  const std::string reason = text_field(mux.messages->track("sink_1 unsupported"), "reason");
  fail_unless(reason.size() > 10, "no reason: \"%s\"", reason.c_str());
  for (std::size_t i = 0; i < 60; ++i) {
    mux.push_video(video, media, i, 1);
    fail_unless_equals_int(other.push_bytes(noise(100, 1), video_pts(i)), GST_FLOW_OK);
  }
  video.eos();
  fail_unless(mux.store.ended().empty(), "one track has not ended yet");
  other.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  fail_unless_equals_int(file.tracks[0].samples.size(), 60);
  fail_unless_equals_int(mux.track_stat("sink_1", "refused"), 60);
  fail_unless_equals_int(mux.messages->count_track("sink_1 unsupported"), 1);
  fail_unless(mux.messages->of_type(GST_MESSAGE_ERROR).empty());
}
GST_END_TEST

GST_START_TEST(data_without_caps_is_dropped) {
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.open();
  video.segment();
  // The order of events is GStreamer's: what comes after the data comes after a flush.
  for (std::size_t i = 0; i < 5; ++i)
    fail_unless_equals_int(video.push(h264()[i], video_pts(i)), GST_FLOW_OK);
  fail_unless_equals_int(mux.track_stat("sink_0", "refused"), 5);
  video.event(gst_event_new_flush_start());
  video.event(gst_event_new_flush_stop(TRUE));
  video.start(h264());
  mux.push_video(video, h264(), 30, 30);
  video.eos();
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 30);
}
GST_END_TEST

GST_START_TEST(a_new_size_goes_on_in_band) {
  const Encoded& small = h264(kFormats[static_cast<std::size_t>(__i__)], 64, 48);
  const Encoded& large = h264(kFormats[static_cast<std::size_t>(__i__)], 160, 96);
  OneTrack mux(small);
  Source& video = mux.source;
  mux.push_video(video, small, 0, 60);
  video.caps(large.caps.get());
  mux.push_video(video, large, 60, 60);
  video.eos();
  fail_unless_equals_int(mux.store.keys().size(), 1);
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  fail_unless_equals_int(file.tracks[0].samples.size(), 120);
  const auto types = nal_types(mux.store.bytes_of(kKey), file.tracks[0].samples[60]);
  fail_unless(contains(types, 7) && contains(types, 8), "the new size is not in band");
  fail_unless_equals_int(mux.messages->count_track("sink_0 unsupported"), 0);
}
GST_END_TEST

GST_START_TEST(another_codec_and_back) {
  TwoTracks mux("path={stream}-{index}.mp4");
  Source &video = mux.video, &audio = mux.audio;
  mux.push(0, 1000);
  video.caps("video/x-theora");
  fail_unless_equals_int(mux.messages->count_track("sink_0 unsupported"), 1);
  for (std::size_t ms = 1000; ms < 2000; ms += 20) {
    fail_unless_equals_int(video.push_bytes(noise(50, 2), ms * GST_MSECOND), GST_FLOW_OK);
    mux.push_audio(audio, opus(), ms / 20, 1);
  }
  video.caps(h264().caps.get());
  mux.push(2000, 5000);
  mux.end();
  std::size_t pictures = 0;
  std::size_t packets = 0;
  for (const auto& key : mux.store.keys())
    for (const auto& track : mux.store.read(key).tracks)
      (track.video() ? pictures : packets) += track.samples.size();
  fail_unless_equals_int(pictures, 30 + 90);
  fail_unless_equals_int(packets, 250);
  fail_unless_equals_int(mux.store.ended().size(), mux.store.keys().size());
}
GST_END_TEST

GST_START_TEST(damaged_media_never_hurts) {
  TwoTracks mux;
  Source &video = mux.video, &audio = mux.audio;
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto seed = static_cast<unsigned>(i);
    fail_unless_equals_int(video.push_bytes(noise(i % 300, seed), audio_pts(i)), GST_FLOW_OK);
    fail_unless_equals_int(audio.push(opus()[i], audio_pts(i)), GST_FLOW_OK);
    mux.timers->advance(20 * kMillisecond);
  }
  mux.end();
  fail_unless(mux.messages->of_type(GST_MESSAGE_ERROR).empty());
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 2000);
  // Once, not for each of them.
  fail_unless_equals_int(mux.messages->count_track("sink_0 damaged"), 1);
}
GST_END_TEST

GST_START_TEST(pictures_before_a_key_frame_are_dropped_and_one_is_asked_for) {
  OneTrack mux(h264());
  Source& video = mux.source;
  // A minute without any key frame: asked twice a second, and never given up.
  std::size_t pushed = 0;
  for (; pushed < 1800; ++pushed) {
    const std::size_t other = pushed % 29 + 1;  // never a multiple of 30
    fail_unless_equals_int(video.push(h264()[other], video_pts(pushed)), GST_FLOW_OK);
    mux.timers->advance(kSecond / 30);
  }
  fail_unless_equals_int(mux.track_stat("sink_0", "before-key-frame"), 1800);
  const int asked = video.key_frame_requests();
  fail_unless(asked >= 110 && asked <= 120, "asked %d times in 60 s", asked);
  const auto messages = mux.messages->named("record-keyframe-requested");
  fail_unless_equals_int(messages.size(), asked);
  fail_unless_same(text_field(messages[0], "track"), "sink_0");
  fail_unless_same(text_field(messages[0], "reason"), "start");
  fail_unless(mux.store.keys().empty(), "there is nothing to write yet");

  mux.push_video(video, h264(), pushed, 60);  // 1800 is a multiple of 30: a key frame
  fail_unless_equals_int(video.key_frame_requests(), asked);
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks[0].samples.size(), 60);
  fail_unless(file.tracks[0].samples[0].key);
  fail_unless_equals_int(mux.track_stat("sink_0", "samples"), 60);
}
GST_END_TEST

static Suite* record_mux_inputs_suite() {
  Suite* suite = suite_create("recordmux inputs");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, h264_of_every_stream_format_is_recorded, 0, kFormats.size());
  tcase_add_loop_test(tests, opus_is_recorded, 1, 3);
  tcase_add_loop_test(tests, unsupported_caps_are_reported_and_dropped, 0, kUnsupported.size());
  tcase_add_test(tests, data_without_caps_is_dropped);
  tcase_add_loop_test(tests, a_new_size_goes_on_in_band, 0, kFormats.size());
  tcase_add_test(tests, another_codec_and_back);
  tcase_add_test(tests, damaged_media_never_hurts);
  tcase_add_test(tests, pictures_before_a_key_frame_are_dropped_and_one_is_asked_for);
  return suite;
}
GST_CHECK_MAIN(record_mux_inputs)
