// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files of ours, made of real samples, before independent judges: ffprobe, ffmpeg, GStreamer's
// qtdemux and gst-discoverer-1.0. What they must find is what ffprobe found in the file that
// ffmpeg's own muxer wrote from the same samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>

#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"
#include "lib/isobmff/movie_index.h"
#include "tests/support/box_reader.h"
#include "tests/unit/isobmff/judge_tools.h"

namespace rec::isobmff {
namespace {

constexpr std::uint32_t kVideoId = 1;
constexpr std::uint32_t kAudioId = 2;
constexpr double kEver = std::numeric_limits<double>::infinity();

struct Source {
  SourceTrack video;
  SourceTrack audio;
  H264Config h264;
};

// 4 s of H.264 with parameter sets in band, a key frame a second, and Opus in packets of 20 ms.
Source encode(const TempDir& dir, const std::string& x264) {
  const std::string file = dir.file("source.mp4");
  const Outcome made = run(
      "ffmpeg -v error -y -f lavfi -i testsrc2=size=320x240:rate=30 -f lavfi"
      " -i sine=frequency=440:sample_rate=48000 -t 4 -pix_fmt yuv420p -c:v libx264 -preset veryfast"
      " -g 30 " +
      x264 +
      " -x264-params repeat-headers=1 -video_track_timescale 90000"
      " -c:a libopus -b:a 64k -ac 2 '" +
      file + "'");
  EXPECT_EQ(made.output, "");
  Source source{read_track(file, "v", 90000), read_track(file, "a", 48000), {}};
  source.h264 = {box_payload(file, "avcC"), 320, 240, "avc3"};
  EXPECT_EQ(source.video.samples.size(), 120u);
  EXPECT_GE(source.audio.samples.size(), 200u);
  EXPECT_FALSE(source.h264.avcc.empty());
  return source;
}

std::int64_t ticks(double seconds, const SourceTrack& track) {
  return static_cast<std::int64_t>(std::llround(seconds * track.timescale));
}

// The wall clock of the first sample of the run.
ReferenceTime reference_of(const TrackRun& run, std::uint32_t timescale) {
  constexpr std::int64_t kNewYear2026 = 1767225600;
  const RunSample& first = run.samples.front();
  const std::int64_t media_time = first.dts + first.cts_offset;
  return {run.track_id, static_cast<std::uint64_t>(media_time),
          kNewYear2026 * 1000000000 + media_time * 1000000000 / timescale, true};
}

// The units of a file, as they are written: the init segment, then a fragment a second. Times move
// by `shift` seconds, audio by another `audio_shift`. `prft`: with the wall clock. `finished`: with
// the index, and in place of the free the mdat header over the rest.
std::vector<Bytes> units_of(const Source& source, const OpusConfig& opus, double shift,
                            double audio_shift = 0, bool prft = false, bool finished = false) {
  const std::int64_t video_ticks = ticks(shift, source.video);
  const std::int64_t audio_ticks = ticks(shift + audio_shift, source.audio) + opus.pre_skip;
  const Track tracks[] = {{kVideoId, {source.video.timescale, source.h264}},
                          {kAudioId, {source.audio.timescale, opus}}};
  std::vector<Bytes> units = {init_segment(tracks, 1767225600)};
  MovieIndex index(tracks, 1767225600);
  std::size_t end = units[0].size();
  for (int second = 0; second < 4; ++second) {
    const double from = second == 0 ? -kEver : second;
    const double to = second == 3 ? kEver : second + 1;
    const TrackRun runs[] = {cut_run(kVideoId, source.video, from, to, video_ticks),
                             cut_run(kAudioId, source.audio, from, to, audio_ticks)};
    EXPECT_TRUE(check_runs(runs));
    std::optional<ReferenceTime> reference;
    if (prft) reference = reference_of(runs[1], source.audio.timescale);
    units.push_back(fragment(static_cast<std::uint32_t>(second + 1), runs, reference));
    const std::size_t samples = runs[0].bytes() + runs[1].bytes();
    const std::size_t start = end + (prft ? kPrftBytes : 0);
    end += units.back().size();
    index.add(runs, start, end - samples);
  }
  if (finished) {
    const Bytes header = mdat_header(free_offset(tracks), end);
    std::copy(header.begin(), header.end(),
              units[0].begin() + static_cast<std::ptrdiff_t>(free_offset(tracks)));
    units.push_back(index.moov());
  }
  return units;
}

// Every packet: presentation and decode time, size, and the bytes themselves. ffprobe
// 5.1 knows no packet durations in a fragmented file (nor in ffmpeg's own); their sum it does.
// `pre_skip` ticks are the edit's: in the media, not in the presentation.
void expect_each_packet(const std::string& file, const std::string& stream,
                        const SourceTrack& source, double shift) {
  const std::vector<Packet> found = packets_of(file, stream);
  ASSERT_EQ(found.size(), source.packets.size()) << stream;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Packet& expected = source.packets[i];
    SCOPED_TRACE(stream + " packet " + std::to_string(i));
    EXPECT_EQ(found[i].pts, expected.pts + ticks(shift, source));
    EXPECT_EQ(found[i].dts, expected.dts + ticks(shift, source));
    EXPECT_EQ(found[i].size, expected.size);
    EXPECT_EQ(found[i].hash, expected.hash);
  }
}
void expect_packets(const std::string& file, const std::string& stream, const SourceTrack& source,
                    double shift, std::int64_t pre_skip = 0) {
  expect_each_packet(file, stream, source, shift);
  const Packet& last = source.packets.back();
  EXPECT_EQ(probe(file, "stream=duration_ts -select_streams " + stream),
            std::to_string(last.dts + last.duration + ticks(shift, source) + pre_skip) + "\n");
}

void expect_decodes_like(const std::string& file, const std::string& original) {
  const Outcome decoded = run("ffmpeg -v error -xerror -i '" + file + "' -f null -");
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.output, "");
  for (const std::string stream : {"v", "a"}) {
    const auto md5 = [&](std::string command) {
      command.insert(0, "ffmpeg -v error -i '").append("' -map 0:").append(stream);
      return run(command.append(" -vsync passthrough -f md5 -")).output;
    };
    EXPECT_EQ(md5(file), md5(original)) << stream;
  }
}

void expect_demuxes(const std::string& file, const std::string& pad, const SourceTrack& source,
                    double shift) {
  constexpr double kRounding = 2;  // ns
  const std::vector<Demuxed> found = demux(file, pad);
  ASSERT_EQ(found.size(), source.packets.size()) << pad;
  for (std::size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE(pad + " buffer " + std::to_string(i));
    const Packet& expected = source.packets[i];
    const double ns_a_tick = 1e9 / source.timescale;
    EXPECT_EQ(found[i].size, expected.size);
    EXPECT_EQ(found[i].key, expected.key);
    EXPECT_NEAR(static_cast<double>(found[i].pts_ns),
                static_cast<double>(expected.pts + ticks(shift, source)) * ns_a_tick, kRounding);
    EXPECT_NEAR(static_cast<double>(found[i].duration_ns),
                static_cast<double>(expected.duration) * ns_a_tick, kRounding);
  }
}

class Judges : public JudgesTest {};

constexpr const char* kWebRtcLike = "-profile:v baseline -tune zerolatency";
constexpr const char* kReordered = "-profile:v high -bf 3";

TEST_F(Judges, FindEveryPacketOfACall) {
  const Source source = encode(dir_, kWebRtcLike);
  const double shift = 0.02;  // the first Opus packet of ffmpeg's file is at -312 samples
  const std::string file = write(joined(units_of(source, OpusConfig{}, shift)));

  expect_packets(file, "v", source.video, shift);
  expect_packets(file, "a", source.audio, shift);
  expect_demuxes(file, "video_0", source.video, shift);  // a key frame begins each run
  expect_demuxes(file, "audio_0", source.audio, shift);
  EXPECT_EQ(probe(file, "stream=codec_name,width,height,codec_tag_string,time_base"),
            "h264,avc3,320,240,1/90000\nopus,Opus,1/48000\n");
  const Outcome decoded = run("ffmpeg -v error -xerror -i '" + file + "' -f null -");
  EXPECT_EQ(decoded.output, "");
  EXPECT_EQ(decoded.status, 0);
}

TEST_F(Judges, FindCompositionOffsetsAndPreSkip) {
  const Source source = encode(dir_, kReordered);
  OpusConfig opus;
  opus.pre_skip = 312;       // libopus at 48 kHz
  const double shift = 0.1;  // the first dts is before the first pts
  const std::string file = write(joined(units_of(source, opus, shift)));

  expect_packets(file, "v", source.video, shift);
  expect_packets(file, "a", source.audio, shift, opus.pre_skip);
  expect_decodes_like(file, dir_.file("source.mp4"));
}

TEST_F(Judges, SeeALateTrackAtItsTrueTime) {
  const Source source = encode(dir_, kWebRtcLike);
  const double shift = 0.02;
  const std::string file = write(joined(units_of(source, OpusConfig{}, shift, 3)));
  expect_packets(file, "v", source.video, shift);
  expect_packets(file, "a", source.audio, shift + 3);
}

TEST_F(Judges, SeeTimesBeyond32Bits) {
  const Source source = encode(dir_, kWebRtcLike);
  const double shift = 100000;  // 28 hours: 9e9 and 4.8e9 ticks
  const std::string file = write(joined(units_of(source, OpusConfig{}, shift)));
  expect_packets(file, "v", source.video, shift);
  expect_packets(file, "a", source.audio, shift);
}

TEST_F(Judges, GStreamerDemuxesAndDecodes) {
  const Source source = encode(dir_, kReordered);
  const double shift = 0.1;
  const std::string file = write(joined(units_of(source, OpusConfig{}, shift)));
  expect_demuxes(file, "video_0", source.video, shift);  // key frames within the runs
  expect_demuxes(file, "audio_0", source.audio, shift);

  const Outcome decoded = run("gst-launch-1.0 -q filesrc location='" + file +
                              "' ! qtdemux name=d d.video_0 ! queue ! h264parse ! avdec_h264 !"
                              " fakesink d.audio_0 ! queue ! opusparse ! opusdec ! fakesink");
  EXPECT_EQ(decoded.status, 0) << decoded.output;
  EXPECT_EQ(decoded.output, "");

  const Outcome discovered = run("gst-discoverer-1.0 -v '" + file + "'");
  EXPECT_EQ(discovered.status, 0) << discovered.output;
  EXPECT_NE(discovered.output.find("H.264"), std::string::npos) << discovered.output;
  EXPECT_NE(discovered.output.find("Opus"), std::string::npos) << discovered.output;
}

// A wall clock in front of each fragment changes nothing that a reader finds.
TEST_F(Judges, ReadOnBehindReferenceTimes) {
  const Source source = encode(dir_, kReordered);
  OpusConfig opus;
  opus.pre_skip = 312;
  const double shift = 0.1;
  const auto units = units_of(source, opus, shift, 0, true);
  ASSERT_EQ(std::string(units[1].begin() + 4, units[1].begin() + 8), "prft");
  const std::string file = write(joined(units));

  expect_packets(file, "v", source.video, shift);
  expect_packets(file, "a", source.audio, shift, opus.pre_skip);
  expect_decodes_like(file, dir_.file("source.mp4"));
  expect_demuxes(file, "video_0", source.video, shift);
  EXPECT_EQ(demux(file, "audio_0").size(), source.audio.packets.size());
  const Outcome discovered = run("gst-discoverer-1.0 -v '" + file + "'");
  EXPECT_EQ(discovered.status, 0) << discovered.output;
  EXPECT_NE(discovered.output.find("Seekable: yes"), std::string::npos) << discovered.output;
}

// Composition offsets, a pre-skip, a wall clock and a late track, behind an index.
TEST_F(Judges, FindEveryPacketOfAFinishedFile) {
  const Source source = encode(dir_, kReordered);
  OpusConfig opus;
  opus.pre_skip = 312;
  for (const double late : {0.0, 3.0}) {
    const double shift = 0.1;
    const std::string file = write(joined(units_of(source, opus, shift, late, true, true)));
    expect_each_packet(file, "v", source.video, shift);
    expect_each_packet(file, "a", source.audio, shift + late);
    expect_decodes_like(file, dir_.file("source.mp4"));
    // Buffers have media time, which begins at 0; the segment moves them.
    const double media = -static_cast<double>(source.video.packets.front().dts) / 90000;
    expect_demuxes(file, "video_0", source.video, media);
    // qtdemux leaves out a last packet that is trimmed, in ffmpeg's own file as well.
    EXPECT_EQ(demux(file, "audio_0").size(), demux(dir_.file("source.mp4"), "audio_0").size());
    const auto file_read = test::read_mp4_file(file, test::ffmpeg_options());  // a trimmed packet
    for (const auto& violation : file_read.violations) ADD_FAILURE() << violation;
    const double seconds = 4.1 + late;  // the last Opus packet ends 13.5 ms after its source
    EXPECT_NEAR(std::stod(probe(file, "format=duration")), seconds, 0.04);
    const Outcome discovered = run("gst-discoverer-1.0 -v '" + file + "'");
    const std::string duration = "Duration: 0:00:0" + std::to_string(seconds).substr(0, 3);
    EXPECT_NE(discovered.output.find(duration), std::string::npos) << discovered.output;
  }
}

// 5 GiB into the file: an mdat and offsets of 64 bits. What fills it up takes no disk.
TEST_F(Judges, FindEveryPacketBeyond4GiB) {
  constexpr std::uint64_t kHole = 5ULL << 30;
  const Source source = encode(dir_, kWebRtcLike);
  const std::string file = dir_.file("large.mp4");
  std::ofstream out(file, std::ios::binary);
  const auto put = [&](std::uint64_t at, const Bytes& bytes) {
    out.seekp(static_cast<std::streamoff>(at));
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  };
  const Track tracks[] = {{kVideoId, {90000, source.h264}}};
  const Bytes head = init_segment(tracks, 0);
  put(0, head);
  MovieIndex index(tracks, 0);
  std::uint64_t end = head.size();
  for (std::uint32_t second = 0; second < 4; ++second) {
    const double to = second == 3 ? kEver : second + 1;
    const TrackRun runs[] = {cut_run(kVideoId, source.video, second == 0 ? -kEver : second, to, 0)};
    const Bytes bytes = fragment(second + 1, runs, std::nullopt);
    put(end, bytes);
    index.add(runs, end, end + bytes.size() - runs[0].bytes());
    end += bytes.size();
    if (second == 1) end += kHole;
  }
  EXPECT_GT(end, kHole);
  put(end, index.moov());
  put(free_offset(tracks), mdat_header(free_offset(tracks), end));
  out.close();
  EXPECT_TRUE(out.good());
  expect_each_packet(file, "v", source.video, 0);
  expect_demuxes(file, "video_0", source.video, 0);
  EXPECT_EQ(std::stod(probe(file, "format=duration")), 4.0);
}

// A unit is written from its byte 8 on, its first 8 bytes last. Whatever a kill leaves of the last
// fragment, the ones before it are there.
void expect_closed_fragments(const TempDir& dir, const std::vector<Bytes>& units) {
  const auto write = [&](const std::string& name, const Bytes& bytes) {
    write_file(dir.file(name), bytes);
    return dir.file(name);
  };
  const Bytes closed = joined({units[0], units[1], units[2]});
  const Bytes& open = units[3];
  const auto expected = packets_of(write("closed.mp4", closed), "v").size();
  ASSERT_EQ(expected, 60u);
  for (const std::size_t written :
       {std::size_t{9}, std::size_t{16}, std::size_t{100}, open.size() / 2, open.size()}) {
    Bytes file = closed;
    file.insert(file.end(), 8, 0);  // the hole that the first write leaves
    file.insert(file.end(), open.begin() + 8, open.begin() + static_cast<std::ptrdiff_t>(written));
    const std::string name = write("torn.mp4", file);
    EXPECT_EQ(packets_of(name, "v").size(), expected) << written << " bytes of the last fragment";
    const Outcome decoded = run("ffmpeg -v error -xerror -i '" + name + "' -f null -");
    EXPECT_EQ(decoded.status, 0) << decoded.output;
    EXPECT_EQ(decoded.output, "") << written << " bytes of the last fragment";
  }
}

TEST_F(Judges, FindClosedFragmentsWhateverIsLeftOfTheLast) {
  const Source source = encode(dir_, kWebRtcLike);
  expect_closed_fragments(dir_, units_of(source, OpusConfig{}, 0.02));
}

TEST_F(Judges, FindThemWhenTheUnitBeginsWithAReferenceTime) {
  const Source source = encode(dir_, kWebRtcLike);
  expect_closed_fragments(dir_, units_of(source, OpusConfig{}, 0.02, 0, true));
}

}  // namespace
}  // namespace rec::isobmff
