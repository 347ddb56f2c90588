// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A real file system that is full or read-only: a small tmpfs, mounted where only this process and
// its children see it. Needs the right to mount; without it the test is skipped (exit status 77).
#include <sched.h>
#include <sys/mount.h>

#include <cstdio>

#include "tests/check/dirsink/sink_fixture.h"

using namespace rec;
using namespace rec::dirsink;
namespace fs = std::filesystem;

namespace {

const std::string kUnit(64 << 10, 'u');

class SmallDisk {
 public:
  explicit SmallDisk(unsigned long flags = 0) {
    fail_unless_equals_int(mount("none", dir_.path().c_str(), "tmpfs", flags, "size=4m"), 0);
  }
  ~SmallDisk() { umount2(dir_.path().c_str(), MNT_DETACH); }
  void make_writable() {
    fail_unless_equals_int(mount(nullptr, dir_.path().c_str(), nullptr, MS_REMOUNT, "size=4m"), 0);
  }
  std::string operator/(const std::string& name) const { return dir_ / name; }
  const std::string& path() const { return dir_.path(); }

 private:
  TemporaryDirectory dir_;
};

ClaimResult wait_claim(DirSink& sink) {
  return sink.producer.wait_for([](GstEvent* e) { return parse_claim_result(e); });
}

}  // namespace

GST_START_TEST(a_full_disk_costs_one_object_until_there_is_space) {
  const SmallDisk disk;
  std::ofstream(disk / "filler") << std::string(3 << 20, 'f');
  DirSink sink(disk.path());
  sink.play_objects();
  fail_unless(sink.producer.claim("a").granted);
  for (std::uint64_t i = 0; i < 40; ++i)  // 2.5 MiB into 1 MiB
    fail_unless_equals_int(
        sink.producer.push({.key = "a", .offset = i * kUnit.size(), .begin = i == 0}, kUnit),
        GST_FLOW_OK);
  const auto failed = sink.producer.wait_for([](GstEvent* e) { return parse_object_failed(e); });
  fail_unless_same(failed.key, "a");
  fail_unless_same(failed.reason, g_strerror(ENOSPC));
  const auto message = sink.wait_element_message("object-failed");
  const guint64 kept = number(message, "bytes");
  fail_unless(kept >= 10 * kUnit.size() && kept % kUnit.size() == 0);
  fail_unless(file_content(disk / "a") == std::string(kept, 'u'));

  sink.producer.send(make_claim("b"));
  // The claim was looked at before this is answered.
  sink.producer.send(make_read("none"));
  sink.producer.wait_for([](GstEvent* e) { return parse_readback(e); });
  fail_if(sink.producer.has([](GstEvent* e) { return parse_claim_result(e); }));
  fs::remove(disk / "filler");  // the disk's owner makes space
  const auto claim = wait_claim(sink);
  fail_unless(claim.granted);
  sink.producer.push({.key = claim.use_key, .begin = true}, kUnit);
  sink.producer.push({.key = claim.use_key, .offset = kUnit.size(), .end = true}, kUnit);
  sink.flush_by_eos();
  fail_unless(file_content(disk / claim.use_key) == kUnit + kUnit);
  fail_if(sink.has_message(GST_MESSAGE_ERROR));
}
GST_END_TEST

// What a producer like recordmux does: it asks for room for its index with every unit.
GST_START_TEST(a_full_disk_has_room_for_the_end_of_an_object) {
  constexpr std::uint64_t kIndex = 300 << 10;
  const SmallDisk disk;
  DirSink sink(disk.path());
  sink.play_objects();
  fail_unless(sink.producer.claim("a").granted);
  std::uint64_t size = 0;
  const auto is_full = [](GstEvent* e) { return parse_object_full(e); };
  for (; size < 8 << 20 && !sink.producer.has(is_full); size += kUnit.size()) {
    sink.producer.push({.key = "a", .offset = size, .begin = size == 0, .reserve = kIndex}, kUnit);
    // All before this has been written when it is answered.
    sink.producer.send(make_read("none"));
    sink.producer.wait_for([](GstEvent* e) { return parse_readback(e); });
  }
  fail_unless_same(sink.producer.wait_for(is_full).key, "a");
  const auto full = sink.wait_element_message("object-full");
  fail_unless_equals_uint64(number(full, "bytes"), size);
  fail_unless(size >= (4 << 20) - (3 << 20), "%" G_GUINT64_FORMAT " bytes", size);
  // Somebody else takes what is left.
  std::ofstream filler(disk / "filler");
  filler << std::string(4 << 20, 'f') << std::flush;
  fail_if(filler.good());
  sink.producer.send(make_claim("b"));
  const std::string late(4 * kUnit.size(), 'l');  // was on its way
  sink.producer.push({.key = "a", .offset = size}, late);
  const std::string index(kIndex, 'i');
  sink.producer.push({.key = "a", .offset = size + late.size()}, index);
  sink.producer.push({.key = "a", .offset = size + late.size() + index.size(), .end = true}, "");
  const auto stored = sink.wait_element_message("object-stored");
  fail_unless_equals_uint64(number(stored, "bytes"), size + late.size() + index.size());
  fail_unless(file_content(disk / "a") == std::string(size, 'u') + late + index);
  fail_if(sink.producer.has([](GstEvent* e) { return parse_claim_result(e); }));
  fail_if(sink.producer.has([](GstEvent* e) { return parse_object_failed(e); }));
}
GST_END_TEST

GST_START_TEST(a_read_only_disk_is_a_warning_until_it_is_writable) {
  SmallDisk disk(MS_RDONLY);
  DirSink sink(disk / "root");
  sink.play_objects();
  sink.producer.send(make_claim("a"));
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_WARNING));
  fail_unless(text.find(g_strerror(EROFS)) != std::string::npos, "%s", text.c_str());
  fail_unless(text.find("Mount the file system for writing") != std::string::npos);
  disk.make_writable();
  fail_unless(wait_claim(sink).granted);
  sink.producer.push_object("a", kUnit);
  sink.flush_by_eos();
  fail_unless(file_content(disk / "root/a") == kUnit);
}
GST_END_TEST

static Suite* dirsink_full_disk_suite() {
  Suite* suite = suite_create("dirsink full disk");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, a_full_disk_costs_one_object_until_there_is_space);
  tcase_add_test(tests, a_full_disk_has_room_for_the_end_of_an_object);
  tcase_add_test(tests, a_read_only_disk_is_a_warning_until_it_is_writable);
  return suite;
}

int main(int argc, char** argv) {
  // Before any thread exists: a mount namespace belongs to a thread and those it creates.
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    std::puts("SKIP: a private mount of a small file system needs root (CAP_SYS_ADMIN)");
    return 77;
  }
  gst_check_init(&argc, &argv);
  return gst_check_run_suite(dirsink_full_disk_suite(), "dirsink_full_disk", __FILE__);
}
