// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a run ends: EOS, record-finish, a producer or a disk that does not answer, many cycles.
#include <future>
#include <thread>

#include "gst/dirsink/io_lane.h"
#include "tests/check/dirsink/sink_fixture.h"
#include "tests/check/dirsink/slow_disk.h"

using namespace rec;
using namespace rec::dirsink;
namespace fs = std::filesystem;

namespace {

const std::string kUnit(1000, 'u');

// Answers record-finish as recordmux does: the last unit, then EOS, from within the event.
void finish_when_asked(Producer& producer, std::uint64_t offset) {
  producer.on_event = [&producer, offset](GstEvent* event) {
    if (!is_finish(event)) return false;
    producer.push({.key = "a", .offset = offset, .end = true}, "last");
    producer.push_eos();
    return true;
  };
}

void wait_for_lane(const std::string& root) {
  std::promise<void> idle;
  Lane::of(root)->append([&] { idle.set_value(); });
  idle.get_future().wait();
}

}  // namespace

GST_START_TEST(eos_is_posted_when_all_is_written) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path());
  sink.play_objects();
  disk->hold();
  sink.producer.push_object("a", kUnit);
  disk->wait_until_stuck();
  const guint32 seqnum = sink.producer.push_eos();
  fail_if(sink.has_message(GST_MESSAGE_EOS), "EOS before the bytes were written");
  disk->release();
  const auto eos = sink.wait_message(GST_MESSAGE_EOS);
  fail_unless_equals_int(gst_message_get_seqnum(eos.get()), seqnum);
  fail_unless(file_content(dir / "a") == kUnit);
}
GST_END_TEST

GST_START_TEST(eos_closes_what_is_open) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.producer.push_eos();
  const auto stored = sink.wait_element_message("object-stored");
  fail_if(flag(stored, "whole"));
  fail_unless_equals_uint64(number(stored, "bytes"), kUnit.size());
  sink.wait_message(GST_MESSAGE_EOS);
}
GST_END_TEST

GST_START_TEST(a_stop_takes_the_last_bytes) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  finish_when_asked(sink.producer, kUnit.size());
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.stop();
  fail_unless(file_content(dir / "a") == kUnit + "last");
  fail_unless(flag(sink.wait_element_message("object-stored"), "whole"));
  fail_if(sink.has_message(GST_MESSAGE_WARNING));
}
GST_END_TEST

GST_START_TEST(a_stop_takes_the_last_bytes_through_a_queue) {
  const TemporaryDirectory dir;
  for (int round = 0; round < 20; ++round) {
    GST_ELEMENT_REGISTER(dirsink, nullptr);
    const std::string root = dir / std::to_string(round);
    const std::string launch = "queue name=q ! dirsink root=" + root;
    const auto pipeline = adopt_floating(gst_parse_launch(launch.c_str(), nullptr));
    Producer producer;
    const auto queue = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "q"));
    producer.link(queue.get());
    finish_when_asked(producer, kUnit.size());
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    producer.open(kObjectCaps);
    // The claim's answer: the caps and what follows have come through the queue.
    fail_unless(producer.claim("a").granted);
    producer.push({.key = "a", .begin = true}, kUnit);
    fail_unless_equals_int(gst_element_set_state(pipeline.get(), GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
    fail_unless(file_content(root + "/a") == kUnit + "last", "round %d", round);
    gst_pad_set_active(producer.pad(), FALSE);
  }
}
GST_END_TEST

GST_START_TEST(after_eos_nobody_is_asked_to_finish) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  bool asked = false;
  sink.producer.on_event = [&](GstEvent* event) { return asked |= is_finish(event), false; };
  sink.play_objects();
  sink.producer.push_object("a", kUnit);
  sink.flush_by_eos();
  sink.stop();
  fail_if(asked);
}
GST_END_TEST

GST_START_TEST(a_producer_that_knows_no_finish_costs_no_time) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path(), "shutdown-timeout=3600000000000");
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.stop();  // would hang for an hour
  fail_unless(file_content(dir / "a") == kUnit);
  fail_if(flag(sink.wait_element_message("object-stored"), "whole"));
}
GST_END_TEST

GST_START_TEST(a_producer_that_does_not_finish_is_left_behind) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path(), "shutdown-timeout=100000000");
  sink.producer.on_event = [](GstEvent* event) { return is_finish(event); };
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.stop();
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_WARNING));
  fail_unless(text.find("did not end the stream") != std::string::npos, "%s", text.c_str());
  wait_for_lane(dir.path());
  fail_unless(file_content(dir / "a") == kUnit);
}
GST_END_TEST

GST_START_TEST(a_hung_disk_does_not_hang_the_stop) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  {
    DirSink sink(dir.path(), "shutdown-timeout=100000000");
    sink.play_objects();
    disk->hold();
    sink.producer.push({.key = "a", .begin = true}, kUnit);
    sink.producer.push({.key = "a", .offset = 1000}, kUnit);
    disk->wait_until_stuck();
    sink.stop();
    const std::string text = trouble(sink.wait_message(GST_MESSAGE_WARNING));
    fail_unless(text.find("2000 bytes") != std::string::npos, "%s", text.c_str());
    fail_unless(text.find(dir.path()) != std::string::npos, "%s", text.c_str());
    // A new run while the old one hangs: it has its own queue and its own names.
    sink.play_objects();
    sink.stop();
  }
  disk->release();  // the element is gone; what was queued is written all the same
  wait_for_lane(dir.path());
  wait_for_lane(dir.path());
  std::string content;
  for (int turn = 0; turn < 10 && content.size() < 2000; ++turn) {
    wait_for_lane(dir.path());  // an element has one job in the lane at a time
    content = file_content(dir / "a");
  }
  fail_unless(content == kUnit + kUnit);
}
GST_END_TEST

GST_START_TEST(cycles_begin_anew) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  for (int cycle = 0; cycle < 30; ++cycle) {
    sink.play_objects();
    const auto claim = sink.producer.claim("a.mp4");
    fail_unless_same(claim.use_key, cycle ? "a-" + std::to_string(cycle) + ".mp4" : "a.mp4");
    sink.producer.push({.key = claim.use_key, .begin = true, .end = cycle % 2 == 0}, kUnit);
    if (cycle % 3 == 0) sink.flush_by_eos();
    sink.stop();
    fail_unless(file_content(dir / claim.use_key) == kUnit);
    fail_unless_equals_uint64(sink.stat("objects"), 1);
    gst_pad_set_active(sink.producer.pad(), FALSE);
    gst_pad_set_active(sink.producer.pad(), TRUE);
  }
}
GST_END_TEST

GST_START_TEST(a_stop_during_pushes_is_clean) {
  const TemporaryDirectory dir;
  for (int round = 0; round < 20; ++round) {
    DirSink sink(dir / std::to_string(round));
    sink.play_objects();
    std::promise<void> some_pushed;
    std::thread pusher([&] {
      for (std::uint64_t i = 0;; ++i) {
        const auto flow =
            sink.producer.push({.key = "a", .offset = i * 1000, .begin = i == 0}, kUnit);
        if (flow != GST_FLOW_OK) return;
        if (i == 20) some_pushed.set_value();
      }
    });
    some_pushed.get_future().wait();
    sink.stop();
    pusher.join();
    const std::string content = file_content(dir / std::to_string(round) + "/a");
    fail_unless(content.size() >= 21 * 1000 && content.size() % 1000 == 0);
  }
}
GST_END_TEST

GST_START_TEST(recordings_add_no_threads) {
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
  };
  const TemporaryDirectory dir;
  const auto before = threads();
  std::vector<std::unique_ptr<DirSink>> sinks;
  for (int i = 0; i < 50; ++i) {
    sinks.push_back(std::make_unique<DirSink>(dir.path()));
    sinks.back()->play_objects();
    sinks.back()->producer.push({.key = std::to_string(i), .begin = true}, kUnit);
  }
  for (auto& sink : sinks) sink->wait_element_message("object-opened");
  // The root's I/O thread, the one by which GLib's pool starts it, and one that may be ending.
  fail_unless(threads() <= before + 3, "%d threads more", static_cast<int>(threads() - before));
  for (auto& sink : sinks) sink->stop();
  for (int i = 0; i < 50; ++i) fail_unless(file_content(dir / std::to_string(i)) == kUnit);
}
GST_END_TEST

static Suite* dirsink_stop_suite() {
  Suite* suite = suite_create("dirsink stop");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, eos_is_posted_when_all_is_written);
  tcase_add_test(tests, eos_closes_what_is_open);
  tcase_add_test(tests, a_stop_takes_the_last_bytes);
  tcase_add_test(tests, a_stop_takes_the_last_bytes_through_a_queue);
  tcase_add_test(tests, after_eos_nobody_is_asked_to_finish);
  tcase_add_test(tests, a_producer_that_knows_no_finish_costs_no_time);
  tcase_add_test(tests, a_producer_that_does_not_finish_is_left_behind);
  tcase_add_test(tests, a_hung_disk_does_not_hang_the_stop);
  tcase_add_test(tests, cycles_begin_anew);
  tcase_add_test(tests, a_stop_during_pushes_is_clean);
  tcase_add_test(tests, recordings_add_no_threads);
  return suite;
}
GST_CHECK_MAIN(dirsink_stop)
