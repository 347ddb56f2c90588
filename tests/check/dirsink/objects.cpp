// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An object stream becomes files: contents, names, claims, rewrites, manifests.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "tests/check/dirsink/sink_fixture.h"

using namespace rec;
using namespace rec::dirsink;
namespace fs = std::filesystem;

namespace {

const std::string kUnit1(100, 'a');
const std::string kUnit2(5000, 'b');

std::size_t files_below(const std::string& root) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file()) ++count;
  return count;
}

}  // namespace

GST_START_TEST(a_file_has_what_was_pushed) {
  const TemporaryDirectory dir;
  DirSink sink(dir / "new/root");
  sink.play_objects();
  ObjectInfo info{.key = "a/b/c.mp4", .begin = true, .start_utc = 7 * GST_SECOND};
  fail_unless_equals_int(sink.producer.push(info, kUnit1), GST_FLOW_OK);
  info = {.key = "a/b/c.mp4", .offset = 100, .end_utc = 9 * GST_SECOND, .duration = GST_SECOND};
  fail_unless_equals_int(sink.producer.push(info, kUnit2), GST_FLOW_OK);
  sink.producer.push({.key = "a/b/c.mp4", .offset = 5100, .end = true}, "");

  const std::string path = dir / "new/root/a/b/c.mp4";
  const auto opened = sink.wait_element_message("object-opened");
  fail_unless_same(field(opened, "key"), "a/b/c.mp4");
  fail_unless_same(field(opened, "path"), path);
  const auto stored = sink.wait_element_message("object-stored");
  fail_unless_same(field(stored, "uri"), "file://" + path);
  fail_unless_equals_uint64(number(stored, "bytes"), 5100);
  fail_unless_equals_uint64(number(stored, "start-utc"), 7 * GST_SECOND);
  fail_unless_equals_uint64(number(stored, "end-utc"), 9 * GST_SECOND);
  fail_unless_equals_uint64(number(stored, "duration"), GST_SECOND);
  fail_unless(flag(stored, "whole"));
  fail_unless(file_content(path) == kUnit1 + kUnit2);
  fail_unless_equals_uint64(sink.stat("bytes"), 5100);
  fail_unless_equals_uint64(sink.stat("objects"), 1);
  fail_unless(sink.stat("slowest-write") > 0);
  sink.flush_by_eos();
}
GST_END_TEST

GST_START_TEST(objects_interleave) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  std::string expected[3];
  for (int round = 0; round < 50; ++round)
    for (int i = 0; i < 3; ++i) {
      const std::string unit(20 + static_cast<std::size_t>(round), static_cast<char>('a' + i));
      sink.producer.push({.key = "track" + std::to_string(i),
                          .offset = expected[i].size(),
                          .begin = round == 0,
                          .end = round == 49},
                         unit);
      expected[i] += unit;
    }
  sink.flush_by_eos();
  for (int i = 0; i < 3; ++i)
    fail_unless(file_content(dir / ("track" + std::to_string(i))) == expected[i]);
}
GST_END_TEST

GST_START_TEST(capabilities_answer_the_caps) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  const auto c = sink.producer.wait_for([](GstEvent* e) { return parse_capabilities(e); });
  fail_unless(c.rewrite && c.read_back);
  fail_unless_equals_uint64(c.rewrite_below, G_MAXUINT64);
}
GST_END_TEST

GST_START_TEST(a_claim_takes_the_name_until_the_stop) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  const auto claim = sink.producer.claim("x/a.mp4");
  fail_unless(claim.granted);
  fail_unless_same(claim.use_key, "x/a.mp4");
  fail_unless(sink.producer.claim("x/unused.mp4").granted);
  fail_unless(fs::exists(dir / "x/unused.mp4"));
  sink.producer.push_object("x/a.mp4", kUnit1);
  sink.stop();
  fail_unless(file_content(dir / "x/a.mp4") == kUnit1);
  fail_if(fs::exists(dir / "x/unused.mp4"), "a name that was claimed and not used stays");
}
GST_END_TEST

GST_START_TEST(a_taken_name_is_numbered) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "a.mp4") << "theirs";
  std::ofstream(dir / "a-1.mp4") << "theirs";
  DirSink sink(dir.path());
  sink.play_objects();
  fail_unless_same(sink.producer.claim("a.mp4").use_key, "a-2.mp4");
  fail_unless_same(sink.producer.claim("a.mp4").use_key, "a-3.mp4");
  sink.producer.push_object("a-2.mp4", kUnit1);
  sink.producer.push_object("a.mp4", kUnit2);  // without a claim
  const auto opened =
      (sink.wait_element_message("object-opened"), sink.wait_element_message("object-opened"));
  fail_unless_same(field(opened, "key"), "a.mp4");
  fail_unless_same(field(opened, "path"), dir / "a-4.mp4");
  sink.flush_by_eos();
  fail_unless(file_content(dir / "a-2.mp4") == kUnit1);
  fail_unless(file_content(dir / "a-4.mp4") == kUnit2);
  fail_unless_same(file_content(dir / "a.mp4"), "theirs");
  fail_unless_same(file_content(dir / "a-1.mp4"), "theirs");
}
GST_END_TEST

GST_START_TEST(a_taken_name_is_an_error_if_asked_for) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "a.mp4") << "theirs";
  DirSink sink(dir.path(), "on-exists=error");
  sink.play_objects();
  const auto claim = sink.producer.claim("a.mp4");
  fail_if(claim.granted);
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR));
  fail_unless(text.find(dir / "a.mp4") != std::string::npos, "%s", text.c_str());
  fail_unless(text.find("on-exists") != std::string::npos, "%s", text.c_str());
  fail_unless_equals_int(sink.producer.push_object("a.mp4", kUnit1), GST_FLOW_OK);
  const auto failed = sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
  fail_unless_same(failed.key, "a.mp4");
  sink.stop();
  fail_unless_same(file_content(dir / "a.mp4"), "theirs");
}
GST_END_TEST

GST_START_TEST(two_sinks_never_get_the_same_name) {
  const TemporaryDirectory dir;
  DirSink first(dir.path()), second(dir.path());
  constexpr int kClaims = 50;
  std::set<std::string> names[2];
  const auto record = [](DirSink& sink, std::set<std::string>& keys, const std::string& bytes) {
    for (int i = 0; i < kClaims; ++i) {
      const auto claim = sink.producer.claim("same.mp4");
      keys.insert(claim.use_key);
      sink.producer.push_object(claim.use_key, bytes);
    }
    sink.flush_by_eos();
  };
  first.play_objects();
  second.play_objects();
  std::thread other([&] { record(second, names[1], "second"); });
  record(first, names[0], "first");
  other.join();
  fail_unless_equals_int(names[0].size() + names[1].size(), 2 * kClaims);
  for (const auto& name : names[0]) fail_unless_same(file_content(dir / name), "first");
  for (const auto& name : names[1]) fail_unless_same(file_content(dir / name), "second");
}
GST_END_TEST

GST_START_TEST(bytes_can_be_rewritten) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, "0123456789");
  sink.producer.push({.key = "a", .offset = 10}, "abcdefghij");
  sink.producer.push({.key = "a", .offset = 4}, "XYZ");
  sink.producer.push({.key = "a", .offset = 20}, "K");
  sink.producer.push({.key = "a", .offset = 0, .end = true}, "+");
  sink.flush_by_eos();
  fail_unless_same(file_content(dir / "a"), "+123XYZ789abcdefghijK");
}
GST_END_TEST

GST_START_TEST(a_manifest_comes_after_what_it_lists) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  for (int i = 0; i < 30; ++i) {
    const std::string name = "seg" + std::to_string(i);
    sink.producer.push({.key = name, .begin = true}, kUnit1);
    sink.producer.push({.key = name, .offset = 100, .end = true}, kUnit2);
    sink.producer.push({.key = "list", .begin = true, .end = true, .replace = true}, name);
    // The bus tells in the order in which readers can see it.
    fail_unless_same(field(sink.wait_element_message("object-stored"), "key"), name);
    const auto list = sink.wait_element_message("object-stored");
    fail_unless_same(field(list, "key"), "list");
    fail_unless(file_content(dir / name) == kUnit1 + kUnit2);
    fail_unless_same(file_content(dir / "list"), name);
  }
  sink.flush_by_eos();
  fail_unless_equals_int(files_below(dir.path()), 31);  // no temporary file is left
}
GST_END_TEST

GST_START_TEST(a_manifest_overwrites_only_what_is_ours) {
  const TemporaryDirectory dir;
  for (const char* name : {"theirs.mpd", "read.mpd"}) std::ofstream(dir / name) << "old";
  DirSink sink(dir.path());
  sink.play_objects();
  fail_unless(sink.producer.claim("claimed.mpd").granted);
  const auto readback = [&](const char* key) {
    sink.producer.send(make_read(key));
    return sink.producer.wait_for([](GstEvent* e) { return parse_readback(e); });
  };
  const auto old = readback("read.mpd");
  fail_unless(old.found);
  fail_unless_same(old.bytes, "old");
  fail_if(readback("none.mpd").found);
  fail_if(readback("../read.mpd").found);
  for (const char* version : {"1", "2"})
    for (const char* key : {"theirs.mpd", "read.mpd", "claimed.mpd", "none.mpd"})
      sink.producer.push({.key = key, .begin = true, .end = true, .replace = true}, version);
  sink.flush_by_eos();
  fail_unless_same(file_content(dir / "theirs.mpd"), "old");
  fail_unless_same(file_content(dir / "theirs-1.mpd"), "2");
  fail_unless_same(file_content(dir / "read.mpd"), "2");
  fail_unless_same(file_content(dir / "claimed.mpd"), "2");
  fail_unless_same(file_content(dir / "none.mpd"), "2");
  fail_unless_equals_int(files_below(dir.path()), 5);
}
GST_END_TEST

GST_START_TEST(no_key_leaves_the_root) {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "root");
  DirSink sink(dir / "root");
  sink.play_objects();
  const std::string absolute = dir / "absolute";
  for (const std::string& key :
       {std::string("../up"), absolute, std::string(""), std::string("a/../../up"),
        std::string("a//b"), std::string("."), std::string("a\nb"), std::string(300, 'x')}) {
    fail_if(sink.producer.claim(key).granted, "claim of %s", key.c_str());
    fail_unless_equals_int(sink.producer.push_object(key, kUnit1), GST_FLOW_OK);
    const auto failed = sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
    fail_unless_same(failed.key, key);
    fail_unless(failed.reason.starts_with("The key"), "%s", failed.reason.c_str());
    sink.producer.push({.key = key, .begin = true, .end = true, .replace = true}, kUnit1);
    sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
  }
  sink.producer.push_object("good", kUnit1);  // the store is as usable as before
  sink.flush_by_eos();
  fail_unless(file_content(dir / "root/good") == kUnit1);
  fail_unless_equals_int(files_below(dir.path()), 1);
}
GST_END_TEST

GST_START_TEST(faults_of_the_stream_end_one_object_only) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  const auto failure = [&] {
    return sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); }).key;
  };
  auto& producer = sink.producer;
  producer.push({.key = "good", .begin = true}, kUnit1);
  producer.push({.key = "never-begun", .offset = 0}, kUnit1);
  fail_unless_same(failure(), "never-begun");
  producer.push({.key = "hole", .begin = true}, kUnit1);
  producer.push({.key = "hole", .offset = 101}, kUnit1);
  fail_unless_same(failure(), "hole");
  producer.push({.key = "twice", .begin = true}, kUnit1);
  producer.push({.key = "twice", .begin = true}, kUnit2);
  fail_unless_same(failure(), "twice");
  producer.push({.key = "twice", .offset = 5000}, kUnit2);  // dropped in silence
  producer.push({.key = "open", .begin = true}, kUnit1);
  producer.push({.key = "open", .begin = true, .end = true, .replace = true}, kUnit2);
  fail_unless_same(failure(), "open");
  producer.push({.key = "good", .offset = 100, .end = true}, kUnit2);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "good") == kUnit1 + kUnit2);
  for (const char* key : {"hole", "twice", "open"}) fail_unless(file_content(dir / key) == kUnit1);
  fail_if(fs::exists(dir / "never-begun"));
  fail_if(producer.has([](GstEvent* e) { return parse_object_failed(e); }));
  fail_unless_equals_uint64(sink.stat("failed-objects"), 4);
}
GST_END_TEST

GST_START_TEST(writers_hold_a_lock) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  fail_unless(sink.producer.claim("a").granted);
  const int fd = g_open((dir / "a").c_str(), O_RDONLY | O_CLOEXEC, 0);
  fail_unless(fd >= 0);
  fail_unless(flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
  sink.producer.push_object("a", kUnit1);
  sink.flush_by_eos();
  fail_unless_equals_int(flock(fd, LOCK_EX | LOCK_NB), 0);
  close(fd);
}
GST_END_TEST

GST_START_TEST(buffers_without_the_meta_do_no_harm) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play_objects();
  sink.producer.push({.key = "a", .begin = true}, kUnit1);
  fail_unless_equals_int(sink.producer.push_bytes("lost"), GST_FLOW_OK);
  sink.wait_message(GST_MESSAGE_WARNING);
  sink.producer.push({.key = "a", .offset = 100, .end = true}, kUnit2);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "a") == kUnit1 + kUnit2);
}
GST_END_TEST

GST_START_TEST(properties_keep_what_was_set) {
  DirSink sink("here",
               "durability=close on-exists=error location=x max-queued-bytes=1000 "
               "shutdown-timeout=7");
  gchar* root = nullptr;
  gchar* location = nullptr;
  gint durability = 0, on_exists = 0;
  guint64 bytes = 0, timeout = 0;
  g_object_get(sink.element(), "root", &root, "location", &location, "durability", &durability,
               "on-exists", &on_exists, "max-queued-bytes", &bytes, "shutdown-timeout", &timeout,
               nullptr);
  fail_unless_equals_string(root, "here");
  fail_unless_equals_string(location, "x");
  fail_unless_equals_int(durability, 2);
  fail_unless_equals_int(on_exists, 1);
  fail_unless_equals_uint64(bytes, 1000);
  fail_unless_equals_uint64(timeout, 7);
  g_free(root);
  g_free(location);
  g_object_set(sink.element(), "root", "", nullptr);
  fail_unless_equals_int(gst_element_set_state(sink.element(), GST_STATE_PLAYING),
                         GST_STATE_CHANGE_FAILURE);
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR));
  fail_unless(text.find("\"root\"") != std::string::npos, "%s", text.c_str());
}
GST_END_TEST

static Suite* dirsink_objects_suite() {
  Suite* suite = suite_create("dirsink objects");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_file_has_what_was_pushed);
  tcase_add_test(tests, objects_interleave);
  tcase_add_test(tests, capabilities_answer_the_caps);
  tcase_add_test(tests, a_claim_takes_the_name_until_the_stop);
  tcase_add_test(tests, a_taken_name_is_numbered);
  tcase_add_test(tests, a_taken_name_is_an_error_if_asked_for);
  tcase_add_test(tests, two_sinks_never_get_the_same_name);
  tcase_add_test(tests, bytes_can_be_rewritten);
  tcase_add_test(tests, a_manifest_comes_after_what_it_lists);
  tcase_add_test(tests, a_manifest_overwrites_only_what_is_ours);
  tcase_add_test(tests, no_key_leaves_the_root);
  tcase_add_test(tests, faults_of_the_stream_end_one_object_only);
  tcase_add_test(tests, writers_hold_a_lock);
  tcase_add_test(tests, buffers_without_the_meta_do_no_harm);
  tcase_add_test(tests, properties_keep_what_was_set);
  return suite;
}
GST_CHECK_MAIN(dirsink_objects)
