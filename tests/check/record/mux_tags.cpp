// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordmux and recordbin: tags, and what caps say of pictures, are in the files.
#include <atomic>
#include <thread>

#include "tests/check/record/bin_fixture.h"
#include "tests/check/record/mux_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

GstEvent* tags(const char* text, GstTagScope scope = GST_TAG_SCOPE_STREAM) {
  GstTagList* list = gst_tag_list_new_from_string((std::string("taglist,") + text).c_str());
  fail_unless(list != nullptr, "%s", text);
  gst_tag_list_set_scope(list, scope);
  return gst_event_new_tag(list);
}

struct Call : MuxFixture {
  explicit Call(const std::string& properties = {})
      : MuxFixture("path={stream}-{index}.mp4 " + properties) {
    play();
    store.allow_rewrites(64);
    video.start(h264());
    audio.start(opus());
  }
  void push(std::size_t from, std::size_t until) {  // ms
    push_both(video, h264(), audio, opus(), from, until);
  }
  void end() {
    video.eos();
    audio.eos();
  }
  Mp4File object(int index) { return store.read("stream-" + std::to_string(index) + ".mp4"); }
  std::size_t requests(const char* reason) {
    std::size_t count = 0;
    for (GstMessage* m : messages->named("record-keyframe-requested"))
      if (text_field(m, "reason") == reason) ++count;
    return count;
  }
  Source video{element()};
  Source audio{element()};
};

constexpr std::array<std::uint16_t, 4> kBt709 = {1, 1, 1, 0};

const Mp4Track& video_of(const Mp4File& file) { return *file.find_track("vide"); }

}  // namespace

GST_START_TEST(every_orientation_is_in_the_file) {
  for (const bool mirrored : {false, true}) {
    for (const int degrees : {0, 90, 180, 270}) {
      Call call;
      const std::string name = (mirrored ? "flip-rotate-" : "rotate-") + std::to_string(degrees);
      call.video.event(tags(("image-orientation=" + name).c_str()));
      call.push(0, 1500);
      call.end();
      const auto file = call.object(1);
      fail_unless_equals_int(video_of(file).rotation, degrees);
      fail_unless_equals_int(video_of(file).mirrored, mirrored);
      fail_unless_equals_int(call.store.ended().size(), 1);
      fail_unless_equals_int(call.requests("rotation"), 0);
    }
  }
}
GST_END_TEST

// One key frame a second: the turn at 2.5 s is in force from 3 s on.
GST_START_TEST(a_turn_begins_the_next_object_at_its_key_frame) {
  Call call;
  call.push(0, 2500);
  call.video.event(tags("image-orientation=rotate-90"));
  fail_unless_equals_int(call.requests("rotation"), 1);
  fail_unless_equals_int(call.video.key_frame_requests(), 1);
  call.push(2500, 4000);
  call.video.event(tags("image-orientation=rotate-90", GST_TAG_SCOPE_GLOBAL));
  call.video.event(tags("bitrate=(uint)100000"));
  call.video.event(tags("image-orientation=upside-down"));
  call.push(4000, 6000);
  call.end();
  fail_unless_equals_int(call.store.ended().size(), 2);
  const auto before = call.object(1);
  const auto after = call.object(2);
  fail_unless_equals_int(video_of(before).rotation, 0);
  fail_unless_equals_int(video_of(after).rotation, 90);
  fail_unless_equals_int(video_of(before).samples.size(), 90);
  fail_unless_equals_int(video_of(after).samples.size(), 90);
  fail_unless(video_of(after).samples.front().key);
  fail_unless_equals_int(
      before.find_track("soun")->samples.size() + after.find_track("soun")->samples.size(), 300);
}
GST_END_TEST

GST_START_TEST(on_rotation_ignore_keeps_the_object) {
  Call call("on-rotation=ignore");
  call.video.event(tags("image-orientation=rotate-180"));
  call.push(0, 2500);
  call.video.event(tags("image-orientation=rotate-90"));
  call.push(2500, 5000);
  call.end();
  fail_unless_equals_int(call.store.ended().size(), 1);
  fail_unless_equals_int(video_of(call.object(1)).rotation, 180);
  fail_unless_equals_int(call.requests("rotation"), 0);
}
GST_END_TEST

GST_START_TEST(a_turn_belongs_to_the_stream_not_to_its_caps) {
  Call call;
  call.video.event(tags("image-orientation=rotate-270"));
  call.push(0, 1000);
  call.video.caps(h264().caps.get());
  call.video.event(gst_event_new_stream_start("feed"));
  call.push(1000, 2500);
  call.video.event(gst_event_new_stream_start("another"));
  call.push(2500, 5000);
  call.end();
  fail_unless_equals_int(call.store.ended().size(), 2);
  fail_unless_equals_int(video_of(call.object(1)).rotation, 270);
  fail_unless_equals_int(video_of(call.object(2)).rotation, 0);
}
GST_END_TEST

GST_START_TEST(a_pad_that_is_requested_again_is_not_turned) {
  MuxFixture mux("path={stream}-{index}.mp4 end-policy=never");
  mux.play();
  for (int i = 0; i < 2; ++i) {
    Source video(mux.element(), "sink_0");
    video.start(h264());
    if (i == 0) video.event(tags("image-orientation=rotate-90"));
    mux.push_video(video, h264(), static_cast<std::size_t>(i) * 60, 60);
  }
  mux.stop();
  fail_unless_equals_int(video_of(mux.store.read("stream-1.mp4")).rotation, 90);
  fail_unless_equals_int(video_of(mux.store.read("stream-2.mp4")).rotation, 0);
}
GST_END_TEST

GST_START_TEST(languages_are_those_of_iso_639_2) {
  const std::pair<const char*, const char*> all[] = {
      {"de", "deu"}, {"ger", "deu"}, {"fra", "fra"}, {"EN-us", "eng"}, {"xx", "und"}};
  for (const auto& [code, language] : all) {
    Call call;
    call.audio.event(tags((std::string("language-code=") + code).c_str()));
    call.push(0, 1500);
    call.end();
    const auto file = call.object(1);
    fail_unless_same(file.find_track("soun")->language, language);
    fail_unless_same(video_of(file).language, "und");
  }
}
GST_END_TEST

// What comes behind the header is in the index at the end, and in the next object.
GST_START_TEST(title_and_comment_come_from_events) {
  Call call;
  call.audio.event(tags("title=stream,comment=described,description=nothing"));
  call.push(0, 2000);
  call.video.event(tags("title=all,description=said", GST_TAG_SCOPE_GLOBAL));
  call.audio.event(tags("title=later"));
  call.push(2000, 3000);
  g_signal_emit_by_name(call.element(), "split-now");
  call.push(3000, 5000);
  call.end();
  const auto before = call.object(1);
  fail_unless_same(before.tags.at("\\xa9nam"), "stream");
  fail_unless_same(before.tags.at("\\xa9"
                                  "cmt"),
                   "described");
  fail_unless(before.tags.at("\\xa9too").starts_with("gst-plugins-record 0."));
  fail_unless_same(before.index_tags.at("\\xa9nam"), "all");
  fail_unless_same(before.index_tags.at("\\xa9"
                                        "cmt"),
                   "said");
  fail_unless_same(call.object(2).tags.at("\\xa9nam"), "all");
}
GST_END_TEST

GST_START_TEST(the_application_names_a_recording) {
  MuxFixture mux("path={stream}.mp4");
  const std::string umlauts =
      "Gr\xc3\xbc\xc3\x9f"
      "e";
  const std::string longest(4095, 'a');
  gst_tag_setter_add_tags(GST_TAG_SETTER(mux.element()), GST_TAG_MERGE_REPLACE, GST_TAG_TITLE,
                          umlauts.c_str(), GST_TAG_COMMENT, (longest + "\xc3\xbc").c_str(),
                          nullptr);
  mux.play();
  Source audio(mux.element());
  audio.start(opus());
  audio.event(tags("title=other", GST_TAG_SCOPE_GLOBAL));
  mux.push_audio(audio, opus(), 0, 100);
  audio.eos();
  const auto file = mux.store.read("stream.mp4");
  fail_unless_same(file.tags.at("\\xa9nam"), umlauts);
  fail_unless_same(file.tags.at("\\xa9"
                                "cmt"),
                   longest);  // no half character
  mux.stop();
  fail_unless(gst_tag_setter_get_tag_list(GST_TAG_SETTER(mux.element())) == nullptr);
}
GST_END_TEST

// Of a stream whose caps say 4:3 and these colours.
static Mp4Track recorded_with_caps(const Encoded& stream, const char* colorimetry) {
  MuxFixture mux("path={stream}.mp4");
  mux.play();
  Source video(mux.element());
  video.start(stream);
  const auto caps = adopt(gst_caps_copy(stream.caps.get()));
  gst_caps_set_simple(caps.get(), "pixel-aspect-ratio", GST_TYPE_FRACTION, 4, 3, "colorimetry",
                      G_TYPE_STRING, colorimetry, nullptr);
  video.caps(caps.get());
  mux.push_video(video, stream, 0, 60);
  video.eos();
  return video_of(mux.store.read("stream.mp4"));
}

// VP8 says nothing of either itself.
GST_START_TEST(caps_say_what_pictures_are) {
  const Mp4Track track = recorded_with_caps(encoded(video_launch("vp8")), "bt709");
  fail_unless_equals_int(track.pixel_width, 4);
  fail_unless_equals_int(track.pixel_height, 3);
  fail_unless(track.colour == kBt709, "primaries %d", track.colour[0]);
}
GST_END_TEST

// What the SPS says counts.
GST_START_TEST(streams_know_better_than_caps) {
  const Encoded& wide = encoded(
      "videotestsrc num-buffers=60 ! video/x-raw,format=I420,framerate=30/1,width=64,height=48,"
      "pixel-aspect-ratio=16/11,colorimetry=bt709 ! x264enc tune=zerolatency threads=1 ! "
      "video/x-h264,stream-format=byte-stream,alignment=au");
  const Mp4Track track = recorded_with_caps(wide, "bt2020");
  fail_unless_equals_int(track.pixel_width, 16);
  fail_unless_equals_int(track.pixel_height, 11);
  fail_unless(track.colour == kBt709, "primaries %d", track.colour[0]);
}
GST_END_TEST

// Through depayloaders, with an application that names the recording.
GST_START_TEST(tags_come_through_recordbin) {
  register_elements();
  BinFixture bin("path={stream}-{index}.mp4");
  gst_tag_setter_add_tags(GST_TAG_SETTER(bin.element()), GST_TAG_MERGE_REPLACE, GST_TAG_TITLE,
                          "call", nullptr);
  Source video(bin.element());
  Source audio(bin.element());
  RtpFeed pictures(video, rtp_h264());
  RtpFeed packets(audio, rtp_opus());
  bin.play();
  pictures.start();
  packets.start();
  video.event(tags("image-orientation=rotate-90"));
  audio.event(tags("language-code=de"));
  bin.push_until(1300 * GST_MSECOND, &pictures, &packets);
  video.event(tags("image-orientation=flip-rotate-0"));
  fail_unless_equals_int(bin.requests("rotation"), 1);
  bin.push_until(2900 * GST_MSECOND, &pictures, &packets);
  video.eos();
  audio.eos();
  bin.wait_eos();
  bin.expect_no_error();
  const auto files = bin.dir.files();
  fail_unless_equals_int(files.size(), 2);
  const auto before = read_file(files[0]);
  const auto after = read_file(files[1]);
  fail_unless_equals_int(video_of(before).rotation, 90);
  fail_unless(!video_of(before).mirrored);
  fail_unless_equals_int(video_of(after).rotation, 0);
  fail_unless(video_of(after).mirrored);
  fail_unless_same(before.find_track("soun")->language, "deu");
  fail_unless_same(after.tags.at("\\xa9nam"), "call");
}
GST_END_TEST

// The first file still waits for a pad that nobody feeds.
GST_START_TEST(a_stop_writes_both_sides_of_a_turn) {
  register_elements();
  BinFixture bin("path={stream}-{index}.mp4 header-timeout=10000000000");
  Source video(bin.element());
  Source silent(bin.element());
  RtpFeed pictures(video, rtp_h264());
  bin.play();
  pictures.start();
  bin.push_until(700 * GST_MSECOND, &pictures);
  video.event(tags("image-orientation=rotate-90"));
  bin.push_until(1500 * GST_MSECOND, &pictures);
  std::atomic<bool> stopped = false;
  std::thread stopping([&] {
    bin.stop();
    stopped = true;
  });
  while (!stopped) {  // the store answers from its own threads; what that rings is run here
    bin.timers->advance(0);
    g_thread_yield();
  }
  stopping.join();
  const auto files = bin.dir.files();
  fail_unless_equals_int(files.size(), 2);
  fail_unless_equals_int(video_of(read_file(files[0])).rotation, 0);
  fail_unless_equals_int(video_of(read_file(files[1])).rotation, 90);
  fail_unless_equals_int(bin.samples("vide"), 45);
}
GST_END_TEST

static Suite* mux_tags_suite() {
  Suite* suite = suite_create("mux_tags");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, every_orientation_is_in_the_file);
  tcase_add_test(tests, a_turn_begins_the_next_object_at_its_key_frame);
  tcase_add_test(tests, on_rotation_ignore_keeps_the_object);
  tcase_add_test(tests, a_turn_belongs_to_the_stream_not_to_its_caps);
  tcase_add_test(tests, a_pad_that_is_requested_again_is_not_turned);
  tcase_add_test(tests, languages_are_those_of_iso_639_2);
  tcase_add_test(tests, title_and_comment_come_from_events);
  tcase_add_test(tests, the_application_names_a_recording);
  tcase_add_test(tests, caps_say_what_pictures_are);
  tcase_add_test(tests, streams_know_better_than_caps);
  tcase_add_test(tests, tags_come_through_recordbin);
  tcase_add_test(tests, a_stop_writes_both_sides_of_a_turn);
  return suite;
}
GST_CHECK_MAIN(mux_tags)
