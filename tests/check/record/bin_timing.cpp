// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin: what ends a recording, what pauses it, whose sender reports it waits for, and what
// becomes of pictures that refer to lost ones.
#include "tests/check/record/bin_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kMeta[] = "add-reference-timestamp-meta";

// A video and a sound, both sent by real payloaders, and a store that answers at once.
struct Call : BinFixture {
  explicit Call(const std::string& properties = {})
      : BinFixture("path={stream}.mp4 " + properties) {
    const auto mux = adopt(gst_bin_get_by_name(GST_BIN(element()), "mux"));
    const auto src = adopt(gst_element_get_static_pad(mux.get(), "src"));
    const auto dirsink = adopt(gst_pad_get_peer(src.get()));
    gst_pad_unlink(src.get(), dirsink.get());
    gst_pad_link_full(src.get(), store.pad(), GST_PAD_LINK_CHECK_NOTHING);
  }
  ~Call() { stop(); }
  void start() {
    play();
    pictures.start();
    packets.start();
  }
  void push_until(GstClockTime until) { BinFixture::push_until(until, &pictures, &packets); }
  void emit(const char* signal) { g_signal_emit_by_name(element(), signal); }
  bool ended() { return store.eos_count() > 0; }
  bool ended_by(GstClockTime time) {
    advance_to(time);
    return ended();
  }
  std::size_t samples(const char* handler) {
    return store.read("stream.mp4").find_track(handler)->samples.size();
  }
  GstElement* from(Ref<GstElement> sender) {  // its pads are those that feed the recordbin
    fail_unless(sender != nullptr, "there is no such element");
    for (Source* source : {&*video, &*audio}) {
      g_autofree gchar* name = g_strdup_printf("feed_%s", source->name().c_str());
      gst_object_set_name(GST_OBJECT(source->pad()), name);
      fail_unless(gst_element_add_pad(sender.get(), source->pad()));
    }
    sender_ = std::move(sender);
    return sender_.get();
  }
  guint64 mux_stat(const char* track, const char* field) {
    GstStructure* all = nullptr;
    g_object_get(element(), "stats", &all, nullptr);
    const StructurePtr held(all);
    const GstStructure* mux = gst_value_get_structure(gst_structure_get_value(all, "mux"));
    const GValue* tracks = gst_structure_get_value(mux, "tracks");
    guint64 value = G_MAXUINT64;
    for (guint i = 0; i < gst_value_array_get_size(tracks); ++i) {
      const GstStructure* s = gst_value_get_structure(gst_value_array_get_value(tracks, i));
      if (g_str_equal(gst_structure_get_string(s, "track"), track))
        gst_structure_get_uint64(s, field, &value);
    }
    return value;
  }

 private:
  Ref<GstElement> sender_;  // goes after the sources

 public:
  FakeStore store;
  std::optional<Source> video{std::in_place, element()};
  std::optional<Source> audio{std::in_place, element()};
  RtpFeed pictures{*video, rtp_h264()};
  RtpFeed packets{*audio, rtp_opus()};
};

bool is_on(GstElement* rtpbin, const char* property) {
  gboolean on = FALSE;
  g_object_get(rtpbin, property, &on, nullptr);
  return on;
}

void end(std::optional<Source>& source, bool by_eos) {
  if (by_eos)
    source->eos();
  else
    source.reset();
}

}  // namespace

// --- end-policy ---------------------------------------------------------------------------------

GST_START_TEST(by_default_the_last_track_ends_it) {
  const bool by_eos = __i__ == 0;
  Call call;
  call.start();
  call.push_until(GST_SECOND);
  end(call.video, by_eos);
  fail_if(call.ended_by(3600 * GST_SECOND));
  call.audio->eos();
  fail_unless(call.ended());
}
GST_END_TEST

GST_START_TEST(with_first_track_the_first_one_ends_it) {
  const bool by_eos = __i__ == 0;
  Call call("end-policy=first-track");
  call.start();
  call.push_until(GST_SECOND);
  end(call.video, by_eos);
  fail_unless(call.ended());
  const guint64 packets = call.mux_stat("sink_1", "samples");
  BinFixture& bin = call;
  bin.push_until(2 * GST_SECOND, &call.packets);  // taken, and dropped
  fail_unless_equals_uint64(call.mux_stat("sink_1", "samples"), packets);
  fail_unless_equals_int(call.samples("vide"), 30);
  fail_unless_equals_uint64(call.samples("soun"), packets);
}
GST_END_TEST

// The recording waits for the pad to come back, unless the end of its track ends it.
GST_START_TEST(the_only_pad_that_goes_ends_it_with_first_track) {
  const bool first = __i__ == 0;
  Call call(first ? "end-policy=first-track" : "");
  call.audio.reset();
  call.play();
  call.pictures.start();
  BinFixture& bin = call;
  bin.push_until(GST_SECOND, &call.pictures);
  call.video.reset();
  fail_unless_equals_int(call.ended(), first);
  if (first) fail_unless_equals_int(call.samples("vide"), 30);
}
GST_END_TEST

// A pad that only takes a track over, or never had one, is no track that ends.
GST_START_TEST(with_first_track_pads_that_change_hands_end_nothing) {
  Call call("end-policy=first-track");
  g_object_set(call.video->sink(), "track", "camera", nullptr);
  call.start();
  call.push_until(GST_SECOND);
  std::optional<Source> other(std::in_place, call.element());
  g_object_set(other->sink(), "track", "camera", nullptr);
  call.pictures.move_to(*other);
  call.pictures.start();
  call.push_until(2 * GST_SECOND);  // `other` feeds the track now
  call.video.reset();               // which no longer does
  Source strange(call.element());
  RtpFeed unknown(strange, rtp_h264());
  unknown.start("THEORA");
  strange.eos();
  fail_if(call.ended_by(5 * GST_SECOND));
  other->eos();
  fail_unless(call.ended());
  fail_unless_equals_int(call.samples("vide"), 60);
}
GST_END_TEST

GST_START_TEST(with_never_only_the_application_ends_it) {
  const bool by_eos = __i__ == 0;
  Call call("end-policy=never");
  call.start();
  call.push_until(GST_SECOND);
  const guint64 packets = call.mux_stat("sink_1", "samples");
  end(call.video, by_eos);
  end(call.audio, by_eos);
  fail_if(call.ended_by(3600 * GST_SECOND));
  fail_unless(gst_element_send_event(call.element(), gst_event_new_eos()));
  fail_unless(call.ended());
  fail_unless_equals_int(call.samples("vide"), 30);
  fail_unless_equals_uint64(call.samples("soun"), packets);
}
GST_END_TEST

// Nothing that could be recorded ever came, and all has ended.
static const char* const kPolicies[] = {"all-tracks", "first-track", "never"};

GST_START_TEST(nothing_that_can_be_recorded_ends_it_unless_never) {
  Call call(std::string("end-policy=") + kPolicies[__i__]);
  call.play();
  call.pictures.start("THEORA");
  call.packets.start("L16");
  call.push_until(GST_SECOND);
  call.video->eos();
  fail_if(call.ended());
  call.audio->eos();
  if (__i__ < 2) return fail_unless(call.ended());
  fail_if(call.ended_by(3600 * GST_SECOND));
  fail_unless(call.messages->named("record-stopped").empty());
  fail_unless(gst_element_send_event(call.element(), gst_event_new_eos()));
  fail_unless(call.ended());
}
GST_END_TEST

// --- pause and resume ---------------------------------------------------------------------------

GST_START_TEST(the_signals_pause_the_mux) {
  Call call;
  call.emit("pause");  // nothing runs yet
  call.start();
  call.push_until(GST_SECOND);
  const guint64 packets = call.mux_stat("sink_1", "samples");
  fail_unless(packets >= 50);
  call.emit("pause");
  call.emit("pause");
  call.push_until(2 * GST_SECOND);
  fail_unless_equals_uint64(call.mux_stat("sink_1", "paused"), 50);
  fail_unless_equals_uint64(call.mux_stat("sink_1", "samples"), packets);
  call.emit("resume");
  call.push_until(3 * GST_SECOND);
  call.video->eos();
  call.audio->eos();
  fail_unless(call.ended());
  call.emit("pause");
  call.emit("resume");
  call.expect_no_error();
  const auto file = call.store.read("stream.mp4");
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 60);
  const Mp4Track& sound = *file.find_track("soun");
  fail_unless_equals_uint64(sound.end_dts - sound.samples[0].dts,
                            960 * static_cast<guint64>(sound.samples.size()));
  fail_unless_equals_uint64(sound.samples.size() + 50, rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(split_now_splits_what_the_mux_records) {
  Call call("path={stream}-{index}.mp4");
  call.emit("split-now");  // nothing runs yet
  call.start();
  call.push_until(GST_SECOND + GST_SECOND / 2);
  call.emit("split-now");
  call.push_until(3 * GST_SECOND);
  call.video->eos();
  call.audio->eos();
  fail_unless(call.ended());
  call.expect_no_error();
  // At the next key frame: there is one a second.
  fail_unless_equals_int(call.store.read("stream-1.mp4").find_track("vide")->samples.size(), 60);
  fail_unless_equals_int(call.store.read("stream-2.mp4").find_track("vide")->samples.size(), 30);
}
GST_END_TEST

// --- sender reports -----------------------------------------------------------------------------

struct SenderCase {
  const char* factory;  // of what the pads belong to
  bool on;              // the application has turned kMeta on
  const char* properties;
  bool expected;       // reports
  GstClockTime begun;  // ms: when the first file is begun
};
static const SenderCase kSenders[] = {{"webrtcbin", false, "", true, 2500},
                                      {"webrtcbin", true, "timing=rtcp", true, 2500},
                                      {"webrtcbin", false, "timing=arrival", false, 1000},
                                      {"webrtcbin", false, "sync-wait=1500000000", true, 1500},
                                      {"webrtcbin", false, "sync-wait=0", true, 1000},
                                      {"rtpbin", true, "", true, 2500},
                                      {"rtpbin", false, "", false, 1000},
                                      {"rtpbin", true, "timing=arrival", false, 1000},
                                      {"identity", false, "", false, 1000}};

static bool asks_for_meta(const SenderCase& test) {
  return test.on || (test.expected && g_str_equal(test.factory, "webrtcbin"));
}

GST_START_TEST(webrtcbin_is_told_to_pass_its_reports_on) {
  const SenderCase& test = kSenders[__i__];
  if (g_str_equal(test.factory, "identity")) return;
  Call call(test.properties);
  GstElement* sender = call.from(adopt_floating(gst_element_factory_make(test.factory, nullptr)));
  const auto rtpbin = g_str_equal(test.factory, "rtpbin")
                          ? share(sender)
                          : adopt(gst_bin_get_by_name(GST_BIN(sender), "rtpbin"));
  if (test.on) g_object_set(rtpbin.get(), kMeta, TRUE, nullptr);
  call.start();
  fail_unless_equals_int(is_on(rtpbin.get(), kMeta), test.on);  // not from a streaming thread
  call.timers->advance(0);
  fail_unless_equals_int(is_on(rtpbin.get(), kMeta), asks_for_meta(test));
  fail_if(is_on(rtpbin.get(), "ntp-sync"));
}
GST_END_TEST

// Reports that can be expected, and do not come, are waited for by the first file.
GST_START_TEST(reports_that_can_be_expected_are_waited_for) {
  const SenderCase& test = kSenders[__i__];
  Call call(test.properties);
  GstElement* sender = call.from(adopt_floating(gst_element_factory_make(test.factory, nullptr)));
  if (test.on && g_str_equal(test.factory, "rtpbin")) g_object_set(sender, kMeta, TRUE, nullptr);
  call.start();
  call.push_until((test.begun - 100) * GST_MSECOND);
  fail_unless_equals_int(call.messages->named("record-started").size(), 0);
  call.push_until((test.begun + 200) * GST_MSECOND);
  fail_unless_equals_int(call.messages->named("record-started").size(), 1);
  call.push_until(3 * GST_SECOND);
  call.video->eos();
  call.audio->eos();
  fail_unless_equals_int(call.samples("vide"), 90);
  fail_unless_equals_uint64(call.samples("soun"), rtp_opus().size());
}
GST_END_TEST

// --- loss ---------------------------------------------------------------------------------------

GST_START_TEST(pictures_after_a_loss_are_dropped_or_kept) {
  const bool keep = __i__ == 1;
  Call call(keep ? "on-loss=keep" : "");
  call.start();
  call.push_until(1500 * GST_MSECOND);
  const GstClockTime lost = call.pictures.next_time();
  while (call.pictures.next_time() == lost) call.pictures.skip();
  call.push_until(3 * GST_SECOND);
  call.video->eos();
  call.audio->eos();
  fail_unless_equals_int(call.samples("vide"), keep ? 89 : 75);  // the next key frame is at 2 s
  fail_unless(call.requests("loss") > 0);
  // One gap from the loss to the key frame; kept pictures have one of their own behind the lost
  // one.
  const auto gaps = call.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), keep ? 2 : 1);
  guint64 duration = 0;
  for (GstMessage* gap : gaps) {
    fail_unless_same(text_field(gap, "track"), "sink_0");
    fail_unless_same(text_field(gap, "reason"), "loss");
    duration += number_field(gap, "duration");
  }
  fail_unless(duration > 499 * GST_MSECOND && duration < 501 * GST_MSECOND);
  fail_unless_equals_uint64(call.mux_stat("sink_0", "gaps"), gaps.size());
  fail_unless_equals_uint64(call.mux_stat("sink_0", "gap-duration"), duration);
  fail_unless_equals_uint64(call.mux_stat("sink_0", "before-key-frame"), keep ? 0 : 14);
}
GST_END_TEST

static Suite* record_bin_timing_suite() {
  Suite* suite = suite_create("recordbin timing");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, by_default_the_last_track_ends_it, 0, 2);
  tcase_add_loop_test(tests, with_first_track_the_first_one_ends_it, 0, 2);
  tcase_add_loop_test(tests, the_only_pad_that_goes_ends_it_with_first_track, 0, 2);
  tcase_add_test(tests, with_first_track_pads_that_change_hands_end_nothing);
  tcase_add_loop_test(tests, with_never_only_the_application_ends_it, 0, 2);
  tcase_add_loop_test(tests, nothing_that_can_be_recorded_ends_it_unless_never, 0, 3);
  tcase_add_test(tests, the_signals_pause_the_mux);
  tcase_add_test(tests, split_now_splits_what_the_mux_records);
  tcase_add_loop_test(tests, webrtcbin_is_told_to_pass_its_reports_on, 0, G_N_ELEMENTS(kSenders));
  tcase_add_loop_test(tests, reports_that_can_be_expected_are_waited_for, 0,
                      G_N_ELEMENTS(kSenders));
  tcase_add_loop_test(tests, pictures_after_a_loss_are_dropped_or_kept, 0, 2);
  return suite;
}
GST_CHECK_MAIN(record_bin_timing)
