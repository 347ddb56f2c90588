// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin: every codec as RTP and as encoded media that needs a parser, with losses and changes.
// The strict reader accepts the files, and ffmpeg decodes all of them.
#include <array>
#include <random>
#include <set>

#include "tests/check/record/bin_fixture.h"
#include "tests/check/record/rtp_network.h"

using namespace rec;
using namespace rec::test;

namespace {

struct RtpVideo {
  const char* name;
  const char* payloader;
  const char* entry;
};
constexpr std::array<RtpVideo, 3> kVideo = {{{"h265", "rtph265pay config-interval=-1", "hev1"},
                                             {"vp8", "rtpvp8pay picture-id-mode=15-bit", "vp08"},
                                             {"vp9", "rtpvp9pay picture-id-mode=15-bit", "vp09"}}};

struct RtpAudio {
  const char* name;
  const char* payloader;
  const char* entry;
  std::uint32_t packet;  // samples
};
constexpr std::array<RtpAudio, 3> kAudio = {{{"aac-raw", "rtpmp4gpay", "mp4a", 1024},
                                             {"pcmu", "rtppcmupay", "ulaw", 160},
                                             {"pcma", "rtppcmapay", "alaw", 160}}};

const RtpVideo& video_codec(int i) { return kVideo[static_cast<std::size_t>(i)]; }
const RtpAudio& audio_codec(int i) { return kAudio[static_cast<std::size_t>(i)]; }

const Encoded& rtp_video(const RtpVideo& codec, int width = 64, int height = 48) {
  return encoded(video_launch(codec.name, width, height) + " ! " + codec.payloader +
                 " mtu=300 ssrc=1111 pt=96");
}
const Encoded& rtp_audio(const RtpAudio& codec) {
  return encoded(audio_launch(codec.name) + " ! " + codec.payloader + " ssrc=2222 pt=97");
}

// Pictures of many packets each.
const Encoded& rtp_large_video(const RtpVideo& codec) {
  std::string launch = video_launch(codec.name, 160, 96);
  launch.insert(launch.find(" ! "), " pattern=snow");
  if (const auto at = launch.find("bitrate=64"); at != std::string::npos)
    launch.insert(at + 10, "0");
  return encoded(launch + " ! " + codec.payloader + " mtu=100 ssrc=1111 pt=96");
}

// A track of its own sender.
struct Call : BinFixture {
  explicit Call(const Encoded& media, const std::string& properties = "path={stream}.mp4")
      : BinFixture(properties), feed(source, media) {
    play();
    feed.start();
  }
  void end() {
    source.eos();
    wait_eos();
    expect_no_error();
  }
  Source source{element()};
  RtpFeed feed;
};

}  // namespace

GST_START_TEST(video_over_rtp_is_recorded_and_decodes) {
  const RtpVideo& codec = video_codec(__i__);
  Call call(rtp_video(codec));
  call.push_until(3 * GST_SECOND, &call.feed);
  call.end();
  const auto file = read_file(call.dir / "stream.mp4");
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, codec.entry);
  fail_unless_equals_int(track.samples.size(), 90);
  for (std::size_t i = 0; i < 90; ++i) fail_unless_equals_int(track.samples[i].key, i % 30 == 0);
  fail_unless_equals_int(decoded_pictures(call.dir / "stream.mp4"), 90);
}
GST_END_TEST

GST_START_TEST(sound_over_rtp_is_recorded_and_decodes) {
  const RtpAudio& codec = audio_codec(__i__);
  Call call(rtp_audio(codec));
  call.push_until(2 * GST_SECOND, &call.feed);
  call.end();
  const auto file = read_file(call.dir / "stream.mp4");
  fail_unless_equals_int(file.tracks.size(), 1);
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.entry, codec.entry);
  fail_unless(track.end_dts >= 2 * track.timescale - codec.packet);
  for (const auto& sample : track.samples) fail_unless_equals_int(sample.duration, codec.packet);
  fail_unless_equals_uint64(decoded_sound(call.dir / "stream.mp4"), track.end_dts);
  fail_unless_equals_int(call.messages->named("record-gap").size(), 0);
}
GST_END_TEST

// The first packet of one picture, one from within a key picture, the last of a third: with each of
// them go the pictures up to the next whole key picture, and no more.
GST_START_TEST(what_refers_to_lost_packets_is_left_out) {
  const RtpVideo& codec = video_codec(__i__);
  const Encoded& media = rtp_large_video(codec);
  const auto packets = packets_of(media);
  std::map<std::size_t, std::size_t> sizes;  // packets of a unit
  for (const Packet& packet : packets) ++sizes[packet.unit];
  fail_unless_equals_int(sizes.size(), 90);
  for (const std::size_t unit : {10, 30, 80}) fail_unless(sizes[unit] >= 3, "too few packets");
  Call call(media);
  std::size_t unit = 0;
  std::size_t in_unit = 0;
  for (const Packet& packet : packets) {
    in_unit = packet.unit == unit ? in_unit + 1 : 1;
    unit = packet.unit;
    const bool lost = (unit == 10 && in_unit == 1) || (unit == 30 && in_unit == 2) ||
                      (unit == 80 && in_unit == sizes[unit]);
    call.advance_to(packet.arrival);
    if (!lost) call.source.push(packet.buffer.get(), packet.arrival);
  }
  call.end();
  const auto file = read_file(call.dir / "stream.mp4");
  fail_unless_equals_int(file.tracks[0].samples.size(), 30);
  fail_unless_equals_int(decoded_pictures(call.dir / "stream.mp4"), 30);
  fail_unless(call.requests("loss") > 0);
  const auto gaps = call.messages->named("record-gap");
  fail_unless_equals_int(gaps.size(), 2);
  for (GstMessage* gap : gaps) fail_unless_same(text_field(gap, "reason"), "loss");
}
GST_END_TEST

// Through a jitter buffer: of what comes behind a loss, nothing before the next whole key picture.
GST_START_TEST(random_loss_leaves_only_what_can_be_decoded) {
  const Encoded& media = rtp_large_video(video_codec(__i__ % static_cast<int>(kVideo.size())));
  std::mt19937 random(static_cast<unsigned>(__i__) + 1);
  std::set<std::size_t> broken;
  auto packets = packets_of(media);
  const std::size_t units = packets.back().unit + 1;
  std::erase_if(packets, [&](const Packet& packet) {
    const bool lost = packet.unit > 5 && random() % 400 == 0;
    if (lost) broken.insert(packet.unit);
    return lost;
  });
  fail_unless(!broken.empty(), "nothing is lost");
  std::size_t expected = 0;
  bool follows = true;
  for (std::size_t unit = 0; unit < units; ++unit) {
    follows = !broken.contains(unit) && (follows || unit % 30 == 0);
    expected += follows;
  }
  Call call(media);
  for (const Delivery& next : JitterBuffer(media.caps.get()).run(packets)) {
    call.advance_to(next.time);
    if (next.event)
      call.source.event(gst_event_ref(next.event.get()));
    else
      fail_unless_equals_int(call.source.push(next.buffer.get(), next.time), GST_FLOW_OK);
  }
  call.end();
  fail_unless_equals_int(call.samples("vide"), expected);
  fail_unless_same(run("ffmpeg -v error -xerror -i " + (call.dir / "stream.mp4") + " -f null -"),
                   "");
  fail_unless_equals_int(decoded_pictures(call.dir / "stream.mp4"), expected);
  fail_unless(call.requests("loss") > 0);
  for (GstMessage* gap : call.messages->named("record-gap"))
    fail_unless_same(text_field(gap, "reason"), "loss");
}
GST_END_TEST

GST_START_TEST(a_new_size_over_rtp_goes_on_in_band) {
  const RtpVideo& codec = video_codec(__i__);
  Call call(rtp_video(codec));
  call.push_until(2 * GST_SECOND, &call.feed);
  const auto large = packets_of(rtp_video(codec, 160, 96));
  const RtpHeader last = header_of(rtp_video(codec)[0]);
  guint16 sequence = static_cast<guint16>(last.sequence + 5000);
  for (const Packet& packet : large) {
    RtpHeader header = header_of(packet.buffer.get());
    header.timestamp = last.timestamp + 180000 + static_cast<guint32>(packet.unit) * 3000;
    header.sequence = sequence++;
    set_header(packet.buffer.get(), header);
    call.advance_to(2 * GST_SECOND + packet.arrival);
    call.source.push(packet.buffer.get(), 2 * GST_SECOND + packet.arrival);
  }
  call.end();
  fail_unless_equals_int(call.dir.files().size(), 1);
  fail_unless_equals_int(call.samples("vide"), 60 + 90);
  fail_unless_equals_int(decoded_pictures(call.dir / "stream.mp4"), 60 + 90);
}
GST_END_TEST

// While a file is open, and before there is one.
GST_START_TEST(another_codec_over_rtp_opens_a_new_file) {
  const GstClockTime change = __i__ == 0 ? 1500 * GST_MSECOND : 500 * GST_MSECOND;
  const GstClockTime end = change + 1500 * GST_MSECOND;
  Call call(rtp_h264(), "path={stream}-{index}.mp4");
  Source audio(call.element());
  RtpFeed packets(audio, rtp_opus());
  packets.start();
  std::optional<Source> awaited;  // the header waits for it
  if (__i__ == 1) awaited.emplace(call.element());
  call.push_until(change, &call.feed, &packets);
  RtpFeed vp8(call.source, rtp_video(video_codec(1)));
  while (vp8.next_time() < change) vp8.skip();
  vp8.start();
  call.push_until(end, &vp8, &packets);
  audio.eos();
  call.end();
  const auto files = call.dir.files();
  fail_unless_equals_int(files.size(), 2);
  const auto before = read_file(files[0]);
  const auto after = read_file(files[1]);
  fail_unless_same(before.find_track("vide")->entry, "avc3");
  const auto pictures = static_cast<int>(change * 30 / GST_SECOND);
  fail_unless_equals_int(before.find_track("vide")->samples.size(), pictures);
  fail_unless_same(after.find_track("vide")->entry, "vp08");
  fail_unless(after.find_track("vide")->samples[0].key);
  fail_unless_equals_int(after.find_track("vide")->samples.size(), 30);
  fail_unless_equals_int(decoded_pictures(files[0]), pictures);
  fail_unless_equals_int(decoded_pictures(files[1]), 30);
  std::size_t sound = 0;  // the new file may begin with shorter packets of silence
  for (const Mp4File& file : {before, after})
    for (const auto& sample : file.find_track("soun")->samples) sound += sample.duration == 960;
  fail_unless_equals_int(sound, end / (20 * GST_MSECOND) + 1);  // the one at `end` too
}
GST_END_TEST

// What recordmux does not take as it is.
struct Unparsed {
  std::string launch;
  const char* handler;
  std::size_t samples;
};
static const std::array<Unparsed, 4> kUnparsed = {
    {{video_launch("h265") + " ! h265parse ! video/x-h265,alignment=nal", "vide", 90},
     {video_launch("vp9") + " ! video/x-vp9,alignment=frame", "vide", 90},
     {video_launch("av1") + " ! av1parse ! video/x-av1,alignment=frame", "vide", 90},
     {audio_launch("aac-adts") + " ! capssetter replace=true caps=audio/mpeg,mpegversion=4", "soun",
      140}}};

GST_START_TEST(encoded_media_gets_the_parser_that_it_needs) {
  const Unparsed& unparsed = kUnparsed[static_cast<std::size_t>(__i__)];
  const Encoded& media = encoded(unparsed.launch);
  BinFixture bin;
  Source source(bin.element());
  bin.play();
  source.start(media);
  for (const auto& buffer : media.buffers) {
    const GstClockTime pts = GST_BUFFER_PTS(buffer.get()) - GST_BUFFER_PTS(media[0]);
    bin.advance_to(pts);
    fail_unless_equals_int(source.push(buffer.get(), pts), GST_FLOW_OK);
  }
  source.eos();
  bin.wait_eos();
  bin.expect_no_error();
  fail_unless(bin.samples(unparsed.handler) + 2 >= unparsed.samples);
  if (g_str_equal(unparsed.handler, "vide")) {
    fail_unless_equals_int(decoded_pictures(bin.dir / "stream.mp4"), 90);
  } else {
    fail_unless(decoded_sound(bin.dir / "stream.mp4") >= 138 * 1024);
  }
}
GST_END_TEST

GST_START_TEST(he_aac_over_rtp_is_recorded_at_the_rate_of_its_core) {
  const Encoded& media = rtp_audio({"he-aac", "rtpmp4gpay", "mp4a", 1024});
  Call call(media);
  call.push_until(2 * GST_SECOND, &call.feed);
  call.end();
  const auto file = read_file(call.dir / "stream.mp4");
  const Mp4Track& track = file.tracks[0];
  fail_unless_same(track.rfc6381(), "mp4a.40.5");
  fail_unless_equals_int(track.timescale, 24000);
  fail_unless(track.end_dts >= 2 * 24000 - 1024 && track.end_dts <= 2 * 24000 + 1024);
  fail_unless_equals_uint64(decoded_sound(call.dir / "stream.mp4"), 2 * track.end_dts);
}
GST_END_TEST

GST_START_TEST(av1_over_rtp_says_which_element_is_missing) {
  if (adopt(gst_element_factory_find("rtpav1depay"))) return;
  Call call(rtp_h264());
  call.feed.start("AV1");
  const std::string reason = text_field(call.messages->track("sink_0 unsupported"), "reason");
  fail_unless(reason.find("rtpav1depay") != std::string::npos, "%s", reason.c_str());
  fail_unless(reason.find("gst-plugins-rs") != std::string::npos, "%s", reason.c_str());
}
GST_END_TEST

static Suite* record_bin_codecs_suite() {
  Suite* suite = suite_create("recordbin codecs");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, video_over_rtp_is_recorded_and_decodes, 0, kVideo.size());
  tcase_add_loop_test(tests, sound_over_rtp_is_recorded_and_decodes, 0, kAudio.size());
  tcase_add_test(tests, he_aac_over_rtp_is_recorded_at_the_rate_of_its_core);
  tcase_add_loop_test(tests, what_refers_to_lost_packets_is_left_out, 0, kVideo.size());
  tcase_add_loop_test(tests, random_loss_leaves_only_what_can_be_decoded, 0, 3 * kVideo.size());
  tcase_add_loop_test(tests, a_new_size_over_rtp_goes_on_in_band, 0, kVideo.size());
  tcase_add_loop_test(tests, another_codec_over_rtp_opens_a_new_file, 0, 2);
  tcase_add_loop_test(tests, encoded_media_gets_the_parser_that_it_needs, 0, kUnparsed.size());
  tcase_add_test(tests, av1_over_rtp_says_which_element_is_missing);
  return suite;
}
GST_CHECK_MAIN(record_bin_codecs)
