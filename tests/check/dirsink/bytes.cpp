// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plain byte streams: an ordinary sink, with errors, back-pressure and seeks.
#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/check/dirsink/sink_fixture.h"
#include "tests/check/dirsink/slow_disk.h"

using namespace rec;
using namespace rec::dirsink;

namespace {

constexpr char kCaps[] = "video/quicktime";
constexpr std::size_t kMiB = 1 << 20;

void seek(Producer& producer, guint64 offset) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  segment.start = offset;
  producer.send(adopt(gst_event_new_segment(&segment)));
}

std::string output_of(const std::string& command) {
  gchar* out = nullptr;
  GError* error = nullptr;
  fail_unless(g_spawn_command_line_sync(command.c_str(), &out, nullptr, nullptr, &error), "%s: %s",
              command.c_str(), error ? error->message : "");
  const std::string result = out;
  g_free(out);
  return result;
}

// Pushes 1 MiB buffers until it is told to stop.
struct Pusher {
  explicit Pusher(Producer& producer)
      : thread([this, &producer] {
          while (pushed < 100 &&
                 (flow = producer.push_bytes(std::string(kMiB, 'x'))) == GST_FLOW_OK)
            ++pushed;
        }) {}
  std::atomic<int> pushed{0};
  std::atomic<GstFlowReturn> flow{GST_FLOW_OK};
  std::thread thread;  // last: it uses the others
};

void wait_until_queued(DirSink& sink, guint64 bytes) {
  while (sink.stat("queued-bytes") < bytes) std::this_thread::yield();
}

}  // namespace

GST_START_TEST(mp4mux_writes_a_file_that_plays) {
  const TemporaryDirectory dir;
  GST_ELEMENT_REGISTER(dirsink, nullptr);
  const std::string launch =
      "videotestsrc num-buffers=90 ! video/x-raw,width=160,height=120,framerate=30/1 ! "
      "x264enc speed-preset=ultrafast ! mp4mux ! dirsink location=x.mp4 root=" +
      dir.path();
  const auto pipeline = adopt_floating(gst_parse_launch(launch.c_str(), nullptr));
  fail_unless(pipeline != nullptr);
  const auto bus = adopt(gst_element_get_bus(pipeline.get()));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto message = adopt(
      gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND,
                                 static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  fail_unless(message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  const std::string probe =
      "ffprobe -v error -count_frames -show_entries "
      "format=duration:stream=nb_read_frames -of csv=p=0 " +
      (dir / "x.mp4");
  fail_unless_same(output_of(probe), "90\n3.000000\n");
}
GST_END_TEST

GST_START_TEST(a_stream_without_location_is_an_error) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path());
  sink.play();
  sink.producer.open(kCaps);
  fail_unless_equals_int(sink.producer.push_bytes("x"), GST_FLOW_ERROR);
  gint code = 0;
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR), nullptr, &code);
  fail_unless_equals_int(code, GST_RESOURCE_ERROR_SETTINGS);
  fail_unless(text.find("\"location\"") != std::string::npos, "%s", text.c_str());
}
GST_END_TEST

GST_START_TEST(a_location_outside_the_root_is_refused_at_once) {
  const TemporaryDirectory dir;
  DirSink sink(dir.path(), "location=../x");
  fail_unless_equals_int(gst_element_set_state(sink.element(), GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR));
  fail_unless(text.find("\"location\"") != std::string::npos, "%s", text.c_str());
}
GST_END_TEST

GST_START_TEST(segments_say_where_to_write) {
  const TemporaryDirectory dir, other;
  DirSink sink(dir.path(), "location=" + (other / "sub/x.bin"));  // absolute
  sink.play();
  sink.producer.open(kCaps);
  sink.producer.push_bytes("0123456789");
  seek(sink.producer, 2);
  sink.producer.push_bytes("ab");
  seek(sink.producer, 12);  // a hole, as in any file
  sink.producer.push_bytes("z");
  gint64 position = 0;
  fail_unless(gst_pad_peer_query_position(sink.producer.pad(), GST_FORMAT_BYTES, &position));
  fail_unless_equals_int64(position, 13);
  sink.flush_by_eos();
  fail_unless(file_content(other / "sub/x.bin") == std::string("01ab456789\0\0z", 13));
  fail_unless_equals_uint64(number(sink.wait_element_message("object-stored"), "bytes"), 13);
}
GST_END_TEST

GST_START_TEST(bytes_are_seekable) {
  DirSink sink("unused");
  for (const GstFormat format : {GST_FORMAT_BYTES, GST_FORMAT_TIME}) {
    GstQuery* query = gst_query_new_seeking(format);
    gboolean seekable = FALSE;
    fail_unless(gst_pad_peer_query(sink.producer.pad(), query));
    gst_query_parse_seeking(query, nullptr, &seekable, nullptr, nullptr);
    gst_query_unref(query);
    fail_unless_equals_int(seekable, format == GST_FORMAT_BYTES);
  }
}
GST_END_TEST

GST_START_TEST(a_taken_location_is_numbered_or_refused) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "x") << "theirs";
  {
    DirSink sink(dir.path(), "location=x");
    sink.play();
    sink.producer.open(kCaps);
    sink.producer.push_bytes("ours");
    sink.flush_by_eos();
  }
  fail_unless_same(file_content(dir / "x-1"), "ours");
  DirSink sink(dir.path(), "location=x on-exists=error");
  sink.play();
  sink.producer.open(kCaps);
  sink.producer.push_bytes("ours");
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR));
  fail_unless(text.find("on-exists") != std::string::npos, "%s", text.c_str());
  fail_unless_same(file_content(dir / "x"), "theirs");
}
GST_END_TEST

GST_START_TEST(a_full_disk_is_an_error) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "location=x");
  sink.play();
  sink.producer.open(kCaps);
  sink.producer.push_bytes("kept");
  while (sink.stat("bytes") < 4) std::this_thread::yield();
  disk->hold();
  sink.producer.push_bytes("lost");
  disk->wait_until_stuck();
  disk->fail_writes(ENOSPC);
  disk->release();
  gint code = 0;
  const std::string text = trouble(sink.wait_message(GST_MESSAGE_ERROR), nullptr, &code);
  fail_unless_equals_int(code, GST_RESOURCE_ERROR_NO_SPACE_LEFT);
  fail_unless(text.find(dir / "x") != std::string::npos, "%s", text.c_str());
  fail_unless(text.find(g_strerror(ENOSPC)) != std::string::npos, "%s", text.c_str());
  fail_unless_equals_int(sink.producer.push_bytes("x"), GST_FLOW_ERROR);
  sink.producer.push_eos();
  sink.stop();
  fail_if(sink.has_message(GST_MESSAGE_EOS), "EOS after an error");
  fail_unless_same(file_content(dir / "x"), "kept");
}
GST_END_TEST

GST_START_TEST(a_slow_disk_holds_the_stream_and_a_flush_frees_it) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "location=x");
  sink.play();
  sink.producer.open(kCaps);
  disk->hold();
  Pusher pusher(sink.producer);
  wait_until_queued(sink, 5 * kMiB);  // 4 MiB let one more in
  sink.producer.send(adopt(gst_event_new_flush_start()));
  pusher.thread.join();
  fail_unless_equals_int(pusher.flow, GST_FLOW_FLUSHING);
  fail_unless_equals_int(pusher.pushed, 5);
  disk->release();
  sink.producer.send(adopt(gst_event_new_flush_stop(TRUE)));
  seek(sink.producer, 5 * kMiB);
  fail_unless_equals_int(sink.producer.push_bytes("end"), GST_FLOW_OK);
  sink.flush_by_eos();
  fail_unless(file_content(dir / "x") == std::string(5 * kMiB, 'x') + "end");
}
GST_END_TEST

GST_START_TEST(a_stop_frees_a_stream_that_waits) {
  const TemporaryDirectory dir;
  const auto disk = SlowDisk::install();
  DirSink sink(dir.path(), "location=x shutdown-timeout=0");
  sink.play();
  sink.producer.open(kCaps);
  disk->hold();
  Pusher pusher(sink.producer);
  wait_until_queued(sink, 5 * kMiB);
  sink.stop();
  pusher.thread.join();
  fail_unless_equals_int(pusher.flow, GST_FLOW_FLUSHING);
  sink.wait_message(GST_MESSAGE_WARNING);
  disk->release();
}
GST_END_TEST

static Suite* dirsink_bytes_suite() {
  Suite* suite = suite_create("dirsink bytes");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, mp4mux_writes_a_file_that_plays);
  tcase_add_test(tests, a_stream_without_location_is_an_error);
  tcase_add_test(tests, a_location_outside_the_root_is_refused_at_once);
  tcase_add_test(tests, segments_say_where_to_write);
  tcase_add_test(tests, bytes_are_seekable);
  tcase_add_test(tests, a_taken_location_is_numbered_or_refused);
  tcase_add_test(tests, a_full_disk_is_an_error);
  tcase_add_test(tests, a_slow_disk_holds_the_stream_and_a_flush_frees_it);
  tcase_add_test(tests, a_stop_frees_a_stream_that_waits);
  return suite;
}
GST_CHECK_MAIN(dirsink_bytes)
