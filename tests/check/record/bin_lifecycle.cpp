// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin as an element: settings, children, states, and fifty of them in one pipeline.
#include <set>

#include "tests/check/record/bin_fixture.h"

using namespace rec;
using namespace rec::test;
namespace fs = std::filesystem;

namespace {

std::string error_of(Messages& messages) {
  const auto errors = messages.of_type(GST_MESSAGE_ERROR);
  fail_unless_equals_int(errors.size(), 1);
  g_autoptr(GError) error = nullptr;
  gst_message_parse_error(errors[0], &error, nullptr);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  return error->message;
}

void record(Source& source, GstClockTime until) {
  RtpFeed pictures(source, rtp_h264());
  pictures.start();
  while (!pictures.at_end() && pictures.next_time() < until)
    fail_unless_equals_int(pictures.push(), GST_FLOW_OK);
}

std::string branch(int n, const std::string& root) {
  return " recordbin name=r" + std::to_string(n) + " stream-name=s" + std::to_string(n) +
         " path={stream}.mp4 storage=" + root;
}

}  // namespace

static const char* const kStorages[] = {"%s", "%s/deep/er", "file://%s", "file://%s/with%%20space"};
static const char* const kFolders[] = {"", "/deep/er", "", "/with space"};

GST_START_TEST(storage_is_a_path_or_a_file_uri) {
  const TemporaryDirectory root;
  g_autofree gchar* storage = g_strdup_printf(kStorages[__i__], root.path().c_str());
  BinFixture bin("path={stream}.mp4", storage);
  Source video(bin.element());
  bin.play();
  record(video, GST_SECOND);
  video.eos();
  bin.wait_eos();
  const std::string file = root.path() + kFolders[__i__] + "/stream.mp4";
  fail_unless(fs::exists(file), "no %s", file.c_str());
  g_autofree gchar* kept = nullptr;
  g_object_get(bin.element(), "storage", &kept, nullptr);
  fail_unless_same(kept, storage);
}
GST_END_TEST

static const char* const kBadStorages[] = {"ftp://host/x", "nonsense:whatever", "file://host/x",
                                           ""};

GST_START_TEST(a_bad_storage_fails_and_says_what_is_known) {
  BinFixture bin;
  g_object_set(bin.element(), "storage", kBadStorages[__i__], nullptr);
  fail_unless_equals_int(gst_element_set_state(bin.element(), GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  const std::string text = error_of(*bin.messages);
  fail_unless(text.find("\"storage\"") != std::string::npos, "%s", text.c_str());
  fail_unless(text.find("file://") != std::string::npos, "no remedy: %s", text.c_str());
  g_object_set(bin.element(), "storage", bin.dir.path().c_str(), nullptr);
  bin.play();
}
GST_END_TEST

GST_START_TEST(a_bad_path_fails_here_too) {
  BinFixture bin;
  g_object_set(bin.element(), "path", "{oops}", nullptr);
  fail_unless_equals_int(gst_element_set_state(bin.element(), GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  const std::string text = error_of(*bin.messages);
  fail_unless(text.find("\"path\"") != std::string::npos, "%s", text.c_str());
}
GST_END_TEST

GST_START_TEST(properties_are_those_of_the_mux) {
  BinFixture bin;
  guint count = 0;
  const auto mux = adopt(gst_bin_get_by_name(GST_BIN(bin.element()), "mux"));
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(mux.get()), &count);
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type != G_OBJECT_TYPE(mux.get())) continue;
    const char* name = specs[i]->name;
    GParamSpec* mine = g_object_class_find_property(G_OBJECT_GET_CLASS(bin.element()), name);
    fail_unless(mine != nullptr, "no property %s", name);
    fail_unless(mine->value_type == specs[i]->value_type, "%s is of another type", name);
    fail_unless(g_param_values_cmp(mine, g_param_spec_get_default_value(mine),
                                   g_param_spec_get_default_value(specs[i])) == 0,
                "%s has another default", name);
  }
  g_free(specs);
  g_object_set(bin.element(), "latency", guint64{7}, "stream-name", "x", nullptr);
  guint64 latency = 0;
  g_autofree gchar* stream = nullptr;
  g_object_get(mux.get(), "latency", &latency, "stream-name", &stream, nullptr);
  fail_unless_equals_uint64(latency, 7);
  fail_unless_same(stream, "x");
  guint64 timeout = 0;
  g_object_get(bin.element(), "shutdown-timeout", &timeout, nullptr);
  fail_unless_equals_uint64(timeout, 5 * GST_SECOND);
}
GST_END_TEST

GST_START_TEST(children_are_reached_by_name) {
  const TemporaryDirectory elsewhere;
  register_elements();
  const auto bin = adopt_floating(gst_element_factory_make("recordbin", nullptr));
  g_autofree gchar* storage = nullptr;
  g_object_get(bin.get(), "storage", &storage, nullptr);
  fail_unless_same(storage, "records");
  gst_child_proxy_set(GST_CHILD_PROXY(bin.get()), "mux::fragment-duration", 2 * GST_SECOND,
                      "store::root", elsewhere.path().c_str(), nullptr);
  guint64 duration = 0;
  g_object_get(bin.get(), "fragment-duration", &duration, nullptr);
  fail_unless_equals_uint64(duration, 2 * GST_SECOND);
  // What was set on the store stays, as long as storage was not set.
  gst_element_set_state(bin.get(), GST_STATE_PLAYING);
  g_autofree gchar* root = nullptr;
  gst_child_proxy_get(GST_CHILD_PROXY(bin.get()), "store::root", &root, nullptr);
  fail_unless_same(root, elsewhere.path());
  gst_element_set_state(bin.get(), GST_STATE_NULL);
}
GST_END_TEST

GST_START_TEST(messages_of_the_children_reach_the_application) {
  BinFixture bin;
  Source video(bin.element());
  bin.play();
  record(video, 3 * GST_SECOND);
  const guint32 seqnum = video.eos();
  bin.wait_eos();
  for (const char* name :
       {"record-started", "record-track", "object-opened", "object-stored", "record-stopped"})
    fail_unless(!bin.messages->named(name).empty(), "no %s", name);
  fail_unless_equals_int(gst_message_get_seqnum(bin.messages->of_type(GST_MESSAGE_EOS)[0]), seqnum);
  fail_unless_same(text_field(bin.messages->named("record-started")[0], "key"), "stream.mp4");
  fail_unless_same(text_field(bin.messages->named("object-stored")[0], "key"), "stream.mp4");
  GstStructure* s = nullptr;
  g_object_get(bin.element(), "stats", &s, nullptr);
  const StructurePtr stats(s);
  fail_unless(gst_structure_has_field(s, "mux") && gst_structure_has_field(s, "store"));
}
GST_END_TEST

GST_START_TEST(the_doc_blocks_pipeline_records) {
  const TemporaryDirectory dir;
  register_elements();
  Pipeline pipeline(
      "videotestsrc num-buffers=150 ! x264enc tune=zerolatency ! rtph264pay ! recordbin name=rec "
      "storage=" +
      dir.path() + " audiotestsrc num-buffers=250 ! opusenc ! rtpopuspay ! rec.");
  pipeline.set(GST_STATE_PLAYING);
  pipeline.wait(GST_MESSAGE_EOS);
  pipeline.set(GST_STATE_NULL);
  fail_unless_equals_int(dir.files().size(), 1);
  fail_unless_equals_int(decoded_pictures(dir.files()[0]), 150);
}
GST_END_TEST

// PLAYING->NULL without EOS gives a whole file, and the next run another one.
GST_START_TEST(a_stop_without_eos_loses_nothing) {
  register_elements();
  const TemporaryDirectory dir;
  Pipeline pipeline(branch(0, dir.path()));
  const auto bin = pipeline.get("r0");
  Source video(bin.get());
  Source audio(bin.get());
  for (std::size_t run = 1; run <= 5; ++run) {
    pipeline.set(GST_STATE_PLAYING);
    RtpFeed pictures(video, rtp_h264());
    RtpFeed packets(audio, rtp_opus());
    pictures.start();
    packets.start();
    for (; !pictures.at_end(); pictures.push())
      while (!packets.at_end() && packets.next_time() <= pictures.next_time()) packets.push();
    while (!packets.at_end()) packets.push();
    pipeline.set(GST_STATE_NULL);
    fail_unless_equals_int(dir.files().size(), run);
  }
  for (const auto& path : dir.files()) {
    const auto file = read_file(path);
    fail_unless_equals_int(file.find_track("vide")->samples.size(), 90);
    fail_unless_equals_int(file.find_track("soun")->samples.size(), rtp_opus().size());
    fail_unless_equals_int(decoded_pictures(path), 90);
  }
}
GST_END_TEST

// An application links while the bin is still in NULL, and stops it while the call goes on: neither
// may be felt upstream, where an error would end the call.
GST_START_TEST(a_bin_that_is_not_running_takes_everything) {
  BinFixture bin;
  Source video(bin.element());
  RtpFeed pictures(video, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);  // expects GST_FLOW_OK
  gst_element_set_state(bin.element(), GST_STATE_READY);
  bin.push_until(3 * GST_SECOND / 2, &pictures);
  bin.play();
  bin.push_until(3 * GST_SECOND, &pictures);
  video.eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 30);  // from the key frame at 2 s on
}
GST_END_TEST

GST_START_TEST(a_pause_changes_nothing) {
  BinFixture bin;
  Source video(bin.element());
  bin.play();
  RtpFeed pictures(video, rtp_h264());
  pictures.start();
  bin.push_until(GST_SECOND, &pictures);
  for (int i = 0; i < 10; ++i) {
    gst_element_set_state(bin.element(), GST_STATE_PAUSED);
    bin.push_until(GST_SECOND + static_cast<GstClockTime>(i) * 200 * GST_MSECOND, &pictures);
    bin.play();
  }
  bin.push_until(3 * GST_SECOND, &pictures);
  video.eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 90);
  fail_unless_equals_int(bin.dir.files().size(), 1);
}
GST_END_TEST

GST_START_TEST(an_eos_event_for_the_bin_ends_it_and_data_is_swallowed) {
  BinFixture bin;
  Source video(bin.element());
  bin.play();
  RtpFeed pictures(video, rtp_h264());
  pictures.start();
  bin.push_until(2 * GST_SECOND, &pictures);
  GstEvent* eos = gst_event_new_eos();
  const guint32 seqnum = gst_event_get_seqnum(eos);
  fail_unless(gst_element_send_event(bin.element(), eos));
  bin.wait_eos();
  fail_unless_equals_int(gst_message_get_seqnum(bin.messages->of_type(GST_MESSAGE_EOS)[0]), seqnum);
  bin.push_until(3 * GST_SECOND, &pictures);
  video.eos();
  bin.stop();
  fail_unless_equals_int(bin.samples("vide"), 60);
}
GST_END_TEST

GST_START_TEST(fifty_stop_quickly) {
  const TemporaryDirectory dir;
  register_elements();
  std::string launch;
  for (int i = 0; i < 50; ++i) launch += branch(i, dir.path());
  Pipeline pipeline(launch);
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<RtpFeed> feeds;
  for (int i = 0; i < 50; ++i) {
    const auto bin = pipeline.get(("r" + std::to_string(i)).c_str());
    sources.push_back(std::make_unique<Source>(bin.get()));
    feeds.emplace_back(*sources.back(), rtp_h264());
  }
  pipeline.set(GST_STATE_PLAYING);
  for (auto& feed : feeds) feed.start();
  while (!feeds[0].at_end())
    for (auto& feed : feeds) fail_unless_equals_int(feed.push(), GST_FLOW_OK);
  const gint64 begun = g_get_monotonic_time();
  pipeline.set(GST_STATE_NULL);
  const double seconds = static_cast<double>(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
  fail_unless(seconds < 2.0, "50 recordings took %.2f s to stop", seconds);
  fail_unless_equals_int(dir.files().size(), 50);
  for (const auto& path : dir.files())
    fail_unless_equals_int(read_file(path).tracks.at(0).samples.size(), 90);
  // Fifty sources hold their bins: they go first.
  sources.clear();
}
GST_END_TEST

static Suite* record_bin_lifecycle_suite() {
  Suite* suite = suite_create("recordbin lifecycle");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, storage_is_a_path_or_a_file_uri, 0, G_N_ELEMENTS(kStorages));
  tcase_add_loop_test(tests, a_bad_storage_fails_and_says_what_is_known, 0,
                      G_N_ELEMENTS(kBadStorages));
  tcase_add_test(tests, a_bad_path_fails_here_too);
  tcase_add_test(tests, properties_are_those_of_the_mux);
  tcase_add_test(tests, children_are_reached_by_name);
  tcase_add_test(tests, messages_of_the_children_reach_the_application);
  tcase_add_test(tests, the_doc_blocks_pipeline_records);
  tcase_add_test(tests, a_stop_without_eos_loses_nothing);
  tcase_add_test(tests, a_bin_that_is_not_running_takes_everything);
  tcase_add_test(tests, a_pause_changes_nothing);
  tcase_add_test(tests, an_eos_event_for_the_bin_ends_it_and_data_is_swallowed);
  tcase_add_test(tests, fifty_stop_quickly);
  return suite;
}
GST_CHECK_MAIN(record_bin_lifecycle)
