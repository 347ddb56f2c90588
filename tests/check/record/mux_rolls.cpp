// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: when the next object begins, and that the objects together are the recording.
#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

struct Call : TwoTracks {
  explicit Call(const std::string& properties = {})
      : TwoTracks("path={stream}-{index}.mp4 " + properties) {}
  Mp4File object(int index) { return store.read("stream-" + std::to_string(index) + ".mp4"); }
  // All pictures and packets that were sent, in the order of the objects.
  void expect_all(int objects, std::size_t pictures, std::size_t packets) {
    fail_unless_equals_int(store.ended().size(), objects);
    std::size_t video_samples = 0, audio_samples = 0;
    for (int i = 1; i <= objects; ++i) {
      const auto file = object(i);
      fail_unless(file.gaps.empty() && file.overlaps.empty(), "object %d has holes", i);
      const Mp4Track& pictures_of = *file.find_track("vide");
      fail_unless(pictures_of.samples.front().key, "object %d begins without key frame", i);
      fail_unless_equals_int(pictures_of.samples.front().dts, 0);
      video_samples += pictures_of.samples.size();
      audio_samples += file.find_track("soun")->samples.size();
    }
    fail_unless_equals_int(video_samples, pictures);
    fail_unless_equals_int(audio_samples, packets);
  }
};

double seconds_of(const Mp4File& file) {
  const Mp4Track& track = *file.find_track("vide");
  return static_cast<double>(track.end_dts) / track.timescale;
}

}  // namespace

GST_START_TEST(max_duration_begins_the_next_object_at_a_key_frame) {
  Call call("max-duration=2500000000");
  call.push(0, 9000);
  call.end();
  call.expect_all(3, 270, 450);
  fail_unless_equals_float(seconds_of(call.object(1)), 3.0);  // one key frame a second
  fail_unless_equals_float(seconds_of(call.object(2)), 3.0);
}
GST_END_TEST

GST_START_TEST(max_bytes_begins_the_next_object) {
  Call call("max-bytes=60000");
  call.push(0, 9000);
  call.end();
  const int objects = static_cast<int>(call.store.ended().size());
  fail_unless(objects > 1, "%d objects", objects);
  call.expect_all(objects, 270, 450);
  for (int i = 1; i < objects; ++i) {
    const auto size = call.store.bytes_of("stream-" + std::to_string(i) + ".mp4").size();
    fail_unless(size >= 50'000, "object %d has %zu bytes", i, size);
  }
}
GST_END_TEST

GST_START_TEST(split_now_asks_for_the_key_frame_it_needs) {
  Call call;
  g_signal_emit_by_name(call.element(), "split-now");  // there is no object yet
  call.push(0, 3300);
  const auto before = call.messages->named("record-keyframe-requested").size();
  g_signal_emit_by_name(call.element(), "split-now");
  const auto requests = call.messages->named("record-keyframe-requested");
  fail_unless_equals_int(requests.size(), before + 1);
  fail_unless_same(text_field(requests.back(), "reason"), "split");
  call.push(3300, 6000);
  call.end();
  call.expect_all(2, 180, 300);
  fail_unless_equals_float(seconds_of(call.object(1)), 4.0);
}
GST_END_TEST

GST_START_TEST(keyframe_interval_asks_for_key_frames) {
  Call call("keyframe-interval=700000000");  // there is one a second
  call.push(0, 5000);
  call.end();
  std::size_t asked = 0;
  for (const auto& request : call.messages->named("record-keyframe-requested"))
    asked += text_field(request, "reason") == "interval";
  fail_unless_equals_int(asked, 5);
  call.expect_all(1, 150, 250);
}
GST_END_TEST

static Suite* mux_rolls_suite() {
  Suite* suite = suite_create("mux_rolls");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, max_duration_begins_the_next_object_at_a_key_frame);
  tcase_add_test(tests, max_bytes_begins_the_next_object);
  tcase_add_test(tests, split_now_asks_for_the_key_frame_it_needs);
  tcase_add_test(tests, keyframe_interval_asks_for_key_frames);
  return suite;
}
GST_CHECK_MAIN(mux_rolls)
