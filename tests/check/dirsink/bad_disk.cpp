// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A root that cannot be used, or goes away: reported, survived, used again when it is back.
#include "tests/check/dirsink/sink_fixture.h"
#include "tests/check/dirsink/slow_disk.h"

using namespace rec;
using namespace rec::dirsink;
namespace fs = std::filesystem;

namespace {

const std::string kUnit(1000, 'u');

ObjectFailed wait_failed(DirSink& sink) {
  return sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
}
ClaimResult wait_claim(DirSink& sink) {
  return sink.producer.wait_for([](GstEvent* e) { return parse_claim_result(e); });
}

}  // namespace

GST_START_TEST(a_file_in_the_way_is_a_warning_until_it_is_gone) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "root") << "in the way";
  DirSink sink(dir / "root");
  sink.play_objects();
  sink.producer.send(make_claim("a"));
  const auto failed = sink.wait_element_message("object-failed");
  fail_unless_same(field(failed, "reason"), g_strerror(ENOTDIR));
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_WARNING));
  fail_unless(text.find(dir / "root") != std::string::npos, "%s", text.c_str());
  fail_unless(text.find(g_strerror(ENOTDIR)) != std::string::npos, "%s", text.c_str());
  fail_unless(text.find("Move away") != std::string::npos, "%s", text.c_str());
  fail_if(sink.producer.has([](GstEvent* e) { return parse_claim_result(e); }));
  // A producer that does not wait for the claim.
  fail_unless_equals_int(sink.producer.push_object("b", kUnit), GST_FLOW_OK);
  fail_unless_same(wait_failed(sink).key, "b");
  fs::remove(dir / "root");
  const auto claim = wait_claim(sink);
  fail_unless(claim.granted);
  sink.producer.push_object(claim.use_key, kUnit);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "root/a") == kUnit);
  fail_if(sink.has_message(GST_MESSAGE_WARNING), "warned twice");
  fail_if(sink.has_message(GST_MESSAGE_ERROR));
}
GST_END_TEST

GST_START_TEST(a_root_that_vanishes_costs_one_object) {
  const TemporaryDirectory dir;
  DirSink sink(dir / "root");
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.wait_element_message("object-opened");
  fs::remove_all(dir / "root");
  // Linux would take these bytes and lose them.
  fail_unless_equals_int(sink.producer.push({.key = "a", .offset = 1000}, kUnit), GST_FLOW_OK);
  const auto failed = wait_failed(sink);
  fail_unless_same(failed.key, "a");
  fail_unless_same(failed.reason, g_strerror(ENOENT));
  fail_unless_equals_int(sink.producer.push({.key = "a", .offset = 2000}, kUnit), GST_FLOW_OK);
  const auto claim = sink.producer.claim("b");
  sink.producer.push_object(claim.use_key, kUnit);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "root/b") == kUnit);
  fail_if(sink.producer.has([](GstEvent* e) { return parse_object_failed(e); }));
}
GST_END_TEST

GST_START_TEST(an_io_error_keeps_whole_units_and_spares_the_rest) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path());
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit);
  sink.producer.push({.key = "b", .begin = true}, kUnit);
  sink.producer.push_object("c", kUnit);
  sink.wait_element_message("object-stored");
  disk->fail_writes(EIO);
  sink.producer.push({.key = "a", .offset = 1000}, kUnit);
  fail_unless_same(wait_failed(sink).key, "a");
  const auto failed = sink.wait_element_message("object-failed");
  fail_unless_equals_uint64(number(failed, "bytes"), 1000);
  disk->fail_writes(0);
  sink.producer.push({.key = "a", .offset = 2000, .end = true}, kUnit);
  sink.producer.push({.key = "b", .offset = 1000, .end = true}, kUnit);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "a") == kUnit);
  fail_unless(file_content(dir / "b") == kUnit + kUnit);
  fail_unless_equals_uint64(sink.stat("failed-objects"), 1);
  fail_unless_equals_uint64(sink.stat("dropped-bytes"), 2000);
}
GST_END_TEST

GST_START_TEST(a_manifest_survives_an_error) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path());
  sink.play_objects();
  const ObjectInfo list{.key = "list", .begin = true, .end = true, .replace = true};
  sink.producer.push(list, "one");
  sink.wait_element_message("object-stored");
  disk->fail_writes(ENOSPC);
  sink.producer.push(list, "two");
  fail_unless_same(wait_failed(sink).reason, g_strerror(ENOSPC));
  fail_unless_same(file_content(dir / "list"), "one");
  disk->fail_writes(0);
  sink.producer.push(list, "three");
  sink.flush_by_eos();
  fail_unless_same(file_content(dir / "list"), "three");
  fail_unless_equals_int(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}
GST_END_TEST

static Suite* dirsink_bad_disk_suite() {
  Suite* suite = suite_create("dirsink bad disk");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_file_in_the_way_is_a_warning_until_it_is_gone);
  tcase_add_test(tests, a_root_that_vanishes_costs_one_object);
  tcase_add_test(tests, an_io_error_keeps_whole_units_and_spares_the_rest);
  tcase_add_test(tests, a_manifest_survives_an_error);
  return suite;
}
GST_CHECK_MAIN(dirsink_bad_disk)
