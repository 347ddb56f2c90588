// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin recover=true: what killed recorders have left in its storage.
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "tests/check/record/bin_fixture.h"

using namespace rec;
using namespace rec::test;
namespace fs = std::filesystem;

namespace {

constexpr GstClockTime kRecorded = 3 * GST_SECOND;

void record(Source& source) {
  RtpFeed pictures(source, rtp_h264());
  pictures.start();
  while (!pictures.at_end() && pictures.next_time() < kRecorded)
    fail_unless_equals_int(pictures.push(), GST_FLOW_OK);
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Fragments, and a torn one of `tail` bytes behind them; what is whole of it.
std::string killed_recording(const TemporaryDirectory& root, const std::string& name,
                             std::size_t tail = 100) {
  BinFixture bin("finalise=fragmented path=" + name, root.path());
  Source video(bin.element());
  bin.play();
  record(video);
  video.eos();
  bin.wait_eos();
  bin.expect_no_error();
  const std::string whole = content(root / name);
  std::ofstream(root / name, std::ios::binary | std::ios::app) << std::string(tail, '\0');
  return whole;
}

GstMessage* wait_done(BinFixture& bin) {
  const gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
  while (bin.messages->named("record-recovery-done").empty()) {
    fail_unless(g_get_monotonic_time() < deadline, "no record-recovery-done");
    g_thread_yield();
  }
  return bin.messages->named("record-recovery-done").front();
}

std::unique_ptr<BinFixture> recovering(const TemporaryDirectory& root,
                                       const std::string& properties = {}) {
  return std::make_unique<BinFixture>("recover=true path=new.mp4 " + properties, root.path());
}

// Holds the thread that posts the first `record-recovered`.
class HeldThread {
 public:
  explicit HeldThread(GstElement* element) : bus_(adopt(gst_element_get_bus(element))) {
    gst_bus_set_sync_handler(
        bus_.get(),
        [](GstBus*, GstMessage* message, gpointer self) {
          if (gst_message_has_name(message, "record-recovered"))
            static_cast<HeldThread*>(self)->hold();
          return GST_BUS_PASS;
        },
        this, nullptr);
  }
  ~HeldThread() { gst_bus_set_sync_handler(bus_.get(), nullptr, nullptr, nullptr); }
  void wait_until_held() {
    std::unique_lock l(lock_);
    changed_.wait(l, [&] { return held_; });
  }
  void release() {
    std::unique_lock l(lock_);
    released_ = true;
    changed_.notify_all();
    changed_.wait(l, [&] { return !held_; });
  }

 private:
  void hold() {
    std::unique_lock l(lock_);
    held_ = true;
    changed_.notify_all();
    changed_.wait(l, [&] { return released_; });
    held_ = false;
    changed_.notify_all();
  }

  const Ref<GstBus> bus_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool held_ = false;
  bool released_ = false;
};

}  // namespace

GST_START_TEST(a_killed_recording_is_finished) {
  const TemporaryDirectory root;
  const std::string whole = killed_recording(root, "old.mp4");
  auto bin = recovering(root);
  bin->play();
  GstMessage* done = wait_done(*bin);
  fail_unless_equals_uint64(number_field(done, "recovered"), 1);
  fail_unless_equals_uint64(number_field(done, "failed"), 0);
  fail_unless_same(text_field(done, "root"), root.path());
  const auto recovered = bin->messages->named("record-recovered");
  fail_unless_equals_int(recovered.size(), 1);
  fail_unless(GST_MESSAGE_SRC(recovered[0]) == GST_OBJECT(bin->element()));
  fail_unless_same(text_field(recovered[0], "path"), root / "old.mp4");
  fail_unless_same(text_field(recovered[0], "uri"), "file://" + (root / "old.mp4"));
  fail_unless_equals_uint64(number_field(recovered[0], "cut-bytes"), 100);
  const guint64 duration = number_field(recovered[0], "duration");
  fail_unless(duration > 2900 * GST_MSECOND && duration <= kRecorded, "%" G_GUINT64_FORMAT,
              duration);
  const Mp4File file = read_file(root / "old.mp4");
  fail_unless_equals_uint64(file.index_offset, whole.size());
  fail_unless_equals_int(decoded_pictures(root / "old.mp4"), file.tracks[0].samples.size());
}
GST_END_TEST

GST_START_TEST(nothing_is_touched_unless_it_is_asked_for) {
  const TemporaryDirectory root;
  killed_recording(root, "old.mp4");
  const std::string before = content(root / "old.mp4");
  {
    BinFixture bin("path=new.mp4", root.path());
    Source video(bin.element());
    bin.play();
    record(video);
    video.eos();
    bin.wait_eos();
    fail_unless(bin.messages->named("record-recovery-done").empty());
  }
  fail_unless(content(root / "old.mp4") == before);
}
GST_END_TEST

GST_START_TEST(a_file_that_is_being_written_is_left_alone) {
  const TemporaryDirectory root;
  BinFixture recorder("path=busy.mp4", root.path());
  Source video(recorder.element());
  recorder.play();
  RtpFeed pictures(video, rtp_h264());
  pictures.start();
  recorder.push_until(kRecorded, &pictures);
  const gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
  while (content(root / "busy.mp4").size() < 2000) {  // head and a fragment
    fail_unless(g_get_monotonic_time() < deadline, "nothing is written");
    recorder.timers->advance(0);
    g_thread_yield();
  }
  const auto bin = adopt_floating(
      gst_parse_launch(("recordbin recover=true storage=" + root.path()).c_str(), nullptr));
  {
    Messages messages(bin.get());
    gst_element_set_state(bin.get(), GST_STATE_PLAYING);
    while (messages.named("record-recovery-done").empty()) {
      fail_unless(g_get_monotonic_time() < deadline, "no record-recovery-done");
      g_thread_yield();
    }
    GstMessage* done = messages.named("record-recovery-done").front();
    fail_unless_equals_uint64(number_field(done, "recovered"), 0);
    fail_unless_equals_uint64(number_field(done, "being-written"), 1);
    gst_element_set_state(bin.get(), GST_STATE_NULL);
    gst_element_set_bus(bin.get(), nullptr);
  }
  video.eos();
  recorder.wait_eos();
  const Mp4File file = read_file(root / "busy.mp4");
  fail_unless(file.index_offset > 0);
  fail_unless_equals_int(decoded_pictures(root / "busy.mp4"), file.tracks[0].samples.size());
}
GST_END_TEST

GST_START_TEST(what_cannot_be_recovered_is_named) {
  const TemporaryDirectory root;
  const std::string whole = killed_recording(root, "bad.mp4");
  std::string damaged = whole;
  damaged[damaged.rfind("mfhd") + 1] = '?';
  std::ofstream(root / "bad.mp4", std::ios::binary) << damaged;
  auto bin = recovering(root);
  bin->play();
  fail_unless_equals_uint64(number_field(wait_done(*bin), "failed"), 1);
  const auto failed = bin->messages->named("record-recovery-failed");
  fail_unless_equals_int(failed.size(), 1);
  fail_unless_same(text_field(failed[0], "path"), root / "bad.mp4");
  fail_unless(text_field(failed[0], "reason").find("at byte") != std::string::npos);
  fail_unless(content(root / "bad.mp4") == damaged);
}
GST_END_TEST

GST_START_TEST(a_storage_that_is_not_there_yet_is_no_failure) {
  const TemporaryDirectory root;
  BinFixture bin("recover=true", root / "records");
  bin.play();
  GstMessage* done = wait_done(bin);
  fail_unless_equals_uint64(number_field(done, "failed"), 0);
  fail_unless(bin.messages->named("record-recovery-failed").empty());
}
GST_END_TEST

GST_START_TEST(what_shall_stay_in_fragments_stays) {
  const TemporaryDirectory root;
  const std::string whole = killed_recording(root, "old.mp4");
  auto bin = recovering(root, "finalise=fragmented");
  bin->play();
  fail_unless_equals_uint64(number_field(wait_done(*bin), "recovered"), 1);
  fail_unless(content(root / "old.mp4") == whole);
}
GST_END_TEST

// The disk hangs: neither start nor stop waits for it, and of what comes later nothing is done.
GST_START_TEST(start_and_stop_do_not_wait) {
  const TemporaryDirectory root;
  killed_recording(root, "1.mp4");
  const std::string second = killed_recording(root, "2.mp4", 0);
  {
    auto bin = recovering(root);
    HeldThread held(bin->element());
    bin->play();
    held.wait_until_held();
    Source video(bin->element());
    record(video);
    video.eos();
    bin->wait_eos();
    bin->stop();
    fail_unless(content(root / "2.mp4") == second);
    held.release();
  }
  // The next search begins when that one has ended; it finds what was left to do.
  auto bin = recovering(root);
  bin->play();
  fail_unless_equals_uint64(number_field(wait_done(*bin), "recovered"), 1);
  fail_unless_same(text_field(bin->messages->named("record-recovered").front(), "path"),
                   root / "2.mp4");
}
GST_END_TEST

GST_START_TEST(an_element_that_is_gone_is_told_nothing) {
  const TemporaryDirectory root;
  killed_recording(root, "1.mp4");
  for (int i = 0; i < 50; ++i) {
    auto bin = recovering(root);
    bin->play();
  }
  auto bin = recovering(root);
  bin->play();
  wait_done(*bin);
  fail_unless(read_file(root / "1.mp4").index_offset > 0);
}
GST_END_TEST

static Suite* record_bin_recovery_suite() {
  Suite* s = suite_create("recordbin recovery");
  TCase* t = tcase_create("all");
  tcase_add_test(t, a_killed_recording_is_finished);
  tcase_add_test(t, nothing_is_touched_unless_it_is_asked_for);
  tcase_add_test(t, a_file_that_is_being_written_is_left_alone);
  tcase_add_test(t, what_cannot_be_recovered_is_named);
  tcase_add_test(t, a_storage_that_is_not_there_yet_is_no_failure);
  tcase_add_test(t, what_shall_stay_in_fragments_stays);
  tcase_add_test(t, start_and_stop_do_not_wait);
  tcase_add_test(t, an_element_that_is_gone_is_told_nothing);
  suite_add_tcase(s, t);
  return s;
}

GST_CHECK_MAIN(record_bin_recovery)
