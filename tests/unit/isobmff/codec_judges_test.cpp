// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.265, AAC and G.711 as lib/codec and lib/isobmff make files of them, before ffprobe, ffmpeg,
// GStreamer and the strict reader. What ffmpeg decodes from its own file, it must decode from ours.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>
#include <regex>

#include "lib/codec/aac.h"
#include "lib/codec/aac_stream.h"
#include "lib/codec/g711.h"
#include "lib/codec/h265_stream.h"
#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"
#include "tests/support/box_reader.h"
#include "tests/unit/isobmff/judge_tools.h"

namespace rec::isobmff {
namespace {

using codec::AacStream;
using codec::H265Stream;

constexpr std::uint32_t kId = 1;

// One track, a fragment for every `per_fragment` samples.
class OneTrack {
 public:
  OneTrack(CodecConfig codec, std::uint32_t timescale, std::size_t per_fragment)
      : config_{timescale, std::move(codec)}, per_fragment_(per_fragment) {}

  void add(const Bytes& bytes, std::int64_t duration, std::int32_t cts_offset = 0,
           bool key = true) {
    if (run_.samples.size() == per_fragment_) cut();
    run_.samples.push_back(
        {run_.end_dts, cts_offset, static_cast<std::uint32_t>(bytes.size()), key});
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    run_.end_dts += duration;
  }
  Bytes file() {
    cut();
    const Track tracks[] = {{kId, config_}};
    Bytes all = init_segment(tracks, 1767225600);
    const Bytes fragments = joined(units_);
    all.insert(all.end(), fragments.begin(), fragments.end());
    return all;
  }

 private:
  void cut() {
    run_.pieces = {bytes_};
    const TrackRun runs[] = {run_};
    EXPECT_TRUE(check_runs(runs));
    units_.push_back(fragment(static_cast<std::uint32_t>(units_.size() + 1), runs));
    run_ = {kId, {}, run_.end_dts, {}};
    bytes_.clear();
  }

  TrackConfig config_;
  std::size_t per_fragment_;
  TrackRun run_{kId, {}, 0, {}};
  Bytes bytes_;  // of its samples
  std::vector<Bytes> units_;
};

class CodecJudges : public JudgesTest {
 protected:
  std::string write_checked(OneTrack& track) {
    const std::string file = write(track.file());
    for (const std::string& violation : test::read_mp4_file(file).violations)
      ADD_FAILURE() << violation;
    return file;
  }
  void make(const std::string& name, const std::string& input, const std::string& options) {
    const Outcome made = run("ffmpeg -v error -y -f lavfi -i " + input + " " + options + " '" +
                             dir_.file(name) + "'");
    EXPECT_EQ(made.status, 0) << made.output;
  }
  void make_h265(const std::string& name, const std::string& size, const std::string& options) {
    make(name, "testsrc2=size=" + size + ":rate=25",
         "-frames:v 25 -pix_fmt yuv420p -c:v libx265 -preset ultrafast -tag:v hvc1"
         " -video_track_timescale 90000 " +
             options);
  }
};

std::string decoded_md5(const std::string& file, const std::string& options = "") {
  const Outcome decoded =
      run("ffmpeg -v error -xerror -i '" + file + "' " + options + " -vsync passthrough -f md5 -");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  return decoded.output;
}

// Every frame that ffmpeg decodes: its size.
std::vector<std::string> frame_sizes(const std::string& file) {
  return lines_of(run("ffprobe -v error -select_streams v -show_entries frame=width,height -of"
                      " csv=p=0 '" +
                      file + "'")
                      .output);
}

// The sizes in bytes of the pictures that GStreamer decodes.
std::vector<std::string> gstreamer_pictures(const std::string& file) {
  const Outcome decoded = run("gst-launch-1.0 -v filesrc location='" + file +
                              "' ! qtdemux ! h265parse ! avdec_h265 ! identity silent=false"
                              " ! fakesink sync=false");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  const std::regex buffer(R"(\(identity0:sink\) \((\d+) bytes)");
  return {std::sregex_token_iterator(decoded.output.begin(), decoded.output.end(), buffer, 1), {}};
}

// Through H265Stream into `track`, behind what it has; the source's dts begin at 0 or below.
void add_h265(OneTrack& track, H265Stream& stream, const std::string& source) {
  const SourceTrack in = read_track(source, "v", 90000);
  ASSERT_FALSE(in.samples.empty());
  for (std::size_t i = 0; i < in.samples.size(); ++i) {
    const Packet& packet = in.packets[i];
    auto out = stream.convert(in.samples[i]);
    ASSERT_TRUE(out) << out.error().what;
    EXPECT_EQ(out.value().key, packet.key) << i;
    track.add(out.value().bytes, packet.duration,
              static_cast<std::int32_t>(packet.pts - packet.dts), out.value().key);
  }
}

TEST_F(CodecJudges, H265DecodesLikeTheSource) {
  // The default GOP of x265: one IDR picture, then CRA pictures with leading pictures.
  make_h265("source.mp4", "320x240", "-x265-params log-level=0:info=0:keyint=10:bframes=3");
  H265Stream stream;
  ASSERT_TRUE(stream.set_format(H265Stream::Format::kLengthPrefixed,
                                box_payload(dir_.file("source.mp4"), "hvcC")));
  ASSERT_TRUE(stream.config());
  EXPECT_TRUE(stream.config()->reorders);
  OneTrack track(*stream.config(), 90000, 8);
  add_h265(track, stream, dir_.file("source.mp4"));
  const std::string file = write_checked(track);
  EXPECT_EQ(probe(file, "stream=codec_name,profile,width,height,codec_tag_string,level"),
            "hevc,Main,hev1,320,240,60\n");
  EXPECT_EQ(decoded_md5(file), decoded_md5(dir_.file("source.mp4")));
  EXPECT_EQ(gstreamer_pictures(file).size(), 25u);
}

// What a recording that begins at a CRA picture has: its leading pictures cannot be decoded, and
// ffmpeg and GStreamer leave them out without a word.
TEST_F(CodecJudges, H265FromACraPictureDecodesWithoutItsLeadingPictures) {
  make_h265("source.mp4", "320x240", "-x265-params log-level=0:info=0:keyint=10:bframes=3");
  const SourceTrack in = read_track(dir_.file("source.mp4"), "v", 90000);
  H265Stream stream;
  ASSERT_TRUE(stream.set_format(H265Stream::Format::kLengthPrefixed,
                                box_payload(dir_.file("source.mp4"), "hvcC")));
  std::size_t first = 1;
  while (first < in.packets.size() && !in.packets[first].key) ++first;
  ASSERT_LT(first, in.packets.size());
  const std::int64_t cra_pts = in.packets[first].pts;
  OneTrack track(*stream.config(), 90000, 100);
  std::size_t leading = 0;
  for (std::size_t i = first; i < in.samples.size(); ++i) {
    auto out = stream.convert(in.samples[i]);
    ASSERT_TRUE(out);
    if (in.packets[i].pts < cra_pts) ++leading;
    track.add(out.value().bytes, in.packets[i].duration,
              static_cast<std::int32_t>(in.packets[i].pts - in.packets[i].dts), out.value().key);
  }
  EXPECT_GT(leading, 0u);
  const std::string file = write_checked(track);
  const Outcome decoded = run("ffmpeg -v error -xerror -i '" + file + "' -f null -");
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.output, "");
  EXPECT_EQ(frame_sizes(file).size(), in.samples.size() - first - leading);
  EXPECT_EQ(gstreamer_pictures(file).size(), in.samples.size() - first - leading);
}

TEST_F(CodecJudges, H265ChangesItsSizeInBand) {
  const std::string zerolatency = "-tune zerolatency -x265-params log-level=0:info=0";
  make_h265("small.mp4", "320x240", zerolatency);
  make_h265("large.mp4", "640x360", zerolatency);
  H265Stream stream;
  ASSERT_TRUE(stream.set_format(H265Stream::Format::kLengthPrefixed,
                                box_payload(dir_.file("small.mp4"), "hvcC")));
  OneTrack track(*stream.config(), 90000, 10);
  add_h265(track, stream, dir_.file("small.mp4"));
  ASSERT_TRUE(stream.set_format(H265Stream::Format::kLengthPrefixed,
                                box_payload(dir_.file("large.mp4"), "hvcC")));
  add_h265(track, stream, dir_.file("large.mp4"));
  const std::string file = write_checked(track);
  const auto sizes = frame_sizes(file);
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), "320,240"), 25);
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), "640,360"), 25);
  const Outcome decoded = run("ffmpeg -v error -xerror -i '" + file + "' -f null -");
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.output, "");
  const auto pictures = gstreamer_pictures(file);
  const auto of_size = [&pictures](int width, int height) {
    return std::count(pictures.begin(), pictures.end(), std::to_string(width * height * 3 / 2));
  };
  EXPECT_EQ(of_size(320, 240), 25);
  EXPECT_EQ(of_size(640, 360), 25);
}

// 16-bit samples, all channels.
std::vector<std::int16_t> decoded_samples(const std::string& file, const std::string& out) {
  const Outcome decoded =
      run("ffmpeg -v error -xerror -y -i '" + file + "' -f s16le '" + out + "'");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  EXPECT_EQ(decoded.output, "");
  const Bytes bytes = read_file(out);
  std::vector<std::int16_t> samples(bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
  return samples;
}
int loudest(std::span<const std::int16_t> samples) {
  int peak = 0;
  for (const std::int16_t sample : samples) peak = std::max(peak, std::abs(int{sample}));
  return peak;
}

struct AacCase {
  const char* layout;
  std::size_t channels;
  const char* rate;
};
void PrintTo(const AacCase& c, std::ostream* out) { *out << c.layout << ' ' << c.rate; }
class AacJudges : public CodecJudges, public testing::WithParamInterface<AacCase> {};

// Ten loud frames, twenty of silence, ten loud: what is decoded is the source, then zeros from the
// end of the overlap on, then the source again.
TEST_P(AacJudges, SilenceBetweenLoudFramesIsSilent) {
  const AacCase& c = GetParam();
  make("source.mp4", "sine=frequency=440:duration=4:sample_rate=" + std::string(c.rate),
       "-af volume=4,aformat=channel_layouts=" + std::string(c.layout) + " -c:a aac -b:a 96k");
  const SourceTrack in = read_track(dir_.file("source.mp4"), "a", 48000);
  const Bytes esds = box_payload(dir_.file("source.mp4"), "esds");
  constexpr std::array<std::uint8_t, 4> kSpecificInfo = {0x05, 0x80, 0x80, 0x80};
  const auto info =
      std::search(esds.begin(), esds.end(), kSpecificInfo.begin(), kSpecificInfo.end());
  ASSERT_NE(info, esds.end());
  AacStream stream;
  ASSERT_TRUE(stream.set_format(AacStream::Format::kRaw, std::span(&info[5], info[4])));
  const AacConfig& config = *stream.config();
  EXPECT_EQ(config.channels, c.channels);
  EXPECT_EQ(std::to_string(config.sample_rate), c.rate);
  const Bytes silence = codec::aac_silence(config);
  ASSERT_FALSE(silence.empty());

  OneTrack track(config, config.sample_rate, 16);
  for (std::size_t i = 0; i < 40; ++i)
    track.add(i >= 10 && i < 30 ? silence : in.samples.at(i + 5), 1024);
  const std::string file = write_checked(track);
  EXPECT_EQ(probe(file, "stream=codec_name,profile,sample_rate,channels,codec_tag_string"),
            "aac,LC,mp4a," + std::string(c.rate) + "," + std::to_string(c.channels) + "\n");

  const auto samples = decoded_samples(file, dir_.file("decoded"));
  const std::size_t frame = 1024 * c.channels;
  ASSERT_EQ(samples.size(), 40 * frame);
  const auto frames = [&](std::size_t from, std::size_t to) {
    return loudest(std::span(samples).subspan(from * frame, (to - from) * frame));
  };
  const int loud = frames(2, 10);
  EXPECT_GT(loud, 5000);
  // Fades out under the sine window, with the aliasing that the next frame would have cancelled:
  // w^2 + w sqrt(1 - w^2) is (1 + sqrt 2) / 2 = 1.21 at most. The same where sound sets in again.
  EXPECT_LE(frames(10, 11), loud * 5 / 4);
  EXPECT_EQ(frames(11, 30), 0);
  EXPECT_LE(frames(30, 31), loud * 5 / 4);
  EXPECT_GT(frames(31, 40), 5000);

  const Outcome faad = run("gst-launch-1.0 -q filesrc location='" + file +
                           "' ! qtdemux ! aacparse ! faad ! audioconvert !"
                           " audio/x-raw,format=S16LE ! filesink location='" +
                           dir_.file("faad") + "'");
  EXPECT_EQ(faad.status, 0) << faad.output;
  const Bytes pcm = read_file(dir_.file("faad"));  // two bytes a sample, two channels for one
  const Bytes zeros(std::size_t{18} * 1024 * 2 * c.channels);
  EXPECT_NE(std::search(pcm.begin(), pcm.end(), zeros.begin(), zeros.end()), pcm.end());
}
INSTANTIATE_TEST_SUITE_P(Layouts, AacJudges,
                         testing::Values(AacCase{"mono", 1, "16000"}, AacCase{"mono", 1, "48000"},
                                         AacCase{"stereo", 2, "44100"},
                                         AacCase{"stereo", 2, "48000"},
                                         AacCase{"5.1", 6, "48000"}));

// No encoder here makes HE-AAC: at least silence of the core must be what the decoder makes it,
// twice as many samples, all zero.
TEST_F(CodecJudges, SilenceOfHeAacIsSilentToo) {
  for (const Bytes& asc : {Bytes{0x2b, 0x11, 0x88, 0x00}, Bytes{0xeb, 0x09, 0x88, 0x00}}) {
    const auto config = codec::parse_audio_specific_config(asc);
    ASSERT_TRUE(config);
    OneTrack track(config.value(), config.value().sample_rate, 16);
    for (int i = 0; i < 40; ++i) track.add(codec::aac_silence(config.value()), 1024);
    const std::string file = write_checked(track);
    const auto samples = decoded_samples(file, dir_.file("decoded"));
    EXPECT_EQ(samples.size(), 40u * 2048 * 2);
    EXPECT_EQ(loudest(samples), 0);
  }
}

TEST_F(CodecJudges, EveryLayoutsSilenceDecodes) {
  for (unsigned layout = 1; layout <= 7; ++layout) {
    const auto asc = Bytes{0x11, static_cast<std::uint8_t>(0x80 | layout << 3)};
    const auto config = codec::parse_audio_specific_config(asc);
    ASSERT_TRUE(config);
    OneTrack track(config.value(), 48000, 16);
    for (int i = 0; i < 10; ++i) track.add(codec::aac_silence(config.value()), 1024);
    const auto samples = decoded_samples(write_checked(track), dir_.file("decoded"));
    EXPECT_EQ(samples.size(), 10u * 1024 * config.value().channels) << layout;
    EXPECT_EQ(loudest(samples), 0) << layout;
  }
}

struct G711Case {
  const char* codec;
  const char* fourcc;
  G711Config config;
};
void PrintTo(const G711Case& c, std::ostream* out) {
  *out << c.fourcc << ' ' << int{c.config.channels} << " x " << c.config.sample_rate;
}
class G711Judges : public CodecJudges, public testing::WithParamInterface<G711Case> {};

// Packets of 20 ms as RTP brings them, and a hole of 45 ms in the middle.
TEST_P(G711Judges, DecodesLikeTheSource) {
  const G711Case& c = GetParam();
  const std::string rate = std::to_string(c.config.sample_rate);
  const std::string channels = std::to_string(c.config.channels);
  const std::string law = c.config.alaw ? "alaw" : "mulaw";
  make("source.raw", "sine=frequency=440:duration=1:sample_rate=" + rate,
       "-ac " + channels + " -f " + law);
  const Bytes raw = read_file(dir_.file("source.raw"));
  ASSERT_EQ(raw.size(), c.config.sample_rate * c.config.channels);
  const std::size_t packet = raw.size() / 50;
  const Bytes hole(packet * 9 / 4 / c.config.channels * c.config.channels,
                   codec::g711_silence(c.config));
  OneTrack track(c.config, c.config.sample_rate, 25);
  Bytes all;
  const auto add = [&](const Bytes& bytes) {
    track.add(bytes, codec::g711_samples(c.config, bytes.size()));
    all.insert(all.end(), bytes.begin(), bytes.end());
  };
  for (std::size_t i = 0; i < 50; ++i) {
    add(Bytes(raw.begin() + static_cast<std::ptrdiff_t>(i * packet),
              raw.begin() + static_cast<std::ptrdiff_t>((i + 1) * packet)));
    if (i == 20) add(hole);
  }
  const std::string file = write_checked(track);
  write_file(dir_.file("expected.raw"), all);
  EXPECT_EQ(probe(file, "stream=codec_name,codec_tag_string,sample_rate,channels"),
            std::string(c.codec) + "," + c.fourcc + "," + rate + "," + channels + "\n");
  EXPECT_EQ(probe(file, "stream=duration_ts"),
            std::to_string(all.size() / c.config.channels) + "\n");
  EXPECT_EQ(decoded_md5(file), run("ffmpeg -v error -f " + law + " -ar " + rate + " -ac " +
                                   channels + " -i '" + dir_.file("expected.raw") + "' -f md5 -")
                                   .output);

  const auto found = demux(file, "audio_0");
  ASSERT_EQ(found.size(), 51u);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t bytes = i == 21 ? hole.size() : packet;
    EXPECT_EQ(found[i].size, bytes) << i;
    EXPECT_NEAR(static_cast<double>(found[i].pts_ns),
                static_cast<double>(at) * 1e9 / c.config.sample_rate, 2)
        << i;
    at += static_cast<std::int64_t>(bytes / c.config.channels);
  }
  const Outcome decoded = run("gst-launch-1.0 -q filesrc location='" + file + "' ! qtdemux ! " +
                              law + "dec ! filesink location='" + dir_.file("decoded.raw") + "'");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  EXPECT_EQ(read_file(dir_.file("decoded.raw")).size(), all.size() * 2);
}
INSTANTIATE_TEST_SUITE_P(Laws, G711Judges,
                         testing::Values(G711Case{"pcm_mulaw", "ulaw", {}},
                                         G711Case{"pcm_alaw", "alaw", {true}},
                                         G711Case{"pcm_mulaw", "ulaw", {false, 2, 8000}},
                                         G711Case{"pcm_alaw", "alaw", {true, 1, 16000}}));

}  // namespace
}  // namespace rec::isobmff
