// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A disk that is slower than the stream: nobody waits, the producer is told, memory is bounded.
#include "tests/check/dirsink/slow_disk.h"

#include <atomic>

#include "tests/check/dirsink/sink_fixture.h"

using namespace rec;
using namespace rec::dirsink;

namespace {

const std::string kUnit(1000, 'u');

}  // namespace

GST_START_TEST(pushes_return_while_the_disk_hangs) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "max-queued-bytes=10000");
  sink.play_objects();
  disk->hold();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  disk->wait_until_stuck();
  for (std::uint64_t i = 1; i < 9; ++i)
    fail_unless_equals_int(sink.producer.push({.key = "a", .offset = i * 1000}, kUnit),
                           GST_FLOW_OK);
  const auto congestion = [](GstEvent* e) { return parse_congestion(e); };
  fail_if(sink.producer.has(congestion), "congestion below the budget");
  sink.producer.push({.key = "a", .offset = 9000}, kUnit);
  auto c = sink.producer.wait_for(congestion);
  fail_unless(c.on);
  fail_unless_equals_uint64(c.queued_bytes, 10000);
  fail_unless_equals_uint64(sink.stat("queued-bytes"), 10000);
  sink.producer.push({.key = "a", .offset = 10000, .end = true}, kUnit);
  fail_if(sink.producer.has(congestion), "congestion is told once");
  disk->release();
  c = sink.producer.wait_for(congestion);
  fail_if(c.on);
  fail_unless(c.queued_bytes < 5000);
  sink.flush_by_eos();
  fail_unless_equals_int(file_content(dir / "a").size(), 11000);
  fail_if(sink.producer.has(congestion));
}
GST_END_TEST

GST_START_TEST(a_deaf_producer_loses_objects_not_memory) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "max-queued-bytes=10000");
  sink.play_objects();
  sink.producer.push_object("before", kUnit);
  sink.wait_element_message("object-stored");
  disk->hold();
  for (std::uint64_t i = 0; i < 500; ++i) {
    fail_unless_equals_int(
        sink.producer.push({.key = "a", .offset = i * 1000, .begin = i == 0}, kUnit), GST_FLOW_OK);
    if (i == 0) disk->wait_until_stuck();
    fail_unless(sink.stat("queued-bytes") <= 20000);
  }
  // Both are told while the disk still hangs.
  const auto failed = sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
  fail_unless_same(failed.key, "a");
  fail_unless_same(failed.reason, "queue full");
  fail_unless_same(field(sink.wait_element_message("object-failed"), "reason"), "queue full");
  fail_if(sink.producer.has([](GstEvent* e) { return parse_object_failed(e); }));
  sink.producer.push_object("after", kUnit);
  disk->release();
  sink.flush_by_eos();
  fail_unless(file_content(dir / "before") == kUnit);
  fail_unless(file_content(dir / "after") == kUnit);
  fail_unless(file_content(dir / "a") == kUnit);  // the unit that hung; whole
  fail_unless_equals_uint64(sink.stat("dropped-bytes"), 480 * 1000);
}
GST_END_TEST

GST_START_TEST(ended_objects_are_bounded_too) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "max-queued-bytes=10000");
  sink.play_objects();
  disk->hold();
  for (int i = 0; i < 500; ++i) {
    sink.producer.push_object("seg" + std::to_string(i), kUnit);
    if (i == 0) disk->wait_until_stuck();
    fail_unless(sink.stat("queued-bytes") <= 20000);
  }
  disk->release();
  sink.flush_by_eos();
  // What was queued is whole and stays; what came when the queue was full is gone.
  for (int i = 0; i < 20; ++i)
    fail_unless(file_content(dir / ("seg" + std::to_string(i))) == kUnit);
  fail_unless_equals_uint64(sink.stat("objects"), 20);
  fail_unless_equals_uint64(sink.stat("failed-objects"), 480);
}
GST_END_TEST

static Suite* dirsink_slow_disk_suite() {
  Suite* suite = suite_create("dirsink slow disk");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, pushes_return_while_the_disk_hangs);
  tcase_add_test(tests, a_deaf_producer_loses_objects_not_memory);
  tcase_add_test(tests, ended_objects_are_bounded_too);
  return suite;
}
GST_CHECK_MAIN(dirsink_slow_disk)
