// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The frame hashes of the call log are those that ffmpeg prints for the frames of a file, so that
// a log and a recording can be compared without any reader of ours.
#include "tests/support/webrtc/media_hash.h"

#include <gst/gst.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "tests/support/webrtc/probe.h"

namespace rec::test {
namespace {

// The sixth column of framemd5: "0, 0, 0, 3000, 7651, 79f8...", with side data behind it.
std::vector<std::string> framemd5(const std::string& arguments) {
  const std::string command = "ffmpeg -v error -nostdin " + arguments + " -c copy -f framemd5 -";
  std::FILE* output = popen(command.c_str(), "r");
  std::vector<std::string> hashes;
  char line[512];
  char md5[33];
  while (output && std::fgets(line, sizeof line, output))
    if (std::sscanf(line, "%*d,%*d,%*d,%*d,%*d,%32s", md5) == 1) hashes.emplace_back(md5, 32);
  EXPECT_EQ(output ? pclose(output) : -1, 0) << command;
  return hashes;
}

// Runs `source ! ... name=hashed ! mux` into a file, hashing what leaves `hashed`.
template <class Hash>
std::vector<std::string> hashes_of_run(const std::string& pipeline_text, Hash hash) {
  const auto pipeline = adopt_floating(gst_parse_launch(pipeline_text.c_str(), nullptr));
  const auto hashed = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "hashed"));
  const auto pad = adopt(gst_element_get_static_pad(hashed.get(), "src"));
  std::vector<std::string> hashes;  // one streaming thread, joined by NULL
  add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, [&](GstPad*, GstPadProbeInfo* info) {
    const ReadMap map(GST_PAD_PROBE_INFO_BUFFER(info));
    hashes.push_back(hash(map.bytes()));
    return GST_PAD_PROBE_OK;
  });
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto bus = adopt(gst_element_get_bus(pipeline.get()));
  const auto end = adopt(
      gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND,
                                 static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  EXPECT_TRUE(end && GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_EOS) << pipeline_text;
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return hashes;
}

std::string temp_file() {
  return testing::TempDir() + "media-hash-" + std::to_string(getpid()) + ".mkv";
}

void expect_h264_like_ffmpeg(const char* format, H264Framing framing) {
  const std::string path = temp_file();
  // Several slices a frame, parameter sets before each key frame.
  const auto hashes = hashes_of_run(
      std::string("videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! x264enc "
                  "tune=zerolatency threads=3 sliced-threads=true key-int-max=8 ! "
                  "video/x-h264,alignment=au,stream-format=") +
          format + " ! identity name=hashed ! h264parse ! matroskamux ! filesink location=" + path,
      [framing](std::span<const std::uint8_t> bytes) { return slices_md5(bytes, framing); });
  EXPECT_EQ(hashes.size(), 20u);
  EXPECT_EQ(hashes, framemd5("-i " + path +
                             " -map 0:v -bsf:v "
                             "h264_mp4toannexb,filter_units=pass_types=1-5"));
  std::remove(path.c_str());
}

TEST(MediaHash, OfAnnexBIsWhatFfmpegPrints) {
  expect_h264_like_ffmpeg("byte-stream", H264Framing::kAnnexB);
}

TEST(MediaHash, OfLengthPrefixedH264IsWhatFfmpegPrints) {
  expect_h264_like_ffmpeg("avc", H264Framing::kLength4);
}

TEST(MediaHash, OfOpusIsWhatFfmpegPrints) {
  const std::string path = temp_file();
  const auto hashes = hashes_of_run(
      "audiotestsrc num-buffers=50 samplesperbuffer=960 wave=pink-noise ! audio/x-raw,rate=48000 ! "
      "opusenc name=hashed ! matroskamux ! filesink location=" +
          path,
      [](std::span<const std::uint8_t> bytes) { return md5_of(bytes); });
  EXPECT_GE(hashes.size(), 50u);
  EXPECT_EQ(hashes, framemd5("-i " + path + " -map 0:a"));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace rec::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
