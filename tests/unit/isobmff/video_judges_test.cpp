// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP8, VP9 and AV1 on the way from an encoder into a file of ours, before independent judges. The
// picture becomes larger at a key frame, within one sample entry: every frame must come out, with
// its size and its pixels.
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <regex>
#include <vector>

#include "lib/codec/av1_stream.h"
#include "lib/codec/vp8_stream.h"
#include "lib/codec/vp9_stream.h"
#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"
#include "tests/support/box_reader.h"
#include "tests/unit/isobmff/judge_tools.h"

namespace rec::isobmff {
namespace {

constexpr std::uint32_t kTicks = 3000;  // a frame, at 30 frames/s
constexpr std::size_t kSecond = 30;     // frames

struct Codec {
  const char* name;     // as ffprobe says it
  const char* encoder;  // of ffmpeg
  const char* fourcc;
  const char* decoder;  // of GStreamer
  const char* rfc6381;  // of the first size
};
void PrintTo(const Codec& codec, std::ostream* out) { *out << codec.name; }

constexpr Codec kCodecs[] = {
    {"vp8", "libvpx -deadline realtime -cpu-used 8", "vp08", "vp8dec", "vp08.00.11.08"},
    {"vp9", "libvpx-vp9 -deadline realtime -cpu-used 8", "vp09", "vp9dec", "vp09.00.11.08"},
    {"av1", "libaom-av1 -usage realtime -cpu-used 8", "av01", "av1dec", "av01.0.00M.08"},
};

// The frames of an IVF file: a header of 32 bytes, then 12 bytes before each frame.
std::vector<Bytes> frames_of(const std::string& ivf) {
  const Bytes file = read_file(ivf);
  std::vector<Bytes> frames;
  std::size_t at = 32;
  while (at + 12 <= file.size()) {
    const std::size_t size = file[at] | std::size_t{file[at + 1]} << 8 |
                             std::size_t{file[at + 2]} << 16 | std::size_t{file[at + 3]} << 24;
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at + 12);
    frames.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    at += 12 + size;
  }
  return frames;
}

struct Converted {
  std::vector<Bytes> samples;
  std::vector<bool> keys;
  std::vector<std::size_t> changes;   // samples at which the config changed
  std::optional<CodecConfig> config;  // of the first sample
};

template <class Stream>
Converted convert_with(Stream stream, const std::vector<Bytes>& frames) {
  Converted out;
  for (const Bytes& frame : frames) {
    auto unit = stream.convert(frame);
    EXPECT_TRUE(unit) << unit.error().what;
    if (!unit) return out;
    if (!out.config && stream.config()) out.config = *stream.config();
    if (unit.value().config_changed) out.changes.push_back(out.samples.size());
    out.samples.push_back(std::move(unit.value().bytes));
    out.keys.push_back(unit.value().key);
  }
  return out;
}

Converted convert(const Codec& codec, const std::vector<Bytes>& frames) {
  const std::string name = codec.name;
  if (name == "vp8") return convert_with(codec::Vp8Stream{}, frames);
  if (name == "vp9") return convert_with(codec::Vp9Stream{}, frames);
  return convert_with(codec::Av1Stream{}, frames);
}

// A fragment a second.
Bytes mux(const Converted& video) {
  const Track tracks[] = {{1, {90000, *video.config}}};
  Bytes file = init_segment(tracks, 1767225600);
  std::uint32_t sequence = 0;
  for (std::size_t from = 0; from < video.samples.size(); from += kSecond) {
    TrackRun run;
    run.track_id = 1;
    for (std::size_t i = from; i < std::min(from + kSecond, video.samples.size()); ++i) {
      run.samples.push_back({static_cast<std::int64_t>(i * kTicks), 0,
                             static_cast<std::uint32_t>(video.samples[i].size()), video.keys[i]});
      run.end_dts = static_cast<std::int64_t>((i + 1) * kTicks);
      run.pieces.emplace_back(video.samples[i]);
    }
    const TrackRun runs[] = {run};
    EXPECT_TRUE(check_runs(runs));
    const Bytes unit = fragment(++sequence, runs);
    file.insert(file.end(), unit.begin(), unit.end());
  }
  return file;
}

// The hash of every picture, decoded, at its own size.
std::vector<std::string> pictures_of(const std::string& file) {
  const Outcome decoded = run("ffmpeg -v error -xerror -i '" + file +
                              "' -autoscale 0 -vsync passthrough -f framemd5 -");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  std::vector<std::string> hashes;
  for (const std::string& line : lines_of(decoded.output))
    if (line[0] != '#') hashes.push_back(line.substr(line.rfind(',') + 1));
  return hashes;
}

// A file of ours, and what it was made of: two seconds of each size, a key frame a second.
class Made {
 public:
  explicit Made(const Codec& codec) : file(dir_.file("ours.mp4")) {
    std::vector<Bytes> frames;
    for (const std::string size : {"320x180", "480x270"}) {
      const std::string ivf = encode(codec, size);
      for (Bytes& frame : frames_of(ivf)) frames.push_back(std::move(frame));
      for (std::string& hash : pictures_of(ivf)) pictures.push_back(std::move(hash));
    }
    video = convert(codec, frames);
    if (video.config) write_file(file, mux(video));
  }

 private:
  std::string encode(const Codec& codec, const std::string& size) {
    const std::string ivf = dir_.file(size + ".ivf");
    const Outcome made = run("ffmpeg -v error -y -f lavfi -i testsrc2=size=" + size +
                             ":rate=30 -t 2 -pix_fmt yuv420p -c:v " + codec.encoder +
                             " -b:v 300k -g 30 '" + ivf + "'");
    EXPECT_EQ(made.output, "");
    return ivf;
  }
  TempDir dir_;

 public:
  const std::string file;
  std::vector<std::string> pictures;  // hashes of what the encoder's own files decode to
  Converted video;
};

class VideoJudges : public ::testing::TestWithParam<Codec> {
 protected:
  void SetUp() override {
    ASSERT_EQ(made_.pictures.size(), 4 * kSecond);
    ASSERT_EQ(made_.video.samples.size(), 4 * kSecond);
  }

  static const Made& made(const Codec& codec) {  // once: encoders are slow
    static std::map<std::string, Made> all;
    return all.try_emplace(codec.name, codec).first->second;
  }

  const Made& made_ = made(GetParam());
  const Converted& video_ = made_.video;
  const std::string& file_ = made_.file;
};

TEST_P(VideoJudges, TheConfigChangesWithTheSize) {
  EXPECT_EQ(video_.changes, std::vector<std::size_t>{2 * kSecond});
  for (std::size_t i = 0; i < video_.keys.size(); ++i)
    EXPECT_EQ(video_.keys[i], i % kSecond == 0) << i;
}

TEST_P(VideoJudges, TheStrictReaderHasNothingToSay) {
  const auto file = rec::test::read_mp4_file(file_);
  EXPECT_EQ(file.violations, std::vector<std::string>{});
  ASSERT_EQ(file.tracks.size(), 1u);
  EXPECT_EQ(file.tracks[0].entry, GetParam().fourcc);
  EXPECT_EQ(file.tracks[0].width, 320);
  EXPECT_EQ(file.tracks[0].height, 180);
  EXPECT_TRUE(file.tracks[0].rfc6381().starts_with(GetParam().rfc6381)) << file.tracks[0].rfc6381();
}

TEST_P(VideoJudges, FfprobeFindsTheTrack) {
  const Outcome probed =
      run("ffprobe -v error -show_entries "
          "stream=codec_name,width,height,codec_tag_string,nb_read_packets"
          " -count_packets -of csv=p=0 '" +
          file_ + "'");
  EXPECT_EQ(probed.output,
            std::string(GetParam().name) + "," + GetParam().fourcc + ",320,180,120\n");
  const std::vector<Packet> packets = packets_of(file_, "v");
  ASSERT_EQ(packets.size(), 4 * kSecond);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    EXPECT_EQ(packets[i].pts, static_cast<std::int64_t>(i * kTicks));
    EXPECT_EQ(packets[i].key, i % kSecond == 0) << i;
  }
}

TEST_P(VideoJudges, FfmpegDecodesEveryPictureOfBothSizes) {
  EXPECT_EQ(pictures_of(file_), made_.pictures);
  const Outcome sizes =
      run("ffprobe -v error -show_entries frame=width,height -of csv=p=0 '" + file_ + "'");
  std::vector<std::string> expected(2 * kSecond, "320,180");
  expected.insert(expected.end(), 2 * kSecond, "480,270");
  EXPECT_EQ(lines_of(sizes.output), expected);
}

TEST_P(VideoJudges, GStreamerDemuxesAndDecodesBothSizes) {
  const Outcome decoded =
      run("gst-launch-1.0 -v filesrc location='" + file_ + "' ! qtdemux ! " + GetParam().decoder +
          " name=d ! identity name=i silent=false ! fakesink sync=false");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  std::size_t pictures = 0;
  for (const std::string& line : lines_of(decoded.output))
    if (line.find("last-message = chain") != std::string::npos) ++pictures;
  EXPECT_EQ(pictures, 4 * kSecond);
  for (const char* size : {"width=(int)320, height=(int)180", "width=(int)480, height=(int)270"})
    EXPECT_NE(decoded.output.find(size), std::string::npos) << size;
}

INSTANTIATE_TEST_SUITE_P(, VideoJudges, testing::ValuesIn(kCodecs),
                         [](const auto& codec) { return std::string(codec.param.name); });

}  // namespace
}  // namespace rec::isobmff
