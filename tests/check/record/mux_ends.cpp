// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: what ends a recording (end-policy), and what a pause of it means.
#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";
constexpr Nanos kHour = 3600 * kSecond;

struct Call : MuxFixture {
  explicit Call(const std::string& properties = {})
      : MuxFixture("path={stream}.mp4 " + properties) {
    play();
    video.start(h264());
    audio.start(opus());
  }
  void push(std::size_t from, std::size_t until) {  // ms
    push_both(video, h264(), audio, opus(), from, until);
  }
  bool ended() { return store.eos_count() > 0; }
  void emit(const char* signal) { g_signal_emit_by_name(element(), signal); }
  bool paused() {
    gboolean value = FALSE;
    fail_unless(gst_structure_get_boolean(stats().get(), "paused", &value), "no stat paused");
    return value;
  }
  Source video{element()};
  Source audio{element()};
};

// What a player shows of the track has no hole, and ends at `seconds`.
void expect_gapless(const Mp4File& file, const char* handler, double seconds) {
  const Mp4Track& track = *file.find_track(handler);
  for (std::size_t i = 1; i < track.samples.size(); ++i) {
    const auto& before = track.samples[i - 1];
    fail_unless_equals_uint64(track.samples[i].dts, before.dts + before.duration);
    fail_unless(before.duration <= track.timescale / 20, "sample %zu is too long", i - 1);
  }
  const double end = static_cast<double>(track.end_dts) / track.timescale;
  fail_unless(end > seconds - 0.05 && end < seconds + 0.05, "%s ends at %f s", handler, end);
}

}  // namespace

// --- end-policy ---------------------------------------------------------------------------------

GST_START_TEST(by_default_the_last_track_ends_it) {
  Call call;
  call.push(0, 1000);
  __i__ == 0 ? static_cast<void>(call.video.eos()) : call.video.release();
  call.timers->advance(kHour);
  fail_if(call.ended());
  call.push_audio(call.audio, opus(), 50, 50);
  call.audio.eos();
  fail_unless(call.ended());
  fail_unless_equals_int(call.store.read(kKey).find_track("soun")->samples.size() >= 100, true);
}
GST_END_TEST

GST_START_TEST(with_first_track_the_first_one_ends_it) {
  Call call("end-policy=first-track");
  call.push(0, 1000);
  __i__ == 0 ? static_cast<void>(call.video.eos()) : call.video.release();
  fail_unless(call.ended());
  fail_unless(call.store.ended() == std::vector<std::string>{kKey});
  call.push_audio(call.audio, opus(), 50, 50);  // taken, and dropped
  const auto file = call.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 30);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 50);
  fail_unless_equals_uint64(call.track_stat("sink_1", "refused"), 50);
}
GST_END_TEST

GST_START_TEST(with_first_track_one_that_had_nothing_ends_nothing) {
  Call call("end-policy=first-track");
  Source silent(call.element());
  Source strange(call.element());
  silent.start(opus());
  strange.open();
  strange.caps("video/x-theora");
  call.push(0, 1000);
  silent.eos();
  strange.eos();
  Source unused(call.element());
  unused.release();
  call.timers->advance(kHour);
  fail_if(call.ended());
  call.audio.eos();
  fail_unless(call.ended());
}
GST_END_TEST

// Each run looks at its own tracks.
GST_START_TEST(with_first_track_the_next_run_starts_afresh) {
  Call call("end-policy=first-track");
  call.push(0, 1000);
  call.video.eos();
  fail_unless_equals_int(call.store.eos_count(), 1);
  call.stop();
  call.store.forget_units();
  call.play();
  call.video.start(h264());
  call.audio.start(opus());
  Source silent(call.element());
  silent.start(opus());
  call.push(0, 1000);
  silent.eos();
  fail_unless_equals_int(call.store.eos_count(), 1);
  call.video.eos();
  fail_unless_equals_int(call.store.eos_count(), 2);
}
GST_END_TEST

GST_START_TEST(with_first_track_nothing_recorded_ends_with_the_last) {
  MuxFixture mux("path={stream}.mp4 end-policy=first-track");
  Source video(mux.element());
  Source audio(mux.element());
  mux.play();
  video.start(h264());
  audio.start(opus());
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 0);
  audio.eos();
  fail_unless_equals_int(mux.store.eos_count(), 1);
}
GST_END_TEST

// How the application ends a recording that no track ends.
static const char* const kEnds[] = {"EOS for the element", "the store is being stopped"};

GST_START_TEST(with_never_only_the_application_ends_it) {
  Call call("end-policy=never");
  call.push(0, 1000);
  call.video.eos();
  call.audio.eos();
  call.timers->advance(kHour);
  fail_if(call.ended());
  fail_unless(call.store.ended().empty());
  // And tracks may come back.
  call.video.start(h264());
  call.push_video(call.video, h264(), 30, 30);
  call.video.release();
  call.audio.release();
  call.timers->advance(kHour);
  fail_if(call.ended());
  if (__i__ == 0)
    fail_unless(gst_element_send_event(call.element(), gst_event_new_eos()));
  else
    fail_unless(call.store.send(make_finish()));
  fail_unless(call.ended(), "%s did not end it", kEnds[__i__]);
  fail_unless_equals_int(call.store.read(kKey).find_track("vide")->samples.size(), 60);
}
GST_END_TEST

// --- pause and resume ---------------------------------------------------------------------------

GST_START_TEST(what_comes_in_a_pause_is_not_recorded_and_leaves_no_hole) {
  Call call;
  call.push(0, 1000);
  call.emit("pause");
  fail_unless(call.paused());
  call.push(1000, 3000);  // expects GST_FLOW_OK
  fail_unless_equals_uint64(call.track_stat("sink_0", "samples"), 30);
  fail_unless_equals_uint64(call.track_stat("sink_0", "paused"), 60);
  fail_unless_equals_uint64(call.track_stat("sink_1", "samples"), 50);
  fail_unless_equals_uint64(call.track_stat("sink_1", "paused"), 100);
  const int asked = call.video.key_frame_requests();
  call.emit("resume");
  fail_if(call.paused());
  fail_unless_equals_int(call.video.key_frame_requests(), asked + 1);
  call.push(3000, 4000);
  call.video.eos();
  call.audio.eos();
  const auto file = call.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 60);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 100);
  expect_gapless(file, "vide", 2.0);
  expect_gapless(file, "soun", 2.0);
  // Its wall clock knows of the pause.
  const ObjectInfo last = call.store.unit(call.store.unit_count() - 1).info;
  fail_unless_equals_uint64(last.duration, 2 * GST_SECOND);
  fail_unless_equals_uint64(last.end_utc - last.start_utc, 4 * GST_SECOND);
}
GST_END_TEST

GST_START_TEST(a_pause_is_no_stall) {
  Call call("track-timeout=1000000000");
  call.push(0, 1000);
  call.emit("pause");
  call.push(1000, 4000);
  call.timers->advance(10 * kSecond);
  call.emit("resume");
  call.push(14000, 15000);
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), 0);
  fail_unless_equals_int(call.messages->count_track("sink_1 stalled"), 0);
}
GST_END_TEST

GST_START_TEST(each_signal_counts_once) {
  Call call;
  call.emit("resume");  // it is not paused
  call.push(0, 1000);
  call.emit("pause");
  call.push(1000, 2000);
  call.emit("pause");
  call.push(2000, 3000);
  fail_unless_equals_uint64(call.track_stat("sink_1", "paused"), 100);
  const int asked = call.video.key_frame_requests();
  call.emit("resume");
  call.emit("resume");
  fail_unless_equals_int(call.video.key_frame_requests(), asked + 1);
  call.push(3000, 4000);
  call.video.eos();
  call.audio.eos();
  const auto file = call.store.read(kKey);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 100);
  expect_gapless(file, "soun", 2.0);
}
GST_END_TEST

// In NULL and READY there is nothing to pause: the recording then starts as ever.
GST_START_TEST(a_pause_before_the_start_is_forgotten) {
  MuxFixture mux;
  g_signal_emit_by_name(mux.element(), "pause");
  mux.state(GST_STATE_READY);
  g_signal_emit_by_name(mux.element(), "pause");
  g_signal_emit_by_name(mux.element(), "resume");
  g_signal_emit_by_name(mux.element(), "pause");
  Source audio(mux.element());
  mux.play();
  audio.start(opus());
  mux.push_audio(audio, opus(), 0, 50);
  audio.eos();
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 50);
}
GST_END_TEST

// Between the start and the first sample it counts: nothing is begun before it is resumed.
GST_START_TEST(a_pause_before_the_first_sample_delays_the_beginning) {
  Call call;
  call.emit("pause");
  call.push(0, 3000);
  call.timers->advance(kSecond);
  fail_unless_equals_int(call.store.unit_count(), 0);
  fail_unless_equals_uint64(call.track_stat("sink_0", "paused"), 90);
  fail_unless_equals_int(call.messages->named("record-keyframe-requested").size(), 0);
  call.emit("resume");
  call.push(3000, 5000);
  call.video.eos();
  call.audio.eos();
  const auto file = call.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 60);
  expect_gapless(file, "vide", 2.0);
  expect_gapless(file, "soun", 2.0);
}
GST_END_TEST

// The same for a video of which not even the parameter sets have come.
GST_START_TEST(in_a_pause_no_key_frame_is_asked_for) {
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  g_signal_emit_by_name(mux.element(), "pause");
  mux.push_video(video, h264(), 1, 29);
  fail_unless_equals_int(video.key_frame_requests(), 0);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "paused"), 29);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "before-key-frame"), 0);
  g_signal_emit_by_name(mux.element(), "resume");
  mux.push_video(video, h264(), 1, 29);
  fail_unless_equals_int(video.key_frame_requests(), 2);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "before-key-frame"), 29);
}
GST_END_TEST

GST_START_TEST(a_recording_may_end_in_a_pause) {
  Call call;
  call.push(0, 1000);
  call.emit("pause");
  call.push(1000, 2000);
  call.video.eos();
  call.audio.eos();
  fail_unless(call.ended());
  fail_if(call.paused());
  const auto file = call.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 30);
  expect_gapless(file, "soun", 1.0);
  // After the end nothing happens any more.
  const std::size_t units = call.store.unit_count();
  call.messages->clear();
  call.emit("resume");
  call.emit("pause");
  fail_if(call.paused());
  call.timers->advance(10 * kSecond);
  fail_unless_equals_int(call.store.unit_count(), units);
  fail_unless(call.messages->of_type(GST_MESSAGE_ELEMENT).empty());
  fail_unless_equals_int(call.store.eos_count(), 1);
  // The next run is not paused.
  call.stop();
  call.store.forget_units();
  call.play();
  call.audio.start(opus());
  call.video.start(h264());
  call.push(0, 1000);
  call.video.eos();
  call.audio.eos();
  fail_unless_equals_int(call.store.read(kKey).find_track("soun")->samples.size(), 50);
}
GST_END_TEST

// A sink in preroll must not block who emits the signal.
GST_START_TEST(a_signal_in_paused_pushes_nothing) {
  Call call;
  call.push(0, 1500);
  call.state(GST_STATE_PAUSED);
  const std::size_t units = call.store.unit_count();
  call.timers->advance(10 * kSecond);  // cut, and held back
  call.emit("pause");
  call.emit("resume");
  fail_unless_equals_int(call.store.unit_count(), units);
  call.play();
  call.timers->advance(0);
  fail_unless(call.store.unit_count() > units);
}
GST_END_TEST

static Suite* record_mux_ends_suite() {
  Suite* suite = suite_create("recordmux: ends and pauses");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, by_default_the_last_track_ends_it, 0, 2);
  tcase_add_loop_test(tests, with_first_track_the_first_one_ends_it, 0, 2);
  tcase_add_test(tests, with_first_track_one_that_had_nothing_ends_nothing);
  tcase_add_test(tests, with_first_track_the_next_run_starts_afresh);
  tcase_add_test(tests, with_first_track_nothing_recorded_ends_with_the_last);
  tcase_add_loop_test(tests, with_never_only_the_application_ends_it, 0, 2);
  tcase_add_test(tests, what_comes_in_a_pause_is_not_recorded_and_leaves_no_hole);
  tcase_add_test(tests, a_pause_is_no_stall);
  tcase_add_test(tests, each_signal_counts_once);
  tcase_add_test(tests, a_pause_before_the_start_is_forgotten);
  tcase_add_test(tests, a_pause_before_the_first_sample_delays_the_beginning);
  tcase_add_test(tests, in_a_pause_no_key_frame_is_asked_for);
  tcase_add_test(tests, a_recording_may_end_in_a_pause);
  tcase_add_test(tests, a_signal_in_paused_pushes_nothing);
  return suite;
}
GST_CHECK_MAIN(record_mux_ends)
