// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux and the store behind it: the object stream, names, failures, congestion, and being
// stopped while data flows.
#include <atomic>
#include <cstring>
#include <thread>

#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

// 2024-05-17T23:59:58Z
constexpr char kUtc[] = "start-utc=1715990398000000000 ";

std::size_t samples_in(FakeStore& store, const char* handler) {
  std::size_t samples = 0;
  for (const auto& key : store.keys())
    if (const auto file = store.read(key); const Mp4Track* track = file.find_track(handler))
      samples += track->samples.size();
  return samples;
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

GST_START_TEST(the_object_stream_is_as_specified) {
  MuxFixture mux(kUtc);
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 90);
  video.eos();
  fail_unless_same(mux.store.claimed().at(0), "stream/2024/05/17/235958.mp4");
  const auto caps = adopt(gst_pad_get_current_caps(mux.store.pad()));
  fail_unless(gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), kObjectCaps));
  std::uint64_t end = 0;
  const std::size_t count = mux.store.unit_count();
  for (std::size_t i = 0; i < count; ++i) {
    const auto [info, bytes] = mux.store.unit(i);
    fail_unless_same(info.key, "stream/2024/05/17/235958.mp4");
    fail_unless_same(info.content_type, "video/mp4");
    fail_unless_equals_uint64(info.offset, end);
    fail_unless_equals_int(info.begin, i == 0);
    fail_unless_equals_int(info.end, i + 1 == count);
    fail_if(info.replace);
    fail_unless_equals_uint64(info.start_utc, 1715990398 * GST_SECOND);
    end += bytes.size();
  }
  const auto last = mux.store.unit(count - 1).info;
  fail_unless_equals_uint64(last.duration, 3 * GST_SECOND);
  fail_unless_equals_uint64(last.end_utc, 1715990401 * GST_SECOND);
  const auto started = mux.messages->named("record-started");
  fail_unless_equals_int(started.size(), 1);
  fail_unless_same(text_field(started[0], "key"), "stream/2024/05/17/235958.mp4");
  fail_unless_same(text_field(started[0], "stream-name"), "stream");
  fail_unless_equals_uint64(number_field(started[0], "start-utc"), 1715990398 * GST_SECOND);
  fail_unless_equals_int(mux.messages->count_track("sink_0 recording"), 1);
}
GST_END_TEST

// 3 s of video, finished as the element and the store want it.
static Mp4File finished_file(const char* properties, std::optional<std::uint64_t> rewrite_below) {
  MuxFixture mux(properties);
  Source video(mux.element());
  mux.play();
  if (rewrite_below) mux.store.allow_rewrites(*rewrite_below);
  video.start(h264());
  mux.push_video(video, h264(), 0, 90);
  video.eos();
  const Bytes bytes = mux.store.bytes_of("stream.mp4");
  const bool listed = std::string(bytes.end() - 12, bytes.end() - 8) == "mfro";
  const auto file = mux.store.read("stream.mp4");
  fail_unless_equals_int(file.tracks.at(0).samples.size(), 90);
  fail_unless(listed == (file.mdat_offset == 0 && !strstr(properties, "fragmented")));
  return file;
}

GST_START_TEST(a_file_is_finished_as_the_store_allows) {
  const char* const path = "path={stream}.mp4";
  const auto whole = finished_file(path, G_MAXUINT64);
  fail_unless(whole.index_offset > whole.mdat_offset && whole.mdat_offset == 24);
  fail_unless_equals_uint64(whole.movie_duration, 3 * 90000);
  fail_unless(finished_file(path, 40).mdat_offset == 24);
  for (const std::optional<std::uint64_t> below : {std::optional<std::uint64_t>(39), {}}) {
    const auto file = finished_file(path, below);
    fail_unless(file.mdat_offset == 0 && file.index_offset == 0);
  }
  const auto plain = finished_file("path={stream}.mp4 finalise=fragmented", G_MAXUINT64);
  fail_unless(plain.mdat_offset == 0 && plain.index_offset == 0);
}
GST_END_TEST

GST_START_TEST(the_store_may_choose_the_name) {
  MuxFixture mux;
  mux.store.claims = FakeStore::Claims::kRename;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 60);
  video.eos();
  fail_unless_same(mux.store.claimed().at(0), "stream.mp4");
  fail_unless(mux.store.keys() == std::vector<std::string>{"bak1-stream.mp4"});
  fail_unless_equals_int(samples_in(mux.store, "vide"), 60);
}
GST_END_TEST

GST_START_TEST(a_name_that_is_taken_is_not_written_to) {
  MuxFixture mux("path={stream}.mp4 max-queued-bytes=1048576");
  mux.store.claims = FakeStore::Claims::kTaken;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 600);
  video.eos();
  fail_unless_equals_int(mux.store.unit_count(), 0);
  fail_unless_equals_int(mux.store.eos_count(), 1);
  const auto stopped = mux.messages->named("record-stopped");
  fail_unless_equals_int(number_field(stopped.at(0), "lost-samples"), 600);
}
GST_END_TEST

GST_START_TEST(a_claim_without_an_answer_ends_in_a_unique_name) {
  MuxFixture mux;
  mux.store.claims = FakeStore::Claims::kIgnore;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 59);
  fail_unless_equals_int(mux.store.unit_count(), 0);
  mux.push_video(video, h264(), 59, 2);  // beyond claim-timeout, 2 s
  fail_unless_equals_int(mux.store.keys().size(), 1);
  const std::string key = mux.store.keys()[0];
  fail_unless(
      starts_with(key, "stream-") && key.size() == std::string("stream-01234567.mp4").size(), "%s",
      key.c_str());
  // An answer that comes after all does not matter any more.
  mux.store.send(make_claim_result({"stream.mp4", true, "stream.mp4"}));
  mux.push_video(video, h264(), 61, 59);
  video.eos();
  fail_unless(mux.store.keys() == std::vector<std::string>{key});
  fail_unless_equals_int(samples_in(mux.store, "vide"), 120);
}
GST_END_TEST

GST_START_TEST(eos_before_the_claim_is_answered_loses_nothing) {
  MuxFixture mux;
  mux.store.claims = FakeStore::Claims::kIgnore;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 10);
  video.eos();
  fail_unless_equals_int(mux.store.eos_count(), 0);
  if (__i__ == 0) mux.store.send(make_claim_result({"stream.mp4", true, "stream.mp4"}));
  mux.timers->advance(__i__ == 0 ? 0 : 2 * kSecond);
  fail_unless_equals_int(mux.store.eos_count(), 1);
  fail_unless_equals_int(samples_in(mux.store, "vide"), 10);
}
GST_END_TEST

GST_START_TEST(a_failed_object_is_followed_by_a_new_one) {
  MuxFixture mux("path={stream}-{index}.mp4");
  Source video(mux.element());
  Source audio(mux.element());
  mux.play();
  video.start(endless_gop());
  audio.start(opus());
  mux.push_both(video, endless_gop(), audio, opus(), 0, 2500);
  const int asked = video.key_frame_requests();
  mux.store.send(make_object_failed({"stream-1.mp4", "No space left on device"}));
  mux.push_both(video, endless_gop(), audio, opus(), 2500, 5000);
  fail_unless(video.key_frame_requests() > asked + 3, "no key frame was asked for");
  // 150 pictures later the sender starts anew.
  for (std::size_t i = 0; i < 90; ++i) {
    fail_unless_equals_int(video.push(endless_gop()[i], video_pts(150 + i)), GST_FLOW_OK);
    mux.timers->advance(kSecond / 30);
  }
  video.eos();
  audio.eos();
  // The sound does not wait for the picture: it has an object of its own until then.
  const auto keys = mux.store.keys();
  fail_unless_same(keys.at(0), "stream-1.mp4");
  fail_unless(mux.store.ended() == std::vector<std::string>(keys.begin() + 1, keys.end()),
              "the failed object was ended, or another was not");
  const auto file = mux.store.read(keys.back());
  fail_unless(file.find_track("vide")->samples.at(0).key);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 90);
}
GST_END_TEST

GST_START_TEST(a_store_that_is_away_is_waited_for_within_the_budget) {
  // 60 kB a second: the budget of 1 MiB holds 17 s.
  MuxFixture mux("path={stream}-{index}.mp4 max-queued-bytes=1048576");
  Source audio(mux.element());
  mux.play();
  audio.start(opus());
  mux.push_audio(audio, opus(), 0, 100);
  mux.store.claims = FakeStore::Claims::kIgnore;
  mux.store.send(make_object_failed({"stream-1.mp4", "Input/output error"}));
  const Bytes packet(1200, 0x08);  // TOC 0x08: one frame of 20 ms (RFC 6716, 3.1)
  for (std::size_t i = 100; i < 10000; ++i) {
    fail_unless_equals_int(audio.push_bytes(packet, audio_pts(i)), GST_FLOW_OK);
    mux.timers->advance(20 * kMillisecond);
    guint64 queued = 0;
    gst_structure_get_uint64(mux.stats().get(), "queued-bytes", &queued);
    fail_unless(queued <= 1048576, "%" G_GUINT64_FORMAT " bytes are held", queued);
  }
  fail_unless(mux.messages->named("record-gap").size() > 0, "what was dropped was not reported");
  const auto claimed = mux.store.claimed();
  mux.store.send(make_claim_result({claimed.back(), true, claimed.back()}));
  for (std::size_t i = 10000; i < 10100; ++i) {
    fail_unless_equals_int(audio.push_bytes(packet, audio_pts(i)), GST_FLOW_OK);
    mux.timers->advance(20 * kMillisecond);
  }
  audio.eos();
  fail_unless_equals_int(mux.store.keys().size(), 2);
  fail_unless(mux.store.read(claimed.back()).tracks.at(0).samples.size() > 400);
}
GST_END_TEST

GST_START_TEST(congestion_drops_whole_gops_and_says_so) {
  MuxFixture mux("path={stream}.mp4 max-queued-bytes=1048576");
  Source video(mux.element());
  mux.play();
  video.start(heavy_h264());
  mux.push_video(video, heavy_h264(), 0, 60);
  mux.store.send(make_congestion({true, 5000000}));
  mux.timers->advance(0);
  const std::size_t units = mux.store.unit_count();
  for (std::size_t i = 60; i < 600; ++i) {
    fail_unless_equals_int(video.push(heavy_h264()[i], video_pts(i)), GST_FLOW_OK);
    mux.timers->advance(kSecond / 30);
    guint64 queued = 0;
    gst_structure_get_uint64(mux.stats().get(), "queued-bytes", &queued);
    fail_unless(queued <= 1048576, "%" G_GUINT64_FORMAT " bytes are held", queued);
  }
  fail_unless_equals_int(mux.store.unit_count(), units);
  const auto gaps = mux.messages->named("record-gap");
  fail_unless(!gaps.empty(), "nothing was said of what was dropped");
  fail_unless_same(text_field(gaps[0], "reason"), "drop");
  mux.store.send(make_congestion({false, 0}));
  for (std::size_t i = 600; i < 660; ++i) {
    video.push(heavy_h264()[i], video_pts(i));
    mux.timers->advance(kSecond / 30);
  }
  fail_unless(mux.store.unit_count() > units);
  video.eos();
  const auto file = mux.store.read("stream.mp4");
  bool after_hole = false;
  for (std::size_t i = 1; i < file.tracks[0].samples.size(); ++i) {
    const auto& before = file.tracks[0].samples[i - 1];
    if (before.duration <= file.tracks[0].timescale / 10) continue;
    after_hole = true;
    fail_unless(file.tracks[0].samples[i].key, "no decoder can go on after the hole");
  }
  fail_unless(after_hole, "nothing was dropped");
}
GST_END_TEST

GST_START_TEST(downstream_errors_stay_there) {
  const GstFlowReturn flows[] = {GST_FLOW_ERROR, GST_FLOW_EOS, GST_FLOW_FLUSHING,
                                 GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_LINKED};
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.store.answer = flows[__i__];
  mux.push_video(video, h264(), 0, 120);  // expects GST_FLOW_OK
  video.eos();
  fail_unless(mux.messages->of_type(GST_MESSAGE_ERROR).empty());
}
GST_END_TEST

GST_START_TEST(without_a_store_nothing_happens) {
  MuxFixture mux;
  const auto src = adopt(gst_element_get_static_pad(mux.element(), "src"));
  gst_pad_unlink(src.get(), mux.store.pad());
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 0, 300);
  video.eos();
  mux.stop();
}
GST_END_TEST

GST_START_TEST(unknown_events_of_a_store_are_not_ours) {
  MuxFixture mux;
  mux.play();
  fail_unless(mux.store.send(make_capabilities({true, G_MAXUINT64, true})));
  fail_unless(mux.store.send(make_readback({"a", true, "b"})));
  fail_unless(mux.store.send(make_object_failed({"never-heard-of", "x"})));
  fail_unless(mux.store.send(make_claim_result({"never-heard-of", true, "x"})));
  fail_if(mux.store.send(adopt(gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                                  GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0))));
  fail_if(mux.store.send(adopt(gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.0, 0, 0))));
  fail_unless_equals_int(mux.store.unit_count(), 0);
}
GST_END_TEST

// The store asks from the state-change thread; any number of streaming threads push meanwhile.
GST_START_TEST(record_finish_while_data_flows) {
  MuxFixture mux("path={stream}-{id}.mp4");
  Source video(mux.element());
  Source audio(mux.element());
  for (int run = 0; run < 20; ++run) {
    mux.store.forget_units();
    mux.play();
    video.start(h264());
    audio.start(opus());
    std::atomic<bool> stop = false;
    std::atomic<std::size_t> pushed = 0;
    std::thread pictures([&] {
      for (std::size_t i = 0; !stop; ++i, ++pushed) video.push(h264()[i], video_pts(i));
    });
    std::thread packets([&] {
      for (std::size_t i = 0; !stop; ++i, ++pushed) audio.push(opus()[i], audio_pts(i));
    });
    while (pushed < 500) std::this_thread::yield();
    const std::size_t before = mux.store.eos_count();
    fail_unless(mux.store.send(make_finish()));
    // Another thread may have the token: it hands over everything, EOS last.
    while (mux.store.eos_count() == before) std::this_thread::yield();
    const std::size_t units = mux.store.unit_count();
    const std::size_t then = pushed;
    while (pushed < then + 500) std::this_thread::yield();
    fail_unless_equals_int(mux.store.unit_count(), units);
    stop = true;
    pictures.join();
    packets.join();
    fail_unless_equals_int(mux.store.ended().size(), mux.store.keys().size());
    for (const auto& key : mux.store.keys()) mux.store.read(key);
    mux.stop();
  }
}
GST_END_TEST

// The store reports from within a push and from its own thread.
GST_START_TEST(events_of_the_store_may_come_from_within_a_push) {
  MuxFixture mux("path={stream}-{index}.mp4");
  Source video(mux.element());
  mux.play();
  int failures = 0;
  mux.store.on_unit = [&](const ObjectInfo& info) {
    if (!info.begin && !info.end && ++failures < 5)
      mux.store.send(make_object_failed({info.key, "x"}));
  };
  video.start(h264());
  mux.push_video(video, h264(), 0, 600);
  video.eos();
  fail_unless_equals_int(mux.store.keys().size(), 5);
  mux.store.read(mux.store.keys().back());
}
GST_END_TEST

static Suite* record_mux_store_suite() {
  Suite* suite = suite_create("recordmux and its store");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, the_object_stream_is_as_specified);
  tcase_add_test(tests, a_file_is_finished_as_the_store_allows);
  tcase_add_test(tests, the_store_may_choose_the_name);
  tcase_add_test(tests, a_name_that_is_taken_is_not_written_to);
  tcase_add_test(tests, a_claim_without_an_answer_ends_in_a_unique_name);
  tcase_add_loop_test(tests, eos_before_the_claim_is_answered_loses_nothing, 0, 2);
  tcase_add_test(tests, a_failed_object_is_followed_by_a_new_one);
  tcase_add_test(tests, a_store_that_is_away_is_waited_for_within_the_budget);
  tcase_add_test(tests, congestion_drops_whole_gops_and_says_so);
  tcase_add_loop_test(tests, downstream_errors_stay_there, 0, 5);
  tcase_add_test(tests, without_a_store_nothing_happens);
  tcase_add_test(tests, unknown_events_of_a_store_are_not_ours);
  tcase_add_test(tests, record_finish_while_data_flows);
  tcase_add_test(tests, events_of_the_store_may_come_from_within_a_push);
  return suite;
}
GST_CHECK_MAIN(record_mux_store)
