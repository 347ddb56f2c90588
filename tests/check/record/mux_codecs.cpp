// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: every codec from caps to file. The strict reader accepts the file, and ffmpeg decodes
// all of it.
#include <array>
#include <fstream>

#include "tests/check/record/mux_fixture.h"
#include "tests/check/record/pipeline_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";

struct VideoCodec {
  const char* name;
  const char* entry;
};
constexpr std::array<VideoCodec, 4> kVideo = {
    {{"h265", "hev1"}, {"vp8", "vp08"}, {"vp9", "vp09"}, {"av1", "av01"}}};

struct AudioCodec {
  const char* name;
  const char* entry;
  std::uint32_t rate;    // Hz
  std::uint32_t packet;  // samples
  std::size_t a_second;  // packets, the last one not whole
};
constexpr std::array<AudioCodec, 4> kAudio = {{{"aac-raw", "mp4a", 48000, 1024, 46},
                                               {"aac-adts", "mp4a", 48000, 1024, 46},
                                               {"pcmu", "ulaw", 8000, 160, 50},
                                               {"pcma", "alaw", 8000, 160, 50}}};

const VideoCodec& video_codec(int i) { return kVideo[static_cast<std::size_t>(i)]; }
const AudioCodec& audio_codec(int i) { return kAudio[static_cast<std::size_t>(i)]; }

// The object as a file, for ffmpeg.
std::string saved(MuxFixture& mux, const TemporaryDirectory& dir, const std::string& key) {
  const Bytes bytes = mux.store.bytes_of(key);
  std::ofstream out(dir / key, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  return dir / key;
}

// Packets of a codec that is sent in `packet` samples, from number `from` on.
void push_sound(MuxFixture& mux, Source& source, const AudioCodec& codec, const Encoded& media,
                std::size_t from, std::size_t count) {
  for (std::size_t i = from; i < from + count; ++i) {
    const GstClockTime pts = gst_util_uint64_scale(i * codec.packet, GST_SECOND, codec.rate);
    fail_unless_equals_int(source.push(media[i], pts), GST_FLOW_OK);
    mux.timers->advance(kSecond * codec.packet / codec.rate);
  }
}

}  // namespace

GST_START_TEST(video_is_recorded_and_decodes) {
  const VideoCodec& codec = video_codec(__i__);
  const Encoded& media = encoded(video_launch(codec.name));
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& video = mux.source;
  mux.push_video(video, media, 0, 90);
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, codec.entry);
  fail_unless_equals_int(track.width, 64);
  fail_unless_equals_int(track.height, 48);
  fail_unless_equals_int(track.samples.size(), 90);
  for (std::size_t i = 0; i < 90; ++i) fail_unless_equals_int(track.samples[i].key, i % 30 == 0);
  fail_unless_equals_int(decoded_pictures(saved(mux, dir, kKey)), 90);
}
GST_END_TEST

GST_START_TEST(h265_of_every_stream_format_is_recorded) {
  const char* const format = __i__ == 0 ? "hvc1" : "hev1";
  const Encoded& media =
      encoded(video_launch("h265") + " ! h265parse ! video/x-h265,stream-format=" + format);
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& video = mux.source;
  mux.push_video(video, media, 0, 90);
  video.eos();
  fail_unless_same(mux.store.read(kKey).tracks[0].entry, "hev1");
  fail_unless_equals_int(decoded_pictures(saved(mux, dir, kKey)), 90);
}
GST_END_TEST

// Pictures that are shown in another order than they are sent have only PTS here, as over RTP.
GST_START_TEST(h265_pictures_are_shown_in_their_order) {
  const Encoded& media = encoded(
      "videotestsrc num-buffers=60 ! video/x-raw,format=I420,framerate=30/1,width=64,height=48 ! "
      "x265enc key-int-max=30 bitrate=64 log-level=none "
      "option-string=bframes=2:b-adapt=0:open-gop=0:scenecut=0:pools=1:frame-threads=1 ! h265parse "
      "config-interval=-1 ! video/x-h265,alignment=au,stream-format=byte-stream");
  OneTrack mux(media);
  Source& video = mux.source;
  for (std::size_t i = 0; i < 60; ++i) {
    const GstClockTime pts = GST_BUFFER_PTS(media[i]) - GST_BUFFER_PTS(media[0]);
    fail_unless_equals_int(video.push(media[i], pts), GST_FLOW_OK);
    mux.timers->advance(kSecond / 30);
  }
  video.eos();
  const auto file = mux.store.read(kKey);
  std::set<std::int64_t> shown;  // whole pictures: a tick may be missing
  for (const auto& sample : file.tracks[0].samples)
    shown.insert((static_cast<std::int64_t>(sample.dts) + sample.cts_offset + 1500) / 3000);
  fail_unless_equals_int(shown.size(), 60);
  fail_unless_equals_int64(*shown.rbegin() - *shown.begin(), 59);
}
GST_END_TEST

GST_START_TEST(a_new_size_goes_on_in_band) {
  const VideoCodec& codec = video_codec(__i__);
  const Encoded& small = encoded(video_launch(codec.name));
  const Encoded& large = encoded(video_launch(codec.name, 160, 96));
  const TemporaryDirectory dir;
  OneTrack mux(small);
  Source& video = mux.source;
  mux.push_video(video, small, 0, 60);
  video.caps(large.caps.get());
  mux.push_video(video, large, 60, 60);
  video.eos();
  fail_unless_equals_int(mux.store.keys().size(), 1);
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 120);
  fail_unless_equals_int(mux.messages->count_track("sink_0 unsupported"), 0);
  const std::string sizes =
      ffprobe("-select_streams v -show_entries frame=width -of csv=p=0", saved(mux, dir, kKey));
  std::map<std::string, int> widths;
  std::istringstream lines(sizes);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) ++widths[line.substr(0, line.find(','))];
  fail_unless_equals_int(widths["64"], 60);
  fail_unless_equals_int(widths["160"], 60);
}
GST_END_TEST

// While a file is open, and before there is one.
GST_START_TEST(another_video_codec_opens_a_new_file_at_its_key_frame) {
  const std::size_t change = __i__ == 0 ? 45 : 15;
  const Encoded& vp8 = encoded(video_launch("vp8"));
  const TemporaryDirectory dir;
  OneTrack mux(h264(), "path={stream}-{index}.mp4");
  Source& video = mux.source;
  mux.push_video(video, h264(), 0, change);
  video.caps(vp8.caps.get());
  mux.push_video(video, vp8, change, 45);  // its next key frame is 15 pictures later
  video.eos();
  const auto keys = mux.store.keys();
  fail_unless_equals_int(keys.size(), 2);
  const auto before = mux.store.read(keys[0]);
  const auto after = mux.store.read(keys[1]);
  fail_unless_same(before.tracks[0].entry, "avc3");
  fail_unless_equals_int(before.tracks.size(), 1);
  fail_unless_equals_int(before.tracks[0].samples.size(), change);
  fail_unless_equals_int(after.tracks.size(), 1);
  fail_unless_same(after.tracks[0].entry, "vp08");
  fail_unless(after.tracks[0].samples[0].key);
  fail_unless_equals_int(after.tracks[0].samples.size(), 30);
  fail_unless_equals_int(decoded_pictures(saved(mux, dir, keys[0])), change);
  fail_unless_equals_int(decoded_pictures(saved(mux, dir, keys[1])), 30);
}
GST_END_TEST

GST_START_TEST(sound_is_recorded_and_decodes) {
  const AudioCodec& codec = audio_codec(__i__);
  const Encoded& media = encoded(audio_launch(codec.name));
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& audio = mux.source;
  push_sound(mux, audio, codec, media, 0, 100);
  audio.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, codec.entry);
  fail_unless_equals_int(track.timescale, codec.rate);
  fail_unless_equals_int(track.samples.size(), 100);
  for (const auto& sample : track.samples) fail_unless_equals_int(sample.duration, codec.packet);
  fail_unless_equals_int(decoded_sound(saved(mux, dir, kKey)), 100 * codec.packet);
}
GST_END_TEST

// A decoder puts out twice the samples of the core, at twice its rate.
GST_START_TEST(he_aac_is_recorded_at_the_rate_of_its_core) {
  const AudioCodec codec{"he-aac", "mp4a", 24000, 1024, 23};
  const Encoded& media = encoded(audio_launch(codec.name));
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& audio = mux.source;
  push_sound(mux, audio, codec, media, 0, 50);
  audio.eos();
  const auto file = mux.store.read(kKey);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.rfc6381(), "mp4a.40.5");
  fail_unless_equals_int(track.timescale, 24000);
  fail_unless_equals_uint64(track.end_dts, 50 * 1024);
  const std::string path = saved(mux, dir, kKey);
  fail_unless_same(ffprobe("-show_entries stream=sample_rate -of csv=p=0", path), "48000\n");
  fail_unless_equals_int(decoded_sound(path), 2 * 50 * 1024);
}
GST_END_TEST

// After a second of nothing the sound is where it belongs, to less than the shortest packet.
GST_START_TEST(a_hole_is_filled_with_silence) {
  const AudioCodec& codec = audio_codec(__i__);
  const Encoded& media = encoded(audio_launch(codec.name));
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& audio = mux.source;
  push_sound(mux, audio, codec, media, 0, codec.a_second);
  mux.timers->advance(static_cast<Nanos>(codec.a_second * codec.packet) * kSecond / codec.rate);
  push_sound(mux, audio, codec, media, 2 * codec.a_second, codec.a_second);
  audio.eos();
  const auto file = mux.store.read(kKey);
  const Mp4Track& track = file.tracks[0];
  fail_unless_equals_int(track.samples.size(), 3 * codec.a_second);
  fail_unless_equals_uint64(track.end_dts, 3 * codec.a_second * codec.packet);
  fail_unless_equals_int(decoded_sound(saved(mux, dir, kKey)), 3 * codec.a_second * codec.packet);
  const auto gaps = mux.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), 1);
}
GST_END_TEST

// Silence of AAC comes in whole frames: what is left of the hole is left out.
GST_START_TEST(a_hole_in_aac_is_filled_with_whole_frames) {
  const AudioCodec& codec = audio_codec(0);
  const Encoded& media = encoded(audio_launch(codec.name));
  const TemporaryDirectory dir;
  OneTrack mux(media);
  Source& audio = mux.source;
  push_sound(mux, audio, codec, media, 0, 46);
  const GstClockTime resumed = gst_util_uint64_scale(46 * 1024 + 48000, GST_SECOND, 48000);
  mux.timers->advance(kSecond);  // 46.9 frames
  for (std::size_t i = 0; i < 46; ++i) {
    const GstClockTime pts = resumed + gst_util_uint64_scale(i * 1024, GST_SECOND, 48000);
    fail_unless_equals_int(audio.push(media[46 + i], pts), GST_FLOW_OK);
    mux.timers->advance(kSecond * 1024 / 48000);
  }
  audio.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks[0].samples.size(), 3 * 46);
  for (const auto& sample : file.tracks[0].samples) fail_unless_equals_int(sample.duration, 1024);
  fail_unless_equals_int(decoded_sound(saved(mux, dir, kKey)), 3 * 46 * 1024);
}
GST_END_TEST

GST_START_TEST(another_audio_codec_opens_a_new_file_at_the_next_key_frame) {
  const AudioCodec& pcmu = audio_codec(2);
  const Encoded& media = encoded(audio_launch(pcmu.name));
  const TemporaryDirectory dir;
  TwoTracks mux("path={stream}-{index}.mp4");
  Source &video = mux.video, &audio = mux.audio;
  mux.push(0, 1500);
  audio.caps(media.caps.get());
  mux.push_both(video, h264(), audio, media, 1500, 3000);
  mux.end();
  const auto keys = mux.store.keys();
  fail_unless_equals_int(keys.size(), 2);
  const auto before = mux.store.read(keys[0]);
  const auto after = mux.store.read(keys[1]);
  fail_unless_same(before.find_track("soun")->entry, "Opus");
  fail_unless_equals_int(before.find_track("soun")->samples.size(), 75);
  fail_unless_equals_int(before.find_track("vide")->samples.size(), 60);
  fail_unless_same(after.find_track("soun")->entry, "ulaw");
  fail_unless(after.find_track("vide")->samples[0].key);
  fail_unless_equals_int(after.find_track("vide")->samples.size(), 30);
  fail_unless(after.find_track("soun")->samples.size() >= 50);
  fail_unless_equals_int(decoded_pictures(saved(mux, dir, keys[0])), 60);
  decoded_sound(saved(mux, dir, keys[1]));
}
GST_END_TEST

// How AAC is decoded stands in the header of the file alone.
GST_START_TEST(another_rate_of_aac_opens_a_new_file) {
  const AudioCodec& codec = audio_codec(__i__);
  const Encoded& high = encoded(audio_launch(codec.name));
  std::string launch = audio_launch(codec.name);
  launch.replace(launch.find("48000"), 5, "32000");
  const Encoded& low = encoded(launch);
  AudioCodec slow = codec;
  slow.rate = 32000;
  const TemporaryDirectory dir;
  OneTrack mux(high, "path={stream}-{index}.mp4");
  Source& audio = mux.source;
  push_sound(mux, audio, codec, high, 0, 90);
  audio.caps(low.caps.get());
  push_sound(mux, audio, slow, low, 60, 30);  // 1920 ms on
  audio.eos();
  const auto keys = mux.store.keys();
  fail_unless_equals_int(keys.size(), 2);
  for (const auto& [key, rate, count] :
       {std::tuple{keys[0], 48000, 90}, std::tuple{keys[1], 32000, 30}}) {
    const auto file = mux.store.read(key);
    fail_unless_equals_int(file.tracks.size(), 1);
    fail_unless_equals_int(file.tracks[0].timescale, rate);
    fail_unless_equals_int(file.tracks[0].samples.size(), count);
    fail_unless_equals_int(decoded_sound(saved(mux, dir, key)), count * 1024);
  }
}
GST_END_TEST

static Suite* record_mux_codecs_suite() {
  Suite* suite = suite_create("recordmux codecs");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, video_is_recorded_and_decodes, 0, kVideo.size());
  tcase_add_loop_test(tests, h265_of_every_stream_format_is_recorded, 0, 2);
  tcase_add_test(tests, h265_pictures_are_shown_in_their_order);
  tcase_add_loop_test(tests, a_new_size_goes_on_in_band, 0, kVideo.size());
  tcase_add_loop_test(tests, another_video_codec_opens_a_new_file_at_its_key_frame, 0, 2);
  tcase_add_loop_test(tests, sound_is_recorded_and_decodes, 0, kAudio.size());
  tcase_add_test(tests, he_aac_is_recorded_at_the_rate_of_its_core);
  tcase_add_loop_test(tests, a_hole_is_filled_with_silence, 0, kAudio.size());
  tcase_add_test(tests, a_hole_in_aac_is_filled_with_whole_frames);
  tcase_add_test(tests, another_audio_codec_opens_a_new_file_at_the_next_key_frame);
  tcase_add_loop_test(tests, another_rate_of_aac_opens_a_new_file, 0, 2);
  return suite;
}
GST_CHECK_MAIN(record_mux_codecs)
