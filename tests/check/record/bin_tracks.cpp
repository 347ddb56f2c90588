// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin: RTP and encoded media in, whatever the senders do. Nothing but GST_FLOW_OK goes back
// to where webrtcbin would be.
#include <random>

#include "tests/check/record/bin_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

// An RTP packet (RFC 3550, 5.1) with `payload`.
Ref<GstBuffer> rtp_packet(guint16 sequence, guint32 timestamp, guint8 type, const Bytes& payload) {
  GstBuffer* buffer = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(buffer, GST_MAP_WRITE, &rtp);
  gst_rtp_buffer_set_seq(&rtp, sequence);
  gst_rtp_buffer_set_timestamp(&rtp, timestamp);
  gst_rtp_buffer_set_payload_type(&rtp, type);
  gst_rtp_buffer_set_ssrc(&rtp, 1111);
  if (!payload.empty()) memcpy(gst_rtp_buffer_get_payload(&rtp), payload.data(), payload.size());
  gst_rtp_buffer_unmap(&rtp);
  return Ref<GstBuffer>(buffer);
}

// The RTP times of the pictures, in order.
std::vector<guint32> picture_times(const Encoded& media) {
  std::vector<guint32> times;
  for (const auto& packet : media.buffers) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet.get(), GST_MAP_READ, &rtp);
    const guint32 time = gst_rtp_buffer_get_timestamp(&rtp);
    gst_rtp_buffer_unmap(&rtp);
    if (times.empty() || times.back() != time) times.push_back(time);
  }
  return times;
}

// How many packets of sound ffmpeg finds in the file: the picture may be broken.
std::size_t sound_packets(const std::string& path) {
  return static_cast<std::size_t>(
      std::stoul(run("ffprobe -v quiet -count_packets -select_streams a "
                     "-show_entries stream=nb_read_packets -of csv=p=0 " +
                     path)));
}

// A video and a sound, both sent by real payloaders.
struct Call : BinFixture {
  explicit Call(const std::string& properties = "path={stream}.mp4") : BinFixture(properties) {}
  void start() {
    play();
    pictures.start();
    packets.start();
  }
  void end() {
    video.eos();
    audio.eos();
    wait_eos();
    expect_no_error();
  }
  Source video{element()};
  Source audio{element()};
  RtpFeed pictures{video, rtp_h264()};
  RtpFeed packets{audio, rtp_opus()};
};

void remove_factory(const char* name) {  // of this process, which is this test's own
  GstRegistry* registry = gst_registry_get();
  const auto feature = adopt(gst_registry_find_feature(registry, name, GST_TYPE_ELEMENT_FACTORY));
  fail_unless(feature != nullptr);
  gst_registry_remove_feature(registry, feature.get());
}

}  // namespace

GST_START_TEST(rtp_of_a_call_is_recorded) {
  Call call;
  call.start();
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  call.end();
  fail_unless_equals_int(call.dir.files().size(), 1);
  const auto file = read_file(call.dir / "stream.mp4");
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 90);
  fail_unless_equals_int(file.find_track("soun")->samples.size(), rtp_opus().size());
  fail_unless_equals_int(decoded_pictures(call.dir / "stream.mp4"), 90);
  fail_unless_equals_int(call.messages->count_track("sink_0 recording"), 1);
  fail_unless_equals_int(call.messages->count_track("sink_1 recording"), 1);
}
GST_END_TEST

static const char* const kUnsupported[] = {"THEORA", "L16", "H263-1998", "h264", ""};

GST_START_TEST(an_encoding_that_is_not_supported_is_reported) {
  Call call;
  call.play();
  call.pictures.start(kUnsupported[__i__]);
  call.packets.start();
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  const std::string reason = text_field(call.messages->track("sink_0 unsupported"), "reason");
  fail_unless(reason.find(kUnsupported[__i__]) != std::string::npos, "%s", reason.c_str());
  fail_unless_equals_int(call.messages->count_track("sink_0 unsupported"), 1);
  call.end();
  fail_unless_equals_int(call.samples("vide"), 0);
  fail_unless_equals_int(call.samples("soun"), rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(noise_on_one_track_hurts_nobody) {
  Call call;
  call.start();
  std::mt19937 random(7);
  std::size_t n = 0;
  const auto noise = [&] {
    Bytes bytes(random() % 400);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const GstClockTime pts = call.packets.next_time();
    if (++n % 3 == 0) return call.video.push_bytes(bytes, pts);  // no RTP at all
    const auto packet = rtp_packet(static_cast<guint16>(random()), random(), 96, bytes);
    return call.video.push(packet.get(), pts);
  };
  while (!call.packets.at_end()) {
    for (int i = 0; i < 40; ++i) fail_unless_equals_int(noise(), GST_FLOW_OK);
    call.push_until(call.packets.next_time() + 1, &call.packets);
  }
  call.end();
  fail_unless_equals_int(sound_packets(call.dir / "stream.mp4"), rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(a_track_goes_on_after_noise) {
  Call call;
  call.start();
  call.push_until(GST_SECOND, &call.pictures, &call.packets);
  std::mt19937 random(8);
  for (guint16 i = 0; i < 2000; ++i) {
    Bytes bytes(random() % 60);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const auto packet = rtp_packet(i, random(), 96, bytes);
    fail_unless_equals_int(call.video.push(packet.get(), GST_SECOND), GST_FLOW_OK);
  }
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  call.end();
  // What came before the noise, and everything from the next good key frame on: one a second.
  const auto file = read_mp4_file(call.dir / "stream.mp4");
  const auto& samples = file.find_track("vide")->samples;
  fail_unless(samples.size() >= 60, "%zu pictures", samples.size());
  const auto last_key =
      std::find_if(samples.rbegin(), samples.rend(), [](const auto& sample) { return sample.key; });
  fail_unless(last_key - samples.rbegin() >= 29, "the last second is not whole");
  fail_unless_equals_int(sound_packets(call.dir / "stream.mp4"), rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(without_a_depayloader_the_track_is_reported) {
  Call call;
  remove_factory("rtph264depay");
  call.start();
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  const std::string reason = text_field(call.messages->track("sink_0 unsupported"), "reason");
  fail_unless(reason.find("rtph264depay") != std::string::npos, "%s", reason.c_str());
  fail_unless(reason.find("nstall") != std::string::npos, "no remedy: %s", reason.c_str());
  call.end();
  fail_unless_equals_int(call.samples("soun"), rtp_opus().size());
}
GST_END_TEST

GST_START_TEST(another_codec_and_back) {
  Call call("path={stream}-{index}.mp4");
  call.start();
  call.push_until(GST_SECOND, &call.pictures, &call.packets);
  call.pictures.start("THEORA");
  call.push_until(2 * GST_SECOND, &call.pictures, &call.packets);
  fail_unless_equals_int(call.messages->count_track("sink_0 unsupported"), 1);
  call.pictures.start();
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  call.end();
  fail_unless_equals_int(call.samples("soun"), rtp_opus().size());
  fail_unless_equals_int(call.samples("vide"), 60);
}
GST_END_TEST

GST_START_TEST(eos_after_an_unsupported_codec_ends_the_recording) {
  Call call;
  call.start();
  call.push_until(GST_SECOND, &call.pictures, &call.packets);
  call.pictures.start("THEORA");
  call.push_until(2 * GST_SECOND, &call.pictures, &call.packets);
  call.end();
  fail_unless_equals_int(call.samples("vide"), 30);
}
GST_END_TEST

GST_START_TEST(another_medium_on_the_same_pad) {
  Call call("path={stream}-{index}.mp4");
  call.start();
  call.push_until(GST_SECOND, &call.pictures, &call.packets);
  RtpFeed sound(call.video, rtp_opus());
  sound.start();
  for (int i = 0; i < 50; ++i) {
    fail_unless_equals_int(sound.push(GST_SECOND), GST_FLOW_OK);
    call.push_until(call.packets.next_time() + 1, &call.packets);
  }
  call.end();  // the picture's track must not be waited for
  fail_unless_equals_int(call.samples("vide"), 30);
  fail_unless(call.samples("soun") >= 150, "%zu packets", call.samples("soun"));
}
GST_END_TEST

GST_START_TEST(nothing_but_unsupported_tracks_end_too) {
  Call call;
  call.play();
  call.pictures.start("THEORA");
  call.packets.start("G722");
  call.push_until(GST_SECOND, &call.pictures, &call.packets);
  call.end();
  fail_unless(call.dir.files().empty());
}
GST_END_TEST

// What is recorded does not depend on the PTS of the receiver, which jitter.
GST_START_TEST(rtp_time_decides_durations) {
  Call call;
  call.start();
  std::mt19937 random(9);
  const auto jitter = [&] {
    return static_cast<GstClockTimeDiff>(random() % 31) * GST_MSECOND - 15 * GST_MSECOND;
  };
  while (!call.pictures.at_end() || !call.packets.at_end()) {
    RtpFeed& next = call.packets.at_end() || (!call.pictures.at_end() &&
                                              call.pictures.next_time() < call.packets.next_time())
                        ? call.pictures
                        : call.packets;
    call.advance_to(next.next_time());
    fail_unless_equals_int(next.push(GST_SECOND + jitter()), GST_FLOW_OK);
  }
  call.end();
  const auto file = read_file(call.dir / "stream.mp4");
  fail_unless_equals_int(file.find_track("vide")->timescale, 90000);
  fail_unless_equals_int(file.find_track("vide")->samples.size(), 90);
  const auto sent = picture_times(rtp_h264());
  fail_unless_equals_int(sent.size(), 90);
  for (std::size_t i = 0; i + 1 < sent.size(); ++i)
    fail_unless_equals_int(file.find_track("vide")->samples[i].duration, sent[i + 1] - sent[i]);
  // Silence (3 bytes a packet) may fill up to where the first picture stands; packets are 960 each.
  const Mp4Track& sound = *file.find_track("soun");
  const auto sent_sound = std::count_if(sound.samples.begin(), sound.samples.end(),
                                        [](const auto& s) { return s.size > 3; });
  fail_unless_equals_int(sent_sound, rtp_opus().size());
  for (const auto& sample : sound.samples)
    fail_unless(sample.duration == 960 || sample.size <= 3, "a packet of %u samples",
                sample.duration);
}
GST_END_TEST

GST_START_TEST(loss_asks_for_a_key_frame_until_one_comes) {
  Call call;
  call.start();
  call.push_until(GST_SECOND + GST_SECOND / 10, &call.pictures, &call.packets);
  fail_unless_equals_int(call.requests("loss"), 0);
  call.pictures.skip();
  call.push_until(GST_SECOND + 9 * GST_SECOND / 10, &call.pictures, &call.packets);
  // 0.8 s without a key frame, at most one request each 0.5 s.
  fail_unless_equals_int(call.requests("loss"), 2);
  fail_unless_equals_int(call.video.key_frame_requests(), 2);
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);  // one came at 2 s
  fail_unless_equals_int(call.requests("loss"), 2);
  call.end();
  fail_unless_same(text_field(call.messages->named("record-keyframe-requested").at(0), "track"),
                   "sink_0");
}
GST_END_TEST

GST_START_TEST(data_before_the_first_key_frame_asks_for_one) {
  Call call;
  call.start();
  while (call.pictures.next_time() < GST_SECOND / 2) call.pictures.skip();
  call.push_until(GST_SECOND - 1, &call.pictures, &call.packets);
  fail_unless_equals_int(call.video.key_frame_requests(), 1);
  call.push_until(3 * GST_SECOND, &call.pictures, &call.packets);
  call.end();
  fail_unless_equals_int(call.samples("vide"), 60);
  fail_unless_equals_int(call.samples("soun"), rtp_opus().size());
}
GST_END_TEST

static const char* const kEncoded[] = {"byte-stream", "avc", "nal"};

GST_START_TEST(encoded_media_is_recorded_too) {
  const bool nal = std::string(kEncoded[__i__]) == "nal";
  const Encoded& media =
      nal ? encoded(h264_launch("byte-stream") +
                    " ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=nal")
          : h264(kEncoded[__i__]);
  BinFixture bin;
  Source video(bin.element());
  Source audio(bin.element());
  bin.play();
  video.start(media);
  audio.start(opus());
  const GstClockTime first = GST_BUFFER_PTS(media[0]);
  GstClockTime pts = 0;
  for (std::size_t i = 0, n = 0; i < media.size(); ++i) {
    if (GST_BUFFER_PTS_IS_VALID(media[i])) pts = GST_BUFFER_PTS(media[i]) - first;
    for (; audio_pts(n) <= pts; ++n) audio.push(opus()[n], audio_pts(n));
    fail_unless_equals_int(video.push(media[i], pts), GST_FLOW_OK);
    bin.advance_to(pts);
  }
  video.eos();
  audio.eos();
  bin.wait_eos();
  fail_unless_equals_int(bin.samples("vide"), 90);
  fail_unless_equals_int(decoded_pictures(bin.dir / "stream.mp4"), 90);
}
GST_END_TEST

static Suite* record_bin_tracks_suite() {
  Suite* suite = suite_create("recordbin tracks");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_test(tests, rtp_of_a_call_is_recorded);
  tcase_add_loop_test(tests, an_encoding_that_is_not_supported_is_reported, 0,
                      G_N_ELEMENTS(kUnsupported));
  tcase_add_test(tests, noise_on_one_track_hurts_nobody);
  tcase_add_test(tests, a_track_goes_on_after_noise);
  tcase_add_test(tests, without_a_depayloader_the_track_is_reported);
  tcase_add_test(tests, another_codec_and_back);
  tcase_add_test(tests, eos_after_an_unsupported_codec_ends_the_recording);
  tcase_add_test(tests, another_medium_on_the_same_pad);
  tcase_add_test(tests, nothing_but_unsupported_tracks_end_too);
  tcase_add_test(tests, rtp_time_decides_durations);
  tcase_add_test(tests, loss_asks_for_a_key_frame_until_one_comes);
  tcase_add_test(tests, data_before_the_first_key_frame_asks_for_one);
  tcase_add_loop_test(tests, encoded_media_is_recorded_too, 0, G_N_ELEMENTS(kEncoded));
  return suite;
}
GST_CHECK_MAIN(record_bin_tracks)
