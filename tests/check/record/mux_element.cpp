// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux as an element: properties, states, threads, and real sinks behind it.
#include <glib/gstdio.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "gst/dirsink/gstdirsink.h"
#include "tests/check/record/mux_fixture.h"
#include "tests/check/record/pipeline_fixture.h"

using namespace rec;
using namespace rec::test;

GST_START_TEST(properties_have_their_defaults_and_keep_what_is_set) {
  MuxFixture mux("name=m");
  GObject* object = G_OBJECT(mux.element());
  struct Number {
    const char* name;
    guint64 initial;
    guint64 other;
  };
  const Number numbers[] = {{"fragment-duration", GST_SECOND, 2 * GST_SECOND},
                            {"latency", GST_SECOND / 2, 0},
                            {"max-queued-bytes", 64 << 20, 1 << 20},
                            {"start-utc", 0, 5},
                            {"header-timeout", 2 * GST_SECOND, 0},
                            {"claim-timeout", 2 * GST_SECOND, 0}};
  for (const auto& number : numbers) {
    guint64 value = 0;
    g_object_get(object, number.name, &value, nullptr);
    fail_unless_equals_uint64(value, number.initial);
    g_object_set(object, number.name, number.other, nullptr);
    g_object_get(object, number.name, &value, nullptr);
    fail_unless_equals_uint64(value, number.other);
  }
  const std::pair<const char*, const char*> texts[] = {
      {"stream-name", "stream"}, {"path", "{stream}/{utc:%Y/%m/%d}/{utc:%H%M%S}.mp4"}};
  for (const auto& [name, initial] : texts) {
    g_autofree gchar* value = nullptr;
    g_object_get(object, name, &value, nullptr);
    fail_unless_same(value, initial);
    g_object_set(object, name, "x", nullptr);
    g_autofree gchar* changed = nullptr;
    g_object_get(object, name, &changed, nullptr);
    fail_unless_same(changed, "x");
    g_object_set(object, name, nullptr, nullptr);  // taken as empty
  }
  gint format = -1;
  g_object_get(object, "format", &format, nullptr);
  auto* klass = static_cast<GEnumClass*>(g_type_class_ref(
      g_object_class_find_property(G_OBJECT_GET_CLASS(object), "format")->value_type));
  fail_unless_same(g_enum_get_value(klass, format)->value_nick, "mp4");
  fail_unless_equals_int(klass->n_values, 1);  // lists only what exists
  g_type_class_unref(klass);
}
GST_END_TEST

static const char* const kBadPaths[] = {"",         "/abs.mp4", "a/../b.mp4", "{nonsense}.mp4",
                                        "a{",       "a}b",      "{index:4}",  "{utc:}",
                                        "a//b.mp4", "dir/",     "./a.mp4"};

GST_START_TEST(a_bad_path_fails_with_the_name_of_the_property) {
  MuxFixture mux;
  g_object_set(mux.element(), "path", kBadPaths[__i__], nullptr);
  fail_unless_equals_int(gst_element_set_state(mux.element(), GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  const auto errors = mux.messages->of_type(GST_MESSAGE_ERROR);
  fail_unless_equals_int(errors.size(), 1);
  g_autoptr(GError) error = nullptr;
  gst_message_parse_error(errors[0], &error, nullptr);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless(strstr(error->message, "\"path\"") != nullptr, "%s", error->message);
  fail_unless(strstr(error->message, ". Use ") != nullptr, "no remedy: %s", error->message);
  // And can be put right.
  g_object_set(mux.element(), "path", "good.mp4", nullptr);
  mux.play();
}
GST_END_TEST

GST_START_TEST(a_stream_name_that_no_path_carries_is_changed_with_a_warning) {
  MuxFixture mux("path={stream}/{index:04}.mp4");
  g_object_set(mux.element(), "stream-name", "room/1\n2", nullptr);
  Source video(mux.element());
  mux.play();
  const auto warnings = mux.messages->of_type(GST_MESSAGE_WARNING);
  fail_unless_equals_int(warnings.size(), 1);
  g_autoptr(GError) warning = nullptr;
  gst_message_parse_warning(warnings[0], &warning, nullptr);
  fail_unless(strstr(warning->message, "stream-name") && strstr(warning->message, "room-1-2"), "%s",
              warning->message);
  video.start(h264());
  mux.push_video(video, h264(), 0, 30);
  video.eos();
  fail_unless_same(mux.store.keys().at(0), "room-1-2/0001.mp4");
  fail_unless_same(text_field(mux.messages->named("record-stopped").at(0), "stream-name"),
                   "room/1\n2");
}
GST_END_TEST

GST_START_TEST(stats_count_this_run) {
  MuxFixture mux;
  Source video(mux.element());
  mux.play();
  video.start(h264());
  mux.push_video(video, h264(), 1, 89);  // the first 29 are before the key frame
  video.eos();
  const auto stats = mux.stats();
  guint64 objects = 0, bytes = 0, queued = 1;
  fail_unless(gst_structure_get(stats.get(), "objects", G_TYPE_UINT64, &objects, "bytes",
                                G_TYPE_UINT64, &bytes, "queued-bytes", G_TYPE_UINT64, &queued,
                                nullptr));
  fail_unless_equals_uint64(objects, 1);
  fail_unless_equals_uint64(bytes, mux.store.bytes_of("stream.mp4").size());
  fail_unless_equals_uint64(queued, 0);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "samples"), 60);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "before-key-frame"), 29);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "refused"), 0);
  fail_unless_equals_uint64(mux.track_stat("sink_0", "late"), 0);
  fail_unless(mux.track_stat("sink_0", "bytes") > 60 * 4);
  mux.stop();
  mux.play();
  fail_unless_equals_uint64(mux.track_stat("sink_0", "samples"), 0);
}
GST_END_TEST

GST_START_TEST(pads_are_named_as_asked_and_never_twice) {
  MuxFixture mux;
  Source five(mux.element(), "sink_5");
  Source first(mux.element());
  Source second(mux.element());
  fail_unless_same(five.name(), "sink_5");
  fail_unless_same(first.name(), "sink_0");
  fail_unless_same(second.name(), "sink_1");
  std::vector<std::unique_ptr<Source>> many[4];
  std::vector<std::thread> threads;
  for (auto& mine : many)
    threads.emplace_back([&mux, &mine] {
      for (int i = 0; i < 50; ++i) mine.push_back(std::make_unique<Source>(mux.element()));
    });
  for (auto& thread : threads) thread.join();
  fail_unless_equals_int(mux.element()->numsinkpads, 203);
}
GST_END_TEST

GST_START_TEST(pads_come_and_go_while_data_flows) {
  MuxFixture mux("path={stream}-{id}.mp4");
  Source video(mux.element());
  mux.play();
  video.start(h264());
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; !stop; ++i, ++rounds) {
        Source audio(mux.element());
        audio.start(opus());
        for (std::size_t n = 0; n < 5; ++n)
          fail_unless_equals_int(audio.push(opus()[n], audio_pts(i * 5 + n)), GST_FLOW_OK);
        if ((i + static_cast<std::size_t>(t)) % 2 == 0) audio.eos();
      }
    });
  for (std::size_t i = 0; i < 900 || rounds < 300; ++i)
    fail_unless_equals_int(video.push(h264()[i], video_pts(i)), GST_FLOW_OK);
  stop = true;
  for (auto& thread : threads) thread.join();
  video.eos();
  for (const auto& key : mux.store.keys()) mux.store.read(key);
  fail_unless(mux.store.ended() == mux.store.keys());
}
GST_END_TEST

// filesink is no store: it answers nothing, needs a preroll, and blocks who pushes in PAUSED.
GST_START_TEST(an_alarm_never_pushes_into_a_paused_filesink) {
  const TemporaryDirectory dir;
  MuxFixture other;
  Source others_video(other.element());
  Pipeline pipeline(
      "recordmux name=mux path=a.mp4 claim-timeout=0 header-timeout=0 ! filesink "
      "name=sink location=\"" +
      dir.path() + "/a.mp4\"");
  Source video(pipeline.get("mux").get());
  fail_unless_equals_int(pipeline.set(GST_STATE_PAUSED), GST_STATE_CHANGE_ASYNC);
  other.play();
  video.start(h264());
  others_video.start(h264());
  for (std::size_t i = 0; i < 10; ++i) {
    fail_unless_equals_int(video.push(h264()[i], video_pts(i)), GST_FLOW_OK);
    others_video.push(h264()[i], video_pts(i));
  }
  // The clock cuts: what would be pushed from here would block here for ever.
  other.timers->advance(10 * kSecond);
  fail_unless(other.store.unit_count() > 0, "the alarms of others do not ring");
  // The streaming thread is what a preroll may hold.
  std::thread streaming([&] {
    for (std::size_t i = 10; i < 90; ++i) video.push(h264()[i], video_pts(i));
    video.eos();
  });
  pipeline.wait(GST_MESSAGE_ASYNC_DONE);
  other.timers->advance(10 * kSecond);
  pipeline.set(GST_STATE_PLAYING);
  pipeline.wait(GST_MESSAGE_EOS);
  streaming.join();
  pipeline.set(GST_STATE_NULL);
  fail_unless_equals_int(read_file(dir / "a.mp4").tracks.at(0).samples.size(), 90);
  fail_unless_equals_int(decoded_pictures(dir / "a.mp4"), 90);
}
GST_END_TEST

// Neither a change of state nor an event of the application may wait for a sink.
GST_START_TEST(a_sink_that_blocks_holds_no_application_up) {
  MuxFixture mux;
  Source video(mux.element());
  std::promise<void> opened;
  const auto open = opened.get_future().share();
  mux.store.on_unit = [&](const ObjectInfo&) { open.wait(); };
  mux.state(GST_STATE_PAUSED);
  video.start(h264());
  for (std::size_t i = 0; i < 10; ++i) video.push(h264()[i], video_pts(i));
  mux.timers->advance(10 * kSecond);  // cut, and held back
  fail_unless_equals_int(mux.store.unit_count(), 0);
  if (__i__ == 0)
    mux.play();
  else
    fail_unless(gst_element_send_event(mux.element(), gst_event_new_eos()));
  opened.set_value();
  mux.timers->advance(0);
  fail_unless_equals_int(mux.store.read("stream.mp4").tracks.at(0).samples.size(), 9 + __i__);
}
GST_END_TEST

static const char* const kSinks[] = {"filesink location=%s/a.mp4", "dirsink root=%s",
                                     "queue ! dirsink root=%s",
                                     "queue ! filesink location=%s/a.mp4"};

GST_START_TEST(real_sinks_get_a_file_that_ffmpeg_reads) {
  const TemporaryDirectory dir;
  g_autofree gchar* sink = g_strdup_printf(kSinks[__i__], dir.path().c_str());
  Pipeline pipeline(
      "videotestsrc num-buffers=60 ! video/x-raw,framerate=30/1,width=64,height=48 ! x264enc "
      "key-int-max=30 bframes=2 ! video/x-h264,profile=main ! h264parse ! recordmux name=mux "
      "path=a.mp4 ! " +
      std::string(sink) +
      " audiotestsrc num-buffers=100 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! opusenc ! "
      "opusparse ! mux.");
  pipeline.set(GST_STATE_PLAYING);
  pipeline.wait(GST_MESSAGE_EOS);
  pipeline.set(GST_STATE_NULL);
  const auto file = read_file(dir / "a.mp4");
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 60);
  fail_unless(file.find_track("soun")->samples.size() >= 100);
  fail_unless_equals_int(decoded_pictures(dir / "a.mp4"), 60);
  const std::string codecs = "-show_entries stream=codec_name -of csv=p=0 -select_streams ";
  fail_unless_same(ffprobe(codecs + "v", dir / "a.mp4"), "h264\n");
  fail_unless_same(ffprobe(codecs + "a", dir / "a.mp4"), "opus\n");
}
GST_END_TEST

// h264parse is told nothing by caps that say ANY: what a depayloader delivers must still come out
// as access units, or the obvious pipeline would record nothing.
GST_START_TEST(the_obvious_rtp_pipeline_records) {
  const TemporaryDirectory dir;
  Pipeline pipeline(
      "videotestsrc num-buffers=60 ! video/x-raw,framerate=30/1,width=64,height=48 ! x264enc "
      "tune=zerolatency key-int-max=30 ! rtph264pay ! rtph264depay ! h264parse ! recordmux "
      "path=a.mp4 ! dirsink root=" +
      dir.path());
  pipeline.set(GST_STATE_PLAYING);
  pipeline.wait(GST_MESSAGE_EOS);
  pipeline.set(GST_STATE_NULL);
  fail_unless_equals_int(decoded_pictures(dir / "a.mp4"), 60);
}
GST_END_TEST

GST_START_TEST(a_recording_adds_no_thread) {
  const auto threads_with = [](int count) {
    std::string launch;
    const TemporaryDirectory dir;
    for (int i = 0; i < count; ++i)
      launch +=
          " recordmux name=m" + std::to_string(i) + " path={id}.mp4 ! dirsink root=" + dir.path();
    Pipeline pipeline(launch);
    std::vector<std::unique_ptr<Source>> sources;
    for (int i = 0; i < count; ++i)
      sources.push_back(
          std::make_unique<Source>(pipeline.get(("m" + std::to_string(i)).c_str()).get()));
    pipeline.set(GST_STATE_PLAYING);
    for (auto& source : sources) source->start(h264());
    std::size_t most = 0;
    for (std::size_t i = 0; i < 90; ++i) {
      for (auto& source : sources) source->push(h264()[i], video_pts(i));
      most = std::max(most, thread_count());
    }
    for (auto& source : sources) source->eos();
    pipeline.wait(GST_MESSAGE_EOS);
    most = std::max(most, thread_count());
    sources.clear();
    pipeline.set(GST_STATE_NULL);
    return most;
  };
  threads_with(1);  // the shared ones
  const std::size_t one = threads_with(1);
  const std::size_t fifty = threads_with(50);
  // A worker or two may be added while all are busy, whatever the number of recordings.
  fail_unless(fifty <= one + 2, "%zu threads with 1 recording, %zu with 50", one, fifty);
}
GST_END_TEST

static Suite* record_mux_element_suite() {
  GST_ELEMENT_REGISTER(recordmux, nullptr);
  GST_ELEMENT_REGISTER(dirsink, nullptr);
  Suite* suite = suite_create("recordmux element");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, properties_have_their_defaults_and_keep_what_is_set);
  tcase_add_loop_test(tests, a_bad_path_fails_with_the_name_of_the_property, 0,
                      G_N_ELEMENTS(kBadPaths));
  tcase_add_test(tests, a_stream_name_that_no_path_carries_is_changed_with_a_warning);
  tcase_add_test(tests, stats_count_this_run);
  tcase_add_test(tests, pads_are_named_as_asked_and_never_twice);
  tcase_add_test(tests, pads_come_and_go_while_data_flows);
  tcase_add_test(tests, an_alarm_never_pushes_into_a_paused_filesink);
  tcase_add_loop_test(tests, a_sink_that_blocks_holds_no_application_up, 0, 2);
  tcase_add_loop_test(tests, real_sinks_get_a_file_that_ffmpeg_reads, 0, G_N_ELEMENTS(kSinks));
  tcase_add_test(tests, the_obvious_rtp_pipeline_records);
  tcase_add_test(tests, a_recording_adds_no_thread);
  return suite;
}
GST_CHECK_MAIN(record_mux_element)
