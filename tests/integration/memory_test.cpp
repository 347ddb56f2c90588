// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ten minutes of 4 Mbit/s H.264 and Opus into `recordmux ! dirsink`, as fast as the disk takes
// them: the process does not grow after the first minute, and nothing is lost.
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gst/common/handles.h"

namespace rec {
namespace {

constexpr int kMinutes = 10;
constexpr guint64 kFrame = GST_SECOND / 30;
constexpr guint64 kPacket = 20 * GST_MSECOND;
constexpr gsize kFrameBytes = 4'000'000 / 8 / 30;
constexpr double kAllowedGrowth = 8.0 * (1 << 20);
constexpr guint64 kQueueLimit = 4 << 20;  // bytes in dirsink's queue before the test waits

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

guint64 stat(GstElement* element, const char* field) {
  GstStructure* s = nullptr;
  g_object_get(element, "stats", &s, nullptr);
  const StructurePtr held(s);
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(s, field, &value)) << field;
  return value;
}

// A source pad that the test pushes from.
struct Source {
  Source(GstElement* mux, const char* name, const char* caps_text)
      : pad(gst_pad_new(name, GST_PAD_SRC)),
        sink(adopt(gst_element_request_pad_simple(mux, "sink_%u"))) {
    gst_object_ref_sink(pad);
    gst_pad_set_active(pad, TRUE);
    EXPECT_EQ(gst_pad_link(pad, sink.get()), GST_PAD_LINK_OK);
    gst_pad_push_event(pad, gst_event_new_stream_start(name));
    const auto caps = adopt(gst_caps_from_string(caps_text));
    gst_pad_push_event(pad, gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad, gst_event_new_segment(&segment));
  }
  ~Source() { gst_object_unref(pad); }
  Source(const Source&) = delete;
  void push(const std::vector<guint8>& bytes, guint64 pts) {
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    GST_BUFFER_PTS(buffer) = pts;
    ASSERT_EQ(gst_pad_push(pad, buffer), GST_FLOW_OK);
  }
  GstPad* const pad;
  const Ref<GstPad> sink;
};

std::vector<guint8> access_unit(bool key) {
  // x264, 16x16 baseline: SPS, PPS; then a slice header and what could be its data.
  static const std::vector<guint8> sets = {0,    0,    0,    1,    0x67, 0x42, 0xc0, 0x0a, 0xd9,
                                           0x1e, 0xc0, 0x44, 0,    0,    3,    0,    4,    0,
                                           0,    3,    0,    0xca, 0x3c, 0x48, 0x99, 0x20, 0,
                                           0,    0,    1,    0x68, 0xcb, 0x80, 0x65, 0x2c, 0x80};
  std::vector<guint8> unit = key ? sets : std::vector<guint8>();
  const std::vector<guint8> slice = {0,    0,   0, 1, static_cast<guint8>(key ? 0x65 : 0x41),
                                     0x88, 0x84};
  unit.insert(unit.end(), slice.begin(), slice.end());
  while (unit.size() < kFrameBytes)
    unit.push_back(static_cast<guint8>(0x80 | (unit.size() * 37 & 0x7f)));
  return unit;
}

TEST(Memory, TenMinutesAtFullSpeedDoNotGrow) {
  char folder[] = "/tmp/rec-memory-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder));
  const std::string launch = std::string("recordmux name=mux ! dirsink name=store root=") + folder;
  const auto pipeline = adopt_floating(gst_parse_launch(launch.c_str(), nullptr));
  ASSERT_TRUE(pipeline);
  const auto mux = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "mux"));
  const auto store = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "store"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  double first_minute = 0;
  {
    Source video(mux.get(), "video", "video/x-h264,stream-format=byte-stream,alignment=au");
    Source audio(mux.get(), "audio", "audio/x-opus,channels=2,channel-mapping-family=0");
    const auto key = access_unit(true);
    const auto delta = access_unit(false);
    const std::vector<guint8> packet(160, 0xfc);
    guint64 next_packet = 0;
    for (int frame = 0; frame < kMinutes * 60 * 30; ++frame) {
      const guint64 pts = static_cast<guint64>(frame) * kFrame;
      for (; next_packet <= pts; next_packet += kPacket) audio.push(packet, next_packet);
      video.push(frame % 60 == 0 ? key : delta, pts);
      while (stat(store.get(), "queued-bytes") > kQueueLimit) g_thread_yield();
      if (frame == 60 * 30) first_minute = resident_bytes();
    }
    EXPECT_LT(resident_bytes() - first_minute, kAllowedGrowth);
    std::printf("resident after 1 min %.1f MiB, growth until %d min %.2f MiB\n",
                first_minute / (1 << 20), kMinutes, (resident_bytes() - first_minute) / (1 << 20));
    gst_element_send_event(mux.get(), gst_event_new_eos());
    const auto bus = adopt(gst_element_get_bus(pipeline.get()));
    const auto done = adopt(gst_bus_timed_pop_filtered(
        bus.get(), 60 * GST_SECOND,
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    ASSERT_TRUE(done);
    EXPECT_EQ(GST_MESSAGE_TYPE(done.get()), GST_MESSAGE_EOS);
    EXPECT_GE(stat(store.get(), "bytes"),
              kFrameBytes * kMinutes * 60 * 30);  // all of it is on the disk
    EXPECT_EQ(stat(mux.get(), "objects"), 1u);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rec

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
