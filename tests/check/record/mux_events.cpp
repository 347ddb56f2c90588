// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: segments, flushes, other events and queries of its sink pads.
#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";

std::string name(gchar* text) {
  std::string copy = text;
  g_free(text);
  return copy;
}

}  // namespace

GST_START_TEST(segments_place_the_tracks) {
  MuxFixture mux;
  Source video(mux.element());
  Source audio(mux.element());
  mux.play();
  video.start(h264());
  audio.open();
  audio.caps(opus().caps.get());
  // The same running time, said another way: it starts at 1000 h, and 2 s of it are cut off.
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = 1000 * 3600 * GST_SECOND;
  segment.offset = 2 * GST_SECOND;
  segment.base = 1 * GST_SECOND;
  audio.event(gst_event_new_segment(&segment));
  const GstClockTime shift = segment.start + segment.offset - segment.base;
  for (std::size_t ms = 1000; ms < 3000; ms += 20) {
    if (ms % 100 == 0) video.push(h264()[(ms - 1000) / 100], ms * GST_MSECOND);
    fail_unless_equals_int(audio.push(opus()[ms / 20], shift + ms * GST_MSECOND), GST_FLOW_OK);
    mux.timers->advance(20 * kMillisecond);
  }
  video.eos();
  audio.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), 100);
  // The edit starts behind the encoder's pre-skip, so media time is ahead by it.
  const Mp4Track& sound = *file.find_track("soun");
  fail_unless_equals_uint64(sound.samples[0].dts, sound.dops.pre_skip);
  fail_unless_equals_uint64(file.find_track("vide")->samples[0].dts, 0);
}
GST_END_TEST

GST_START_TEST(any_segment_is_absorbed) {
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 30);
  GstSegment bytes;
  gst_segment_init(&bytes, GST_FORMAT_BYTES);
  video.event(gst_event_new_segment(&bytes));
  mux.push_video(video, h264(), 30, 30);
  video.segment();  // running time starts anew: the sender's clock did
  mux.push_video(video, h264(), 0, 30);
  video.segment(video_pts(10));  // before the segment: not shown, recorded all the same
  mux.push_video(video, h264(), 0, 30);
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.tracks[0].samples.size(), 120);
  // Driven time went on for 4 s: nothing is placed hours away, or squeezed into nothing.
  const double seconds = static_cast<double>(file.tracks[0].end_dts) / file.tracks[0].timescale;
  fail_unless(seconds > 3.0 && seconds < 5.0, "the recording has %f s", seconds);
}
GST_END_TEST

GST_START_TEST(other_events_are_taken_and_stay_here) {
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  fail_unless(video.event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "t", nullptr))));
  fail_unless(video.event(gst_event_new_gap(0, GST_SECOND)));
  const auto streams = adopt(gst_stream_collection_new("c"));
  fail_unless(video.event(gst_event_new_stream_collection(streams.get())));
  fail_unless(video.event(
      gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("something"))));
  fail_unless(video.event(
      gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_new_empty("other"))));
  mux.push_video(video, h264(), 0, 60);
  fail_unless(video.event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "u", nullptr))));
  video.eos();
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 60);
  const std::vector<GstEventType> expected = {GST_EVENT_STREAM_START, GST_EVENT_CAPS,
                                              GST_EVENT_SEGMENT, GST_EVENT_CUSTOM_DOWNSTREAM,
                                              GST_EVENT_EOS};
  fail_unless(mux.store.event_types() == expected, "other events went downstream");
}
GST_END_TEST

GST_START_TEST(a_flush_ends_nothing) {
  MuxFixture mux;
  Source video(mux.element());
  Source audio(mux.element());
  mux.play();
  video.start(h264());
  audio.start(opus());
  mux.push_both(video, h264(), audio, opus(), 0, 1000);
  video.eos();
  fail_unless(video.event(gst_event_new_flush_start()));
  fail_unless(video.event(gst_event_new_flush_stop(TRUE)));
  video.segment();
  mux.push_both(video, h264(), audio, opus(), 1000, 2000);
  audio.eos();
  fail_unless(mux.store.ended().empty(), "a flushed track is not at its end");
  video.eos();
  const auto file = mux.store.read(kKey);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 60);
  for (const auto type : mux.store.event_types())
    fail_if(type == GST_EVENT_FLUSH_START || type == GST_EVENT_FLUSH_STOP, "the store was flushed");
}
GST_END_TEST

GST_START_TEST(caps_queries_never_say_no) {
  MuxFixture mux;
  Source video(mux.element());
  const auto caps = adopt(gst_pad_query_caps(video.sink(), nullptr));
  fail_unless(gst_caps_is_any(caps.get()), "%s", name(gst_caps_to_string(caps.get())).c_str());
  const auto vp8 = adopt(gst_caps_from_string("video/x-vp8"));
  const auto filtered = adopt(gst_pad_query_caps(video.sink(), vp8.get()));
  fail_unless(gst_caps_is_equal(filtered.get(), vp8.get()));
  fail_unless(gst_pad_query_accept_caps(video.sink(), vp8.get()));
  mux.play();
  video.start(h264());
  fail_unless(gst_pad_query_accept_caps(video.sink(), vp8.get()), "whatever is recorded already");
  const auto src = adopt(gst_element_get_static_pad(mux.element(), "src"));
  const auto made = adopt(gst_pad_query_caps(src.get(), nullptr));
  fail_unless_same(name(gst_caps_to_string(made.get())), "application/x-record-objects");
}
GST_END_TEST

GST_START_TEST(what_came_before_the_start_counts) {
  MuxFixture mux;
  Source video(mux.element());
  // A live branch is linked while the element is still in NULL: nothing may flow back, and the
  // caps, which come once, must not be lost.
  video.start(h264());
  fail_unless_equals_int(video.push(h264()[0], 0), GST_FLOW_OK);
  mux.play();
  mux.push_video(video, h264(), 30, 30);
  video.eos();
  fail_unless_equals_int(mux.store.read(kKey).tracks[0].samples.size(), 30);
}
GST_END_TEST

static Suite* record_mux_events_suite() {
  Suite* suite = suite_create("recordmux events");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, segments_place_the_tracks);
  tcase_add_test(tests, any_segment_is_absorbed);
  tcase_add_test(tests, other_events_are_taken_and_stay_here);
  tcase_add_test(tests, a_flush_ends_nothing);
  tcase_add_test(tests, caps_queries_never_say_no);
  tcase_add_test(tests, what_came_before_the_start_counts);
  return suite;
}
GST_CHECK_MAIN(record_mux_events)
