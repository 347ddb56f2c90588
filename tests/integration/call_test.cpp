// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The harness of the other integration tests reports truly: what its log says was sent arrives,
// frame by frame, and its silences are holes in what arrives.
#include <gst/gst.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <mutex>

#include "tests/support/webrtc/call.h"
#include "tests/support/webrtc/media_hash.h"
#include "tests/support/webrtc/probe.h"

namespace rec::test {
namespace {

struct Packet {
  std::uint16_t sequence = 0;
  std::uint32_t time = 0;    // RTP timestamp
  std::int64_t arrival = 0;  // ns, monotonic
};

// What reaches the callee: RTP packets as they leave webrtcbin, frames as they leave the
// depayloader.
class Arrivals {
 public:
  // Streaming thread.
  void take(GstElement* pipeline, GstPad* pad) {
    const auto caps = adopt(gst_pad_get_current_caps(pad));
    const GstStructure* fields = gst_caps_get_structure(caps.get(), 0);
    const std::string encoding = gst_structure_get_string(fields, "encoding-name");
    const Line line = encoding == "H264"   ? Line::kVideo
                      : encoding == "OPUS" ? Line::kAudio
                                           : Line::kExtra;
    add_probe(pad, kDataProbe, [this, line](GstPad*, GstPadProbeInfo* info) {
      for_each_buffer(info, [&](GstBuffer* buffer) { add_packet(line, buffer); });
      return GST_PAD_PROBE_OK;
    });
    const char* depay =
        line == Line::kVideo
            ? "rtph264depay ! video/x-h264,stream-format=byte-stream,alignment=au ! "
              "fakesink async=false sync=false"
        : line == Line::kAudio ? "rtpopusdepay ! fakesink async=false sync=false"
                               : "fakesink async=false sync=false";
    GstElement* bin = gst_parse_bin_from_description(depay, TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline), bin);
    gst_element_sync_state_with_parent(bin);
    const auto sink = adopt(gst_element_get_static_pad(bin, "sink"));
    ASSERT_EQ(gst_pad_link(pad, sink.get()), GST_PAD_LINK_OK);
    watch_frames(bin, line);
  }

  std::vector<std::string> frames(Line line) const {
    std::lock_guard guard(lock_);
    const auto found = frames_.find(line);
    return found == frames_.end() ? std::vector<std::string>{} : found->second;
  }
  std::vector<Packet> packets(Line line) const {
    std::lock_guard guard(lock_);
    const auto found = packets_.find(line);
    return found == packets_.end() ? std::vector<Packet>{} : found->second;
  }

 private:
  void watch_frames(GstElement* bin, Line line) {
    GstIterator* sinks = gst_bin_iterate_sinks(GST_BIN(bin));
    GValue item = G_VALUE_INIT;
    ASSERT_EQ(gst_iterator_next(sinks, &item), GST_ITERATOR_OK);
    const auto pad =
        adopt(gst_element_get_static_pad(GST_ELEMENT(g_value_get_object(&item)), "sink"));
    g_value_unset(&item);
    gst_iterator_free(sinks);
    add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, [this, line](GstPad*, GstPadProbeInfo* info) {
      const ReadMap map(GST_PAD_PROBE_INFO_BUFFER(info));
      auto md5 = line == Line::kVideo ? slices_md5(map.bytes(), H264Framing::kAnnexB)
                                      : md5_of(map.bytes());
      std::lock_guard guard(lock_);
      frames_[line].push_back(std::move(md5));
      return GST_PAD_PROBE_OK;
    });
  }
  void add_packet(Line line, GstBuffer* buffer) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp)) return;
    const Packet packet{gst_rtp_buffer_get_seq(&rtp), gst_rtp_buffer_get_timestamp(&rtp),
                        g_get_monotonic_time() * 1000};
    gst_rtp_buffer_unmap(&rtp);
    std::lock_guard guard(lock_);
    packets_[line].push_back(packet);
  }

  mutable std::mutex lock_;
  std::map<Line, std::vector<std::string>> frames_;
  std::map<Line, std::vector<Packet>> packets_;
};

std::vector<std::string> hashes(const std::vector<SentUnit>& units) {
  std::vector<std::string> md5;
  for (const auto& unit : units) md5.push_back(unit.md5);
  return md5;
}

// The largest step between two packets, in seconds of RTP time and of arrival.
struct Hole {
  double rtp = 0;
  double arrival = 0;
};
Hole largest_hole(const std::vector<Packet>& packets, double clock_rate) {
  Hole hole;
  for (std::size_t i = 1; i < packets.size(); ++i) {
    // Unsigned subtraction: RTP time wraps.
    const std::uint32_t ticks = packets[i].time - packets[i - 1].time;
    hole.rtp = std::max(hole.rtp, ticks / clock_rate);
    hole.arrival = std::max(hole.arrival,
                            static_cast<double>(packets[i].arrival - packets[i - 1].arrival) / 1e9);
  }
  return hole;
}

void expect_no_packet_missing(const std::vector<Packet>& packets) {
  for (std::size_t i = 1; i < packets.size(); ++i)
    ASSERT_EQ(packets[i].sequence, static_cast<std::uint16_t>(packets[i - 1].sequence + 1)) << i;
}

std::string start_and_wait(Call& call, Arrivals& arrivals) {
  call.on_pad([&](GstPad* pad) { arrivals.take(call.callee(), pad); });
  if (const auto status = call.start(); !status) return status.error().what;
  const bool complete = call.wait();
  const std::string state = call.connection_state();
  call.close();  // the frames behind the last packet are out when this returns
  for (const auto& error : call.errors()) return error;
  return complete ? state : "packets are missing";
}

void expect_everything_arrived(const Call& call, const Arrivals& arrivals) {
  for (const Line line : {Line::kVideo, Line::kAudio}) {
    const auto sent = call.log().units(line);
    ASSERT_FALSE(sent.empty());
    EXPECT_TRUE(sent.front().key);
    EXPECT_EQ(arrivals.frames(line), hashes(sent)) << name_of(line);
    EXPECT_EQ(arrivals.packets(line).size(), call.sent_packets(line));
    EXPECT_EQ(call.received_packets(line), call.sent_packets(line));
    expect_no_packet_missing(arrivals.packets(line));
  }
}

TEST(Call, EachLoggedFrameArrivesOnceAndInOrder) {
  const std::string path = testing::TempDir() + "call-" + std::to_string(getpid()) + ".jsonl";
  Arrivals arrivals;
  Call call({.media = {.seconds = 5, .wrap = true}, .log_path = path});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  expect_everything_arrived(call, arrivals);
  EXPECT_NEAR(static_cast<double>(call.log().units(Line::kVideo).size()), 150, 3);
  EXPECT_NEAR(static_cast<double>(call.log().units(Line::kAudio).size()), 250, 3);

  std::ifstream file(path);
  std::size_t sent = 0;
  for (std::string line; std::getline(file, line);) sent += line.find("\"sent\"") != line.npos;
  EXPECT_EQ(sent, call.log().count(Line::kVideo) + call.log().count(Line::kAudio));
  std::remove(path.c_str());
}

TEST(Call, ASilenceIsAHoleInTimeAndNotInSequenceNumbers) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 4, .video_silent = {{1, 2}}, .audio_silent = {{1.5, 3}}}});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  expect_everything_arrived(call, arrivals);
  const Hole video = largest_hole(arrivals.packets(Line::kVideo), 90000);
  const Hole audio = largest_hole(arrivals.packets(Line::kAudio), 48000);
  EXPECT_NEAR(video.rtp, 1 + 1 / 30.0, 0.04);
  EXPECT_NEAR(audio.rtp, 1.5 + 0.02, 0.03);
  // The jitter buffer evens out what arrives, but cannot fill these.
  EXPECT_GT(video.arrival, 0.7);
  EXPECT_GT(audio.arrival, 1.2);
}

TEST(Call, ALateTrackAppearsLateAndAnUnknownOneAppears) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 3, .audio_start = 1.5, .extra = Extra::kPcmu}});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  expect_everything_arrived(call, arrivals);
  const auto pads = call.pads();
  ASSERT_EQ(pads.size(), 3u);
  EXPECT_GE(pads.at(Line::kAudio), call.media_start() + GST_SECOND * 3 / 2);
  EXPECT_LT(pads.at(Line::kVideo), pads.at(Line::kAudio));
  EXPECT_EQ(arrivals.frames(Line::kExtra).size(), call.sent_packets(Line::kExtra));
}

TEST(Call, SpoiltPacketsArriveAndTheOtherLineIsWhole) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 3, .spoil = Line::kAudio, .spoil_share = 0.3}});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  EXPECT_EQ(arrivals.frames(Line::kVideo), hashes(call.log().units(Line::kVideo)));
  EXPECT_EQ(call.received_packets(Line::kAudio), call.sent_packets(Line::kAudio));

  const auto sent = call.log().units(Line::kAudio);
  std::vector<std::string> intact;
  for (const auto& unit : sent)
    if (unit.intact) intact.push_back(unit.md5);
  EXPECT_NEAR(static_cast<double>(intact.size()) / static_cast<double>(sent.size()), 0.7, 0.15);
  auto next = intact.begin();
  for (const auto& frame : arrivals.frames(Line::kAudio))
    if (next != intact.end() && frame == *next) ++next;
  EXPECT_EQ(next, intact.end()) << "intact frame " << next - intact.begin() << " did not arrive";
}

TEST(Call, DtxSendsAPacketNowAndThenWhileItIsQuiet) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 4, .marks = true, .dtx = true}});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  // 100 ms of each second are loud, the encoder waits 200 ms, then sends each 400 ms.
  expect_everything_arrived(call, arrivals);
  const auto packets = arrivals.packets(Line::kAudio);
  EXPECT_LT(packets.size(), 110u);
  EXPECT_GT(packets.size(), 40u);
  EXPECT_NEAR(largest_hole(packets, 48000).rtp, 0.4, 0.02);
  std::size_t empty = 0;
  for (const auto& unit : call.log().units(Line::kAudio)) empty += unit.size <= 2;
  EXPECT_GE(empty, 4u);
}

TEST(Call, ABadNetworkLosesAndDelays) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 3}, .network = {.audio = {.delay = 0.2}, .loss = 0.05}});
  EXPECT_EQ(start_and_wait(call, arrivals), "connected");
  for (const Line line : {Line::kVideo, Line::kAudio}) {
    EXPECT_GT(call.relay()->lost(line), 0u);
    EXPECT_EQ(call.received_packets(line) + call.relay()->lost(line), call.sent_packets(line));
  }
  const auto pads = call.pads();
  EXPECT_GT(pads.at(Line::kAudio), pads.at(Line::kVideo) + 150 * GST_MSECOND);
}

TEST(Call, PlainRtpCarriesTheSame) {
  Arrivals arrivals;
  Call call({.media = {.seconds = 2, .audio_silent = {{0.5, 1}}}, .plain_rtp = true});
  EXPECT_EQ(start_and_wait(call, arrivals), "plain");
  expect_everything_arrived(call, arrivals);
  EXPECT_NEAR(largest_hole(arrivals.packets(Line::kAudio), 48000).rtp, 0.52, 0.03);
}

}  // namespace
}  // namespace rec::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
