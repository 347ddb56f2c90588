// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: when fragments are cut, what silent, late and absent tracks do to the others, and how
// a recording ends.
#include <set>

#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";

// What is in the object now; the end of the last sample of a video is not known yet.
std::size_t pictures_written(MuxFixture& mux) {
  if (mux.store.keys().empty()) return 0;
  const auto file = mux.store.read(kKey);
  const Mp4Track* video = file.find_track("vide");
  return video ? video->samples.size() : 0;
}

double seconds(const Mp4Track& track, std::uint64_t ticks) {
  return static_cast<double>(ticks) / track.timescale;
}

GstMessage* stopped(MuxFixture& mux) {
  const auto found = mux.messages->named("record-stopped");
  fail_unless_equals_int(found.size(), 1);
  return found[0];
}

}  // namespace

GST_START_TEST(input_that_stops_dead_is_cut_by_the_clock) {
  OneTrack mux(h264());
  Source& video = mux.source;
  for (std::size_t i = 0; i < 10; ++i) video.push(h264()[i], video_pts(i));
  mux.timers->advance(kSecond + kSecond / 2 - 1);
  fail_unless_equals_int(pictures_written(mux), 0);
  mux.timers->advance(1);  // fragment-duration + latency after the first arrived
  fail_unless_equals_int(pictures_written(mux), 9);  // all but the last, whose end is unknown
  mux.timers->advance(3600 * kSecond);
  fail_unless_equals_int(pictures_written(mux), 9);
  // It goes on where it left off; the picture was held for the hour.
  mux.push_video(video, h264(), 3630 * 30, 30);
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks[0].samples.size(), 40);
  const auto& held = file.tracks[0].samples[9];
  fail_unless(seconds(file.tracks[0], held.duration) > 3600, "the picture was not held");
}
GST_END_TEST

GST_START_TEST(an_endless_gop_is_cut_all_the_same) {
  const Encoded& media = endless_gop();
  OneTrack mux(media);
  Source& video = mux.source;
  for (std::size_t i = 0; i < 300; ++i) {
    mux.push_video(video, media, i, 1);
    // Never more in memory than fragment-duration + latency and the last sample.
    fail_unless(i < pictures_written(mux) + 47, "picture %zu is still in memory", i);
  }
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks[0].samples.size(), 300);
  fail_unless(file.fragments.size() >= 10 && file.fragments.size() <= 11, "%zu fragments",
              file.fragments.size());
}
GST_END_TEST

GST_START_TEST(fragments_prefer_key_frames) {
  OneTrack mux(h264());
  Source& video = mux.source;
  for (std::size_t i = 0; i < 300; ++i)  // PTS a little slow: the second ends after the key frame
    fail_unless_equals_int(video.push(h264()[i], i * 33 * GST_MSECOND), GST_FLOW_OK);
  video.eos();
  const auto file = mux.store.read(kKey);
  std::set<std::size_t> seen;
  for (const auto& sample : file.tracks[0].samples)
    if (seen.insert(sample.fragment).second) fail_unless(sample.key, "starts without a key frame");
  fail_unless(seen.size() >= 9);
}
GST_END_TEST

GST_START_TEST(a_pad_that_never_delivers_stops_nobody) {
  const bool starts = __i__ > 0;      // a stream-start came: somebody is there
  const bool negotiated = __i__ > 1;  // caps too
  MuxFixture mux;
  Source video(mux.element());
  Source silent(mux.element());
  mux.play();
  video.start(h264());
  if (starts) silent.open();
  if (negotiated) silent.caps("audio/x-opus,channels=2,channel-mapping-family=0");
  mux.push_video(video, h264(), 0, 300);
  fail_unless(pictures_written(mux) > 300 - 47, "only %zu are written", pictures_written(mux));
  video.eos();
  if (starts) {
    fail_unless_equals_int(mux.store.eos_count(), 0);
    silent.eos();
  }
  fail_unless_equals_int(mux.store.eos_count(), 1);
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 300);
  fail_unless(seconds(*file.find_track("vide"), file.find_track("vide")->end_dts) > 9.99);
}
GST_END_TEST

GST_START_TEST(eos_waits_a_while_for_a_pad_that_was_never_started) {
  MuxFixture mux;
  Source video(mux.element());
  Source nobody(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 10);
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 0);
  mux.timers->advance(2 * kSecond);  // header-timeout
  fail_unless_equals_int(mux.store.eos_count(), 1);
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 10);
}
GST_END_TEST

GST_START_TEST(a_silent_track_rejoins_at_its_time) {
  TwoTracks mux;
  Source& video = mux.video;
  mux.push(0, 2000);
  for (std::size_t i = 60; i < 210; ++i) {  // 5 s without audio
    mux.push_video(video, h264(), i, 1);
    fail_unless(i < pictures_written(mux) + 63, "the silent track holds the video up");
  }
  mux.push(7000, 9000);
  mux.end();
  const auto file = mux.store.read(kKey);
  const Mp4Track& sound = *file.find_track("soun");
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 270);
  fail_unless(file.gaps.empty() && file.overlaps.empty(), "the timeline has holes");
  // 9 s of sound, 5 of them silence; the first packet after the mute is where it belongs.
  fail_unless(seconds(sound, sound.end_dts - sound.dops.pre_skip) == 9.0, "%f s of sound",
              seconds(sound, sound.end_dts - sound.dops.pre_skip));
  const Bytes bytes = mux.store.bytes_of(kKey);
  const ReadMap packet(opus()[7000 / 20]);
  const auto& back = *std::find_if(sound.samples.begin(), sound.samples.end(), [&](const auto& s) {
    return s.dts - sound.dops.pre_skip == 7 * 48000;
  });
  fail_unless_equals_int(back.size, packet.bytes().size());
  fail_unless(std::equal(packet.bytes().begin(), packet.bytes().end(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(back.offset)),
              "another packet than the one that was sent then");
  const auto gaps = mux.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), 1);
  fail_unless_same(text_field(gaps[0], "track"), "sink_1");
  fail_unless_same(text_field(gaps[0], "reason"), "stall");
  fail_unless_equals_uint64(number_field(gaps[0], "start"), 2 * GST_SECOND);
  fail_unless_equals_uint64(number_field(gaps[0], "duration"), 5 * GST_SECOND);
}
GST_END_TEST

GST_START_TEST(a_pad_that_comes_late_is_recorded) {
  OneTrack mux(h264(), "path={stream}-{index}.mp4");
  Source& video = mux.source;
  mux.push_video(video, h264(), 0, 101);
  Source audio(mux.element());
  audio.start(opus());
  mux.push_both(video, h264(), audio, opus(), 3340, 8000);
  video.eos();
  audio.eos();
  std::size_t pictures = 0;
  std::size_t packets = 0;
  for (const auto& key : mux.store.keys())
    for (const auto& track : mux.store.read(key).tracks) {
      (track.video() ? pictures : packets) += track.samples.size();
      if (track.video()) fail_unless(track.samples[0].key, "%s", key.c_str());
    }
  fail_unless_equals_int(pictures, 240);
  fail_unless(packets >= (8000 - 3340) / 20, "only %zu packets", packets);
  fail_unless_equals_int(mux.store.keys().size(), 2);
  fail_unless(mux.store.ended() == mux.store.keys());
}
GST_END_TEST

GST_START_TEST(eos_on_all_tracks_ends_the_recording) {
  TwoTracks mux;
  Source &video = mux.video, &audio = mux.audio;
  mux.push(0, 1500);
  bool ended_before_eos = false;
  mux.store.on_eos = [&] { ended_before_eos = mux.store.ended().size() == 1; };
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 0);
  mux.push_audio(audio, opus(), 75, 100);  // the rest goes on alone
  const guint32 seqnum = audio.eos();
  fail_unless_equals_int(mux.store.eos_count(), 1);
  fail_unless(ended_before_eos, "EOS came before the end of the object");
  fail_unless_equals_int(*mux.store.eos_seqnum(), seqnum);
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 45);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 175);
  fail_unless_equals_int(number_field(stopped(mux), "objects"), 1);
  fail_unless_equals_uint64(number_field(stopped(mux), "bytes"), mux.store.bytes_of(kKey).size());
  fail_unless_equals_int(number_field(stopped(mux), "lost-samples"), 0);
}
GST_END_TEST

GST_START_TEST(eos_without_any_data_ends_too) {
  MuxFixture mux;
  Source video(mux.element());
  Source audio(mux.element());
  mux.play();
  if (__i__ > 0) video.open();
  if (__i__ > 1) video.caps(h264().caps.get());
  if (__i__ == 0) video.open();
  video.eos();
  audio.open();
  const guint32 seqnum = audio.eos();
  fail_unless_equals_int(mux.store.eos_count(), 1);
  fail_unless_equals_int(*mux.store.eos_seqnum(), seqnum);
  fail_unless(mux.store.keys().empty(), "there is nothing to record");
  // A sink knows an end only of a stream that began.
  const auto types = mux.store.event_types();
  fail_unless(types.size() == 4 && types[0] == GST_EVENT_STREAM_START);
}
GST_END_TEST

GST_START_TEST(an_eos_event_for_the_element_ends_it_whatever_the_tracks_do) {
  MuxFixture mux;
  Source video(mux.element());
  Source audio(mux.element());
  Source nobody(mux.element());
  mux.play();
  video.start(h264());
  audio.start(opus());
  mux.push_both(video, h264(), audio, opus(), 0, 1000);
  GstEvent* eos = gst_event_new_eos();
  const guint32 seqnum = gst_event_get_seqnum(eos);
  fail_unless(gst_element_send_event(mux.element(), eos));
  fail_unless_equals_int(mux.store.eos_count(), 1);
  fail_unless_equals_int(*mux.store.eos_seqnum(), seqnum);
  fail_unless_equals_int(mux.store.read(kKey).find_track("vide")->samples.size(), 30);
  const std::size_t units = mux.store.unit_count();
  mux.push_both(video, h264(), audio, opus(), 1000, 5000);  // swallowed
  video.eos();
  audio.eos();
  fail_unless(gst_element_send_event(mux.element(), gst_event_new_eos()));
  fail_unless_equals_int(mux.store.unit_count(), units);
  fail_unless_equals_int(mux.store.eos_count(), 1);
}
GST_END_TEST

GST_START_TEST(an_eos_event_before_the_start_is_refused) {
  MuxFixture mux;
  fail_if(gst_element_send_event(mux.element(), gst_event_new_eos()));
  mux.play();
  fail_unless_equals_int(mux.store.eos_count(), 0);
}
GST_END_TEST

GST_START_TEST(each_run_is_a_recording) {
  MuxFixture mux("path={stream}-{id}.mp4");
  Source video(mux.element());
  for (std::size_t run = 1; run <= 3; ++run) {
    mux.play();
    video.start(h264());
    mux.push_video(video, h264(), 0, 30);
    video.eos();
    fail_unless_equals_int(mux.store.eos_count(), run);
    mux.stop();
    fail_unless_equals_int(mux.store.keys().size(), run);
  }
  const auto keys = mux.store.keys();
  fail_unless_equals_int(std::set<std::string>(keys.begin(), keys.end()).size(), 3);
  for (const auto& key : keys)
    fail_unless_equals_int(mux.store.read(key).tracks[0].samples.size(), 30);
}
GST_END_TEST

GST_START_TEST(releasing_a_pad_ends_its_track_only) {
  OneTrack mux(h264());
  Source& video = mux.source;
  {
    Source audio(mux.element());
    audio.start(opus());
    mux.push_both(video, h264(), audio, opus(), 0, 1000);
  }
  fail_unless_equals_int(mux.store.eos_count(), 0);
  for (std::size_t i = 30; i < 120; ++i) {
    mux.push_video(video, h264(), i, 1);
    // Nobody waits for the track that is gone: no latency.
    fail_unless(i < pictures_written(mux) + 32 + 30, "picture %zu is still held", i);
  }
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 1);
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 120);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 50);
}
GST_END_TEST

GST_START_TEST(releasing_the_pad_that_has_not_ended_ends_the_recording) {
  MuxFixture mux;
  Source video(mux.element());
  auto audio = std::make_unique<Source>(mux.element());
  mux.play();
  video.start(h264());
  audio->start(opus());
  mux.push_both(video, h264(), *audio, opus(), 0, 1000);
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 0);
  audio.reset();
  fail_unless_equals_int(mux.store.eos_count(), 1);
}
GST_END_TEST

static Suite* record_mux_fragments_suite() {
  Suite* suite = suite_create("recordmux fragments");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, input_that_stops_dead_is_cut_by_the_clock);
  tcase_add_test(tests, an_endless_gop_is_cut_all_the_same);
  tcase_add_test(tests, fragments_prefer_key_frames);
  tcase_add_loop_test(tests, a_pad_that_never_delivers_stops_nobody, 0, 3);
  tcase_add_test(tests, eos_waits_a_while_for_a_pad_that_was_never_started);
  tcase_add_test(tests, a_silent_track_rejoins_at_its_time);
  tcase_add_test(tests, a_pad_that_comes_late_is_recorded);
  tcase_add_test(tests, eos_on_all_tracks_ends_the_recording);
  tcase_add_loop_test(tests, eos_without_any_data_ends_too, 0, 3);
  tcase_add_test(tests, an_eos_event_for_the_element_ends_it_whatever_the_tracks_do);
  tcase_add_test(tests, an_eos_event_before_the_start_is_refused);
  tcase_add_test(tests, each_run_is_a_recording);
  tcase_add_test(tests, releasing_a_pad_ends_its_track_only);
  tcase_add_test(tests, releasing_the_pad_that_has_not_ended_ends_the_recording);
  return suite;
}
GST_CHECK_MAIN(record_mux_fragments)
