// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin: which pad feeds which track, when pads come, go, fall silent and come back.
#include <atomic>
#include <thread>

#include "tests/check/record/bin_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

void name_track(Source& source, const char* track) {
  g_object_set(source.sink(), "track", track, nullptr);
}

// One file with one track of each medium, and all pictures in it.
void expect_one_file(BinFixture& bin, std::size_t pictures) {
  fail_unless_equals_int(bin.dir.files().size(), 1);
  const auto file = read_file(bin.dir.files()[0]);
  fail_unless_equals_int(file.tracks.size(), 1);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), pictures);
}

}  // namespace

GST_START_TEST(a_pad_of_the_same_name_continues_the_track) {
  BinFixture bin;
  Source first(bin.element());
  name_track(first, "camera");
  bin.play();
  RtpFeed pictures(first, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  Source second(bin.element());
  name_track(second, "camera");
  g_autofree gchar* name = nullptr;
  g_object_get(second.sink(), "track", &name, nullptr);
  fail_unless_same(name, "camera");
  pictures.move_to(second);
  pictures.start();
  bin.push_until(3 * GST_SECOND, &pictures);
  first.eos();
  fail_if(bin.has_ended());
  second.eos();
  bin.wait_eos();
  expect_one_file(bin, 90);
}
GST_END_TEST

GST_START_TEST(the_only_silent_track_is_continued) {
  BinFixture bin("path={stream}-{index}.mp4");
  Source first(bin.element());
  bin.play();
  RtpFeed pictures(first, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  bin.advance_to(3 * GST_SECOND);  // silent
  Source second(bin.element());
  pictures.move_to(second);
  pictures.start();
  bin.push_until(3 * GST_SECOND, &pictures);
  first.eos();
  second.eos();
  bin.wait_eos();
  expect_one_file(bin, 90);
}
GST_END_TEST

GST_START_TEST(a_track_that_is_not_silent_is_not_taken) {
  BinFixture bin("path={stream}-{index}.mp4 header-timeout=0");
  Source first(bin.element());
  Source second(bin.element());
  bin.play();
  RtpFeed one(first, rtp_h264());
  RtpFeed two(second, rtp_h264());
  one.start();
  two.start();
  bin.push_until(3 * GST_SECOND, &one, &two);
  first.eos();
  second.eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 180);
  fail_unless_equals_int(read_file(bin.dir.files().back()).tracks.size(), 2);
}
GST_END_TEST

GST_START_TEST(of_two_silent_tracks_none_is_taken) {
  BinFixture bin("path={stream}-{index}.mp4");
  Source first(bin.element());
  Source second(bin.element());
  bin.play();
  RtpFeed one(first, rtp_h264());
  RtpFeed two(second, rtp_h264());
  one.start();
  two.start();
  bin.push_until(GST_SECOND, &one, &two);
  bin.advance_to(3 * GST_SECOND);
  Source third(bin.element());
  RtpFeed three(third, rtp_h264());
  three.start();
  bin.push_until(5 * GST_SECOND, &three);
  for (Source* source : {&first, &second, &third}) source->eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.messages->count_track("sink_2 recording"), 1);
  fail_unless_equals_int(bin.samples("vide"), 60 + 90);
}
GST_END_TEST

GST_START_TEST(a_pad_that_comes_back_gets_its_track_back) {
  BinFixture bin("path={stream}-{index}.mp4");
  Source first(bin.element());
  Source second(bin.element());
  name_track(first, "camera");
  name_track(second, "camera");
  bin.play();
  RtpFeed pictures(first, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  pictures.move_to(second);
  pictures.start();
  bin.push_until(2 * GST_SECOND, &pictures);
  // While the second delivers, the first is not listened to.
  RtpFeed old(first, rtp_h264());
  fail_unless_equals_int(old.push(), GST_FLOW_OK);
  bin.advance_to(4 * GST_SECOND);
  pictures.move_to(first);
  bin.push_until(3 * GST_SECOND, &pictures);
  first.eos();
  second.eos();
  bin.wait_eos();
  expect_one_file(bin, 90);
}
GST_END_TEST

GST_START_TEST(a_pad_that_is_released_and_requested_again_continues) {
  BinFixture bin("path={stream}-{index}.mp4");
  auto source = std::make_unique<Source>(bin.element());
  bin.play();
  RtpFeed pictures(*source, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  source.reset();  // the only pad: the recording waits, it does not end
  bin.timers->advance(0);
  fail_if(bin.has_ended());
  source = std::make_unique<Source>(bin.element());
  pictures.move_to(*source);
  pictures.start();
  bin.push_until(3 * GST_SECOND, &pictures);
  source->eos();
  bin.wait_eos();
  expect_one_file(bin, 90);
}
GST_END_TEST

// The same while another track goes on: the track has ended meanwhile, and lives again.
GST_START_TEST(a_track_that_ended_is_continued_by_a_new_pad) {
  BinFixture bin("path={stream}-{index}.mp4");
  Source audio(bin.element());
  auto video = std::make_unique<Source>(bin.element());
  bin.play();
  RtpFeed packets(audio, rtp_opus());
  RtpFeed pictures(*video, rtp_h264());
  packets.start();
  pictures.start();
  bin.push_until(GST_SECOND, &pictures, &packets);
  video.reset();
  bin.push_until(3 * GST_SECOND / 2, &packets);
  video = std::make_unique<Source>(bin.element());
  pictures.move_to(*video);
  pictures.start();
  bin.push_until(3 * GST_SECOND, &pictures, &packets);
  audio.eos();
  fail_if(bin.has_ended());
  video->eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.dir.files().size(), 1);
  const auto file = read_file(bin.dir.files()[0]);
  fail_unless_equals_int(file.tracks.size(), 2);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 90);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(a_released_pad_is_not_waited_for) {
  BinFixture bin("path={stream}-{index}.mp4");
  Source video(bin.element());
  auto audio = std::make_unique<Source>(bin.element());
  bin.play();
  RtpFeed pictures(video, rtp_h264());
  RtpFeed packets(*audio, rtp_opus());
  pictures.start();
  packets.start();
  bin.push_until(GST_SECOND, &pictures, &packets);
  if (__i__ == 0) audio.reset();
  bin.push_until(3 * GST_SECOND, &pictures);
  video.eos();
  if (__i__ == 1) {
    fail_if(bin.has_ended());
    audio.reset();
  }
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 90);
  fail_unless(bin.samples("soun") >= 50);
}
GST_END_TEST

GST_START_TEST(all_released_then_other_tracks_end) {
  BinFixture bin("path={stream}-{index}.mp4");
  auto video = std::make_unique<Source>(bin.element());
  bin.play();
  RtpFeed pictures(*video, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  video.reset();
  Source audio(bin.element());
  RtpFeed packets(audio, rtp_opus());
  packets.start();
  bin.push_until(3 * GST_SECOND, &packets);
  audio.eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 30);
}
GST_END_TEST

GST_START_TEST(pads_are_released_while_they_stream) {
  BinFixture bin("path={stream}-{id}.mp4");
  Source audio(bin.element());
  bin.play();
  RtpFeed packets(audio, rtp_opus());
  packets.start();
  rtp_h264();
  for (int round = 0; round < 30; ++round) {
    Source video(bin.element());
    std::atomic<bool> stop = false;
    std::atomic<int> pushed = 0;
    std::thread streaming([&] {
      RtpFeed pictures(video, rtp_h264());
      pictures.start();
      for (; !stop; ++pushed) {
        if (pictures.at_end()) break;
        // Until it is released everything is taken.
        const GstFlowReturn flow = pictures.push();
        if (flow != GST_FLOW_OK) {
          fail_unless(flow == GST_FLOW_FLUSHING || flow == GST_FLOW_NOT_LINKED, "%s",
                      gst_flow_get_name(flow));
          break;
        }
      }
    });
    while (pushed < 20) g_thread_yield();
    video.release();
    stop = true;
    streaming.join();
    bin.push_until(packets.next_time() + 20 * GST_MSECOND, &packets);
  }
  audio.eos();
  fail_unless(gst_element_send_event(bin.element(), gst_event_new_eos()));
  bin.wait_eos();
  bin.expect_no_error();
  for (const auto& path : bin.dir.files()) read_file(path);
}
GST_END_TEST

GST_START_TEST(pads_of_many_threads_at_once) {
  BinFixture bin("path={stream}-{id}.mp4");
  bin.play();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 15; ++i) {
        Source source(bin.element());
        RtpFeed feed(source, i % 2 ? rtp_h264() : rtp_opus());
        feed.start();
        for (int n = 0; n < 20; ++n) fail_unless_equals_int(feed.push(), GST_FLOW_OK);
      }
    });
  for (auto& thread : threads) thread.join();
  fail_unless(gst_element_send_event(bin.element(), gst_event_new_eos()));
  bin.wait_eos();
  for (const auto& path : bin.dir.files()) read_file(path);
}
GST_END_TEST

static Suite* record_bin_pads_suite() {
  Suite* suite = suite_create("recordbin pads");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_pad_of_the_same_name_continues_the_track);
  tcase_add_test(tests, the_only_silent_track_is_continued);
  tcase_add_test(tests, a_track_that_is_not_silent_is_not_taken);
  tcase_add_test(tests, of_two_silent_tracks_none_is_taken);
  tcase_add_test(tests, a_pad_that_comes_back_gets_its_track_back);
  tcase_add_test(tests, a_pad_that_is_released_and_requested_again_continues);
  tcase_add_test(tests, a_track_that_ended_is_continued_by_a_new_pad);
  tcase_add_loop_test(tests, a_released_pad_is_not_waited_for, 0, 2);
  tcase_add_test(tests, all_released_then_other_tracks_end);
  tcase_add_test(tests, pads_are_released_while_they_stream);
  tcase_add_test(tests, pads_of_many_threads_at_once);
  return suite;
}
GST_CHECK_MAIN(record_bin_pads)
