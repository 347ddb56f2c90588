// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux: the settings of time, holes, loss and liveness do what they say, and what is said and
// counted of it.
#include <algorithm>

#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

constexpr char kKey[] = "stream.mp4";
constexpr Nanos kUtc2020 = 1577836800 * kSecond;  // 2020-01-01T00:00:00Z

struct Call : MuxFixture {
  explicit Call(const std::string& properties = {})
      : MuxFixture("path={stream}.mp4 " + properties) {
    play();
    video.start(h264());
    audio.start(opus());
  }
  void push(std::size_t from, std::size_t until) {  // ms
    push_both(video, h264(), audio, opus(), from, until);
  }
  Mp4File end() {
    video.eos();
    audio.eos();
    return store.read(kKey);
  }
  std::string state(const std::string& track) {
    const auto all = stats();
    const GValue* tracks = gst_structure_get_value(all.get(), "tracks");
    for (guint i = 0; i < gst_value_array_get_size(tracks); ++i) {
      const GstStructure* s = gst_value_get_structure(gst_value_array_get_value(tracks, i));
      if (track == gst_structure_get_string(s, "track"))
        return gst_structure_get_string(s, "state");
    }
    return {};
  }
  Source video{element()};
  Source audio{element()};
};

// `media` as it comes from a sender whose reports say that running time 0 was at `utc_at_0`.
Ref<GstBuffer> reported(GstBuffer* media, GstClockTime pts, Nanos utc_at_0) {
  constexpr GstClockTime k1970 = 2208988800 * GST_SECOND;  // since 1900
  static const auto ntp = adopt(gst_caps_new_empty_simple("timestamp/x-ntp"));
  auto copy = adopt(gst_buffer_copy_deep(media));
  gst_buffer_add_reference_timestamp_meta(copy.get(), ntp.get(),
                                          k1970 + static_cast<GstClockTime>(utc_at_0) + pts,
                                          GST_CLOCK_TIME_NONE);
  return copy;
}

// Both tracks with their reports, up to `until` (milliseconds).
void push_reported(Call& call, Nanos video_utc, Nanos audio_utc, std::size_t until) {
  for (std::size_t ms = 0; ms < until; ms += 20) {
    const std::size_t n = (ms * 30 + 999) / 1000;
    const GstClockTime at = ms * GST_MSECOND;
    if (video_pts(n) < at + 20 * GST_MSECOND)
      call.video.push(reported(h264()[n], video_pts(n), video_utc).get(), video_pts(n));
    call.audio.push(reported(opus()[ms / 20], at, audio_utc).get(), at);
    call.timers->advance(20 * kMillisecond);
  }
}

// How much later the picture begins than the sound, in ms.
double video_delay(const Mp4File& file) {
  const auto start = [&](const char* handler) {
    const Mp4Track& track = *file.find_track(handler);
    const double ticks =
        static_cast<double>(track.samples.at(0).dts) - (track.video() ? 0.0 : track.dops.pre_skip);
    return 1000.0 * ticks / track.timescale;
  };
  return start("vide") - start("soun");
}

std::size_t count_boxes(const Bytes& bytes, std::string_view type) {
  std::size_t count = 0;
  for (auto at = bytes.begin();; ++at, ++count) {
    at = std::search(at, bytes.end(), type.begin(), type.end());
    if (at == bytes.end()) return count;
  }
}

bool filled(GstMessage* gap) {
  gboolean value = FALSE;
  fail_unless(gst_structure_get_boolean(gst_message_get_structure(gap), "filled", &value));
  return value;
}

struct Choice {
  const char* property;
  std::vector<std::string> nicks;  // the default first
};

}  // namespace

GST_START_TEST(properties_have_their_defaults_and_ranges) {
  MuxFixture mux;
  GObject* object = G_OBJECT(mux.element());
  const Choice choices[] = {{"audio-gaps", {"silence", "hole"}},
                            {"on-loss", {"drop", "keep"}},
                            {"timing", {"auto", "rtcp", "arrival"}},
                            {"end-policy", {"all-tracks", "first-track", "never"}}};
  for (const auto& choice : choices) {
    auto* spec = G_PARAM_SPEC_ENUM(
        g_object_class_find_property(G_OBJECT_GET_CLASS(object), choice.property));
    fail_unless_equals_int(spec->enum_class->n_values, choice.nicks.size());
    fail_unless_same(g_enum_get_value(spec->enum_class, spec->default_value)->value_nick,
                     choice.nicks[0]);
    for (const auto& nick : choice.nicks) {
      gst_util_set_object_arg(object, choice.property, nick.c_str());
      gint value = -1;
      g_object_get(object, choice.property, &value, nullptr);
      fail_unless_same(g_enum_get_value(spec->enum_class, value)->value_nick, nick);
    }
  }
  const std::tuple<const char*, guint64, guint64> times[] = {
      {"sync-wait", 2500 * GST_MSECOND, 60 * GST_SECOND},
      {"track-timeout", 5 * GST_SECOND, 86400 * GST_SECOND}};
  for (const auto& [name, initial, most] : times) {
    auto* spec =
        G_PARAM_SPEC_UINT64(g_object_class_find_property(G_OBJECT_GET_CLASS(object), name));
    fail_unless_equals_uint64(spec->default_value, initial);
    fail_unless_equals_uint64(spec->minimum, 0);
    fail_unless_equals_uint64(spec->maximum, most);
    g_object_set(object, name, guint64{7}, nullptr);
    guint64 value = 0;
    g_object_get(object, name, &value, nullptr);
    fail_unless_equals_uint64(value, 7);
  }
  gboolean prft = FALSE;
  g_object_get(object, "write-prft", &prft, nullptr);
  fail_unless(prft);
}
GST_END_TEST

// --- holes --------------------------------------------------------------------------------------

GST_START_TEST(holes_in_audio_are_silence_or_holes) {
  const bool hole = __i__ == 1;
  Call call(hole ? "audio-gaps=hole" : "");
  call.push(0, 1000);
  call.push_video(call.video, h264(), 30, 30);
  call.push(2000, 3000);
  call.video.eos();
  call.audio.eos();
  const auto file = read_mp4(call.store.bytes_of(kKey), {.extra_boxes = {"edts"}});
  fail_unless_equals_int(file.violations.size(), hole ? 1 : 0);  // players do not like it
  fail_unless_equals_int(file.gaps.size(), hole ? 1 : 0);
  const Mp4Track& sound = *file.find_track("soun");
  fail_unless_equals_int(sound.samples.size(), hole ? 100 : 150);
  fail_unless_equals_uint64(sound.end_dts, 144000 + sound.dops.pre_skip);
  fail_unless_equals_uint64(sound.samples[50].dts, (hole ? 96000u : 48000u) + sound.dops.pre_skip);
  const auto gaps = call.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), 1);
  fail_unless_same(text_field(gaps[0], "track"), "sink_1");
  fail_unless_same(text_field(gaps[0], "reason"), "mute");
  fail_unless_equals_uint64(number_field(gaps[0], "start"), GST_SECOND);
  fail_unless_equals_uint64(number_field(gaps[0], "duration"), GST_SECOND);
  fail_unless_equals_int(filled(gaps[0]), !hole);
  fail_unless_equals_uint64(call.track_stat("sink_1", "gaps"), 1);
  fail_unless_equals_uint64(call.track_stat("sink_1", "gap-duration"), GST_SECOND);
  fail_unless_equals_uint64(call.track_stat("sink_0", "gaps"), 0);
}
GST_END_TEST

GST_START_TEST(what_all_tracks_lack_is_counted_for_each) {
  Call call;
  call.push(0, 1000);
  g_signal_emit_by_name(call.element(), "pause");
  call.push(1000, 3000);
  g_signal_emit_by_name(call.element(), "resume");
  call.push(3000, 4000);
  const auto gaps = call.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), 1);
  fail_unless_same(text_field(gaps[0], "track"), "");
  fail_unless_same(text_field(gaps[0], "reason"), "pause");
  fail_unless_equals_uint64(number_field(gaps[0], "start"), GST_SECOND);
  fail_unless_equals_uint64(number_field(gaps[0], "duration"), 2 * GST_SECOND);
  fail_if(filled(gaps[0]));
  for (const char* track : {"sink_0", "sink_1"}) {
    fail_unless_equals_uint64(call.track_stat(track, "gaps"), 1);
    fail_unless_equals_uint64(call.track_stat(track, "gap-duration"), 2 * GST_SECOND);
  }
}
GST_END_TEST

// --- time ---------------------------------------------------------------------------------------

struct TimingCase {
  const char* timing;
  Nanos video_ahead;  // ms: the picture was captured so much later than it says
  double delay;       // ms, in the file
};
static const TimingCase kTimings[] = {{"auto", 300, 300},
                                      {"rtcp", 300, 300},
                                      {"arrival", 300, 0},
                                      {"auto", 3000, 0},
                                      {"rtcp", 3000, 3000}};

GST_START_TEST(timing_says_which_clock_puts_tracks_beside_each_other) {
  const TimingCase& test = kTimings[__i__];
  Call call(std::string("timing=") + test.timing);
  push_reported(call, kUtc2020 + test.video_ahead * kMillisecond, kUtc2020, 6000);
  const double delay = video_delay(call.end());
  fail_unless(delay > test.delay - 20 && delay < test.delay + 20, "%s: the picture is %f ms late",
              test.timing, delay);
}
GST_END_TEST

struct ClockCase {
  const char* properties;
  bool ntp;
  const char* name;
};
static const ClockCase kClocks[] = {{"", false, "system"},
                                    {"", true, "ntp"},
                                    {"timing=arrival", true, "system"},
                                    {"start-utc=1000000000000000000", true, "property"},
                                    {"start-utc=1000000000000000000", false, "property"}};

GST_START_TEST(the_start_says_whose_clock_its_utc_is) {
  Call call(kClocks[__i__].properties);
  const Nanos here = g_get_real_time() * 1000;
  const Nanos there = here - 600 * kSecond;  // the sender's clock is slow
  if (kClocks[__i__].ntp)
    push_reported(call, there, there, 2000);
  else
    call.push(0, 2000);
  const auto started = call.messages->named("record-started");
  fail_unless_equals_int(started.size(), 1);
  const std::string source = text_field(started[0], "clock-source");
  fail_unless_same(source, kClocks[__i__].name);
  const auto utc = static_cast<Nanos>(number_field(started[0], "start-utc"));
  if (source == "ntp") fail_unless_equals_int64(utc, there);
  if (source == "property") fail_unless_equals_int64(utc, 1000000000 * kSecond);
  if (source == "system") fail_unless(utc >= here && utc < here + 60 * kSecond);
}
GST_END_TEST

GST_START_TEST(each_fragment_says_its_wall_clock_unless_told_not_to) {
  Call call(__i__ == 0 ? "" : "write-prft=false");
  call.push(0, 3000);
  const auto file = call.end();
  fail_unless_equals_int(count_boxes(call.store.bytes_of(kKey), "prft"),
                         __i__ == 0 ? file.fragments.size() : 0);
}
GST_END_TEST

// --- liveness -----------------------------------------------------------------------------------

GST_START_TEST(a_track_without_data_is_stalled_and_recovers) {
  Call call(__i__ == 0 ? "" : "track-timeout=2000000000");
  const std::size_t timeout = __i__ == 0 ? 5000 : 2000;
  fail_unless_same(call.state("sink_0"), "waiting");
  call.push(0, 1000);
  fail_unless_same(call.state("sink_0"), "recording");
  // The audio goes on.
  const std::size_t packets = timeout / 20;
  call.push_audio(call.audio, opus(), 50, packets - 10);
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), 0);
  call.push_audio(call.audio, opus(), 40 + packets, 20);
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), 1);
  fail_unless_equals_int(call.messages->count_track("sink_1 stalled"), 0);
  fail_unless_same(text_field(call.messages->track("sink_0 stalled"), "codec"), "h264");
  fail_unless_same(call.state("sink_0"), "stalled");
  call.push_audio(call.audio, opus(), 60 + packets, 100);
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), 1);
  fail_unless_equals_int(call.messages->count_track("sink_0 recovered"), 0);
  call.push(3200 + timeout, 4200 + timeout);
  fail_unless_equals_int(call.messages->count_track("sink_0 recovered"), 1);
  fail_unless_same(text_field(call.messages->track("sink_0 recovered"), "codec"), "h264");
  fail_unless_same(call.state("sink_0"), "recording");
  call.video.eos();
  fail_unless_same(call.state("sink_0"), "ended");
  call.timers->advance(10 * kSecond);  // it has ended: that is no stall
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), 1);
}
GST_END_TEST

// When everything stops nothing is pushed: the clock alone says so.
GST_START_TEST(all_tracks_stall_by_the_clock) {
  Call call(__i__ == 0 ? "" : "track-timeout=0");
  call.push(0, 1000);
  call.timers->advance(4900 * kMillisecond);
  fail_unless_equals_int(call.messages->named("record-track").size(), 2);  // recording
  call.timers->advance(__i__ == 0 ? 200 * kMillisecond : 3600 * kSecond);
  const std::size_t stalled = __i__ == 0 ? 1 : 0;
  fail_unless_equals_int(call.messages->count_track("sink_0 stalled"), stalled);
  fail_unless_equals_int(call.messages->count_track("sink_1 stalled"), stalled);
}
GST_END_TEST

GST_START_TEST(the_next_run_knows_nothing_of_the_last) {
  Call call;
  call.push(0, 1000);
  call.push_video(call.video, h264(), 30, 30);
  call.push(2000, 3000);
  call.timers->advance(6 * kSecond);
  fail_unless_same(call.state("sink_1"), "stalled");
  call.stop();
  call.play();
  call.video.start(h264());
  call.audio.start(opus());
  fail_unless_same(call.state("sink_1"), "waiting");
  for (const char* counter : {"samples", "bytes", "gaps", "gap-duration"})
    fail_unless_equals_uint64(call.track_stat("sink_1", counter), 0);
}
GST_END_TEST

GST_START_TEST(the_state_of_a_track_is_in_stats) {
  Call call;
  Source strange(call.element());
  strange.open();
  strange.caps("video/x-theora");
  fail_unless_same(call.state("sink_2"), "unsupported");
  fail_unless_same(call.state("sink_1"), "waiting");
  call.push(0, 1000);
  fail_unless_same(call.state("sink_1"), "recording");
  call.audio.eos();
  fail_unless_same(call.state("sink_1"), "ended");
  fail_unless_same(call.state("sink_0"), "recording");
}
GST_END_TEST

static Suite* record_mux_timing_suite() {
  Suite* suite = suite_create("recordmux timing");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, properties_have_their_defaults_and_ranges);
  tcase_add_loop_test(tests, holes_in_audio_are_silence_or_holes, 0, 2);
  tcase_add_test(tests, what_all_tracks_lack_is_counted_for_each);
  tcase_add_loop_test(tests, timing_says_which_clock_puts_tracks_beside_each_other, 0,
                      G_N_ELEMENTS(kTimings));
  tcase_add_loop_test(tests, the_start_says_whose_clock_its_utc_is, 0, G_N_ELEMENTS(kClocks));
  tcase_add_loop_test(tests, each_fragment_says_its_wall_clock_unless_told_not_to, 0, 2);
  tcase_add_loop_test(tests, a_track_without_data_is_stalled_and_recovers, 0, 2);
  tcase_add_loop_test(tests, all_tracks_stall_by_the_clock, 0, 2);
  tcase_add_test(tests, the_next_run_knows_nothing_of_the_last);
  tcase_add_test(tests, the_state_of_a_track_is_in_stats);
  return suite;
}
GST_CHECK_MAIN(record_mux_timing)
