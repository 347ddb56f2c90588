// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the recorder's reference times go in an MP4, and what fills its holes.
#include "gst/record/mp4_container.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/isobmff/hex.h"

namespace rec::record {
namespace {

using isobmff::hex;
using isobmff::words;
using Reference = recording::Container::Reference;

constexpr recording::Nanos k1970 = 0;

// Opus with 312 samples to skip, which an edit does: its media time is ahead of its PTS.
std::vector<recording::Container::Track> tracks() {
  H264Config h264;
  h264.avcc = {1, 0x42, 0xe0, 0x1f, 0xff, 0xe0, 0};
  OpusConfig opus;
  opus.pre_skip = 312;
  return {{1, {90000, h264}}, {2, {48000, opus}}};
}
const auto kTracks = tracks();

Mp4Container container() {
  Mp4Container mp4(/*indexed=*/true);
  EXPECT_FALSE(mp4.header(kTracks, 0).empty());
  return mp4;
}

const Bytes kVideo = {0x11, 0x12};
const Bytes kAudio = {0xfc};
const TrackRun kRuns[] = {{1, {{90000, 3000, 2, true}}, 93000, {kVideo}},
                          {2, {{48000, 0, 1, true}}, 48960, {kAudio}}};

Bytes fragment_of(Mp4Container& mp4, const std::optional<Reference>& reference) {
  std::vector<TrackRun> runs(std::begin(kRuns), std::end(kRuns));
  return mp4.fragment(1, runs, reference);
}
Bytes fragment_of(const std::optional<Reference>& reference) {
  Mp4Container mp4 = container();
  return fragment_of(mp4, reference);
}

std::string first_word(const Bytes& fragment, std::size_t at) {
  return hex(std::span(fragment).subspan(at, 4));
}

TEST(Mp4Container, PutsTheReferenceInFrontOfTheMoof) {
  const Bytes bytes = fragment_of(Reference{1, 93000, k1970, true});
  EXPECT_EQ(hex(std::span(bytes).first(32)),
            words("00000020 70726674 01 000018 00000001 83aa7e80 00000000 00000000 00016b48"));
  EXPECT_EQ(first_word(bytes, 32 + 4), "6d6f6f66");
}

TEST(Mp4Container, ShiftsTheReferenceWithItsTrack) {
  const Bytes bytes = fragment_of(Reference{2, 48000, k1970, false});
  EXPECT_EQ(hex(std::span(bytes).first(32)),
            words("00000020 70726674 01 000008 00000002 83aa7e80 00000000 "
                  "00000000 0000bcb8"));  // 48000 + 312
  const std::string all = hex(bytes);
  EXPECT_NE(all.find("74666474 01000000 00000000 0000bcb8"), std::string::npos) << all;  // its tfdt
}

TEST(Mp4Container, WritesTheMoofFirstWithoutAReference) {
  EXPECT_EQ(first_word(fragment_of(std::nullopt), 4), "6d6f6f66");
}

TEST(Mp4Container, HasNoReferenceBeforeTheFile) {
  const auto fragment_at = [](std::uint32_t track, std::int64_t pts) {
    return fragment_of(Reference{track, pts, k1970, true});
  };
  EXPECT_EQ(first_word(fragment_at(1, -1), 4), "6d6f6f66");
  EXPECT_EQ(first_word(fragment_at(2, -313), 4), "6d6f6f66");
  EXPECT_EQ(first_word(fragment_at(2, -312), 4), "70726674");
}

// The packets that fill a hole, by their durations.
std::vector<std::int64_t> silences(const TrackConfig& config, std::int64_t hole) {
  Mp4Container mp4(/*indexed=*/true);
  std::vector<std::int64_t> durations;
  while (const auto packet = mp4.silence(config, hole)) {
    durations.push_back(packet->duration);
    hole -= packet->duration;
  }
  return durations;
}

TEST(Mp4Container, FillsG711InPacketsOfAtMost20Ms) {
  using Durations = std::vector<std::int64_t>;
  const TrackConfig config{8000, G711Config{.alaw = true, .channels = 2}};
  Mp4Container mp4(/*indexed=*/true);
  EXPECT_EQ(mp4.silence_grid(config), 20);
  EXPECT_EQ(silences(config, 400), (Durations{160, 160, 80}));
  EXPECT_EQ(silences(config, 19), Durations{});
  EXPECT_EQ(silences(config, -1), Durations{});
  EXPECT_EQ(mp4.silence(config, 20)->bytes, Bytes(40, 0xd5));
  EXPECT_EQ(mp4.silence({8000, G711Config{}}, 160)->bytes, Bytes(160, 0xff));
}

TEST(Mp4Container, FillsAacInWholeFrames) {
  using Durations = std::vector<std::int64_t>;
  const TrackConfig stereo{48000, AacConfig{.asc = {0x11, 0x90}}};
  Mp4Container mp4(/*indexed=*/true);
  EXPECT_EQ(mp4.silence_grid(stereo), 1024);
  EXPECT_EQ(silences(stereo, 3000), (Durations{1024, 1024}));
  EXPECT_EQ(silences(stereo, 1023), Durations{});
}

// A program_config_element describes the layout: channelConfiguration 0.
TEST(Mp4Container, LeavesHolesWhereThereIsNoSilence) {
  const TrackConfig odd{48000, AacConfig{.asc = {0x11, 0x80}}};
  Mp4Container mp4(/*indexed=*/true);
  EXPECT_EQ(mp4.silence_grid(odd), 0);
  EXPECT_FALSE(mp4.silence(odd, 48000));
  EXPECT_EQ(mp4.silence_grid({90000, Vp8Config{}}), 0);
  EXPECT_FALSE(mp4.silence({90000, Vp8Config{}}, 90000));
}

// The only entry of each stco.
std::vector<std::size_t> chunk_offsets(const Bytes& moov) {
  const Bytes head{'s', 't', 'c', 'o', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  std::vector<std::size_t> found;
  auto at = moov.begin();
  while ((at = std::search(at, moov.end(), head.begin(), head.end())) != moov.end()) {
    at += static_cast<std::ptrdiff_t>(head.size());
    found.push_back(std::size_t{at[0]} << 8 | at[1]);
  }
  return found;
}

TEST(Mp4Container, FinishesWithAnIndexAndAnMdatOverTheRest) {
  Mp4Container mp4 = container();
  const std::size_t header = mp4.header(kTracks, 0).size();
  const std::size_t end = header + fragment_of(mp4, Reference{1, 93000, k1970, true}).size();
  const auto ending = mp4.finish(40);
  EXPECT_EQ(first_word(ending.append, 4), "6d6f6f76");  // moov
  EXPECT_EQ(ending.rewrite_offset, 24u);
  EXPECT_EQ(ending.rewrite, isobmff::mdat_header(24, end));
  // The two samples of video are in front of the one of audio, at the end.
  EXPECT_EQ(chunk_offsets(ending.append), (std::vector<std::size_t>{end - 3, end - 1}));
}

TEST(Mp4Container, ListsKeyFramesWhereTheStoreCannotRewrite) {
  for (const std::uint64_t rewrite_below : {0, 39}) {
    Mp4Container mp4 = container();
    const std::size_t header = mp4.header(kTracks, 0).size();
    fragment_of(mp4, Reference{1, 93000, k1970, true});
    const auto ending = mp4.finish(rewrite_below);
    EXPECT_EQ(first_word(ending.append, 4), "6d667261");  // mfra
    EXPECT_TRUE(ending.rewrite.empty());
    // mfra and tfra of 8 and 24 bytes, then the time, 93000, and where the moof is: behind its
    // prft.
    EXPECT_EQ(hex(std::span(ending.append).subspan(32, 16)),
              hex(Bytes{0, 0, 0, 0, 0, 1, 0x6b, 0x48, 0, 0, 0, 0, 0, 0,
                        static_cast<std::uint8_t>((header + 32) >> 8),
                        static_cast<std::uint8_t>(header + 32)}));
  }
}

TEST(Mp4Container, LeavesAFileAsItIs) {
  Mp4Container empty = container();
  EXPECT_TRUE(empty.finish(UINT64_MAX).append.empty());  // no sample
  Mp4Container fragmented(/*indexed=*/false);
  fragmented.header(kTracks, 0);
  fragment_of(fragmented, std::nullopt);
  const auto ending = fragmented.finish(UINT64_MAX);
  EXPECT_TRUE(ending.append.empty() && ending.rewrite.empty());
}

// SPS, PPS and an IDR slice of no picture; the record has both sets, the second SPS is another.
const Bytes kSets = {0, 0, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 2, 0x68, 0xce};
const Bytes kSlice = {0, 0, 0, 2, 0x65, 0x88};
const Bytes kOtherSps = {0, 0, 0, 4, 0x67, 0x42, 0xe0, 0x1e};

recording::Container::Track h264_track() {
  H264Config h264;
  h264.avcc = {1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 1, 0, 2, 0x68, 0xce};
  return {1, {90000, h264}};
}

TrackRun h264_run(std::int64_t at, const std::vector<Bytes>& samples) {
  TrackRun run{1, {}, at, {}};
  for (const Bytes& sample : samples) {
    run.samples.push_back({run.end_dts, 0, static_cast<std::uint32_t>(sample.size()), true});
    run.pieces.emplace_back(sample);
    run.end_dts += 3000;
  }
  return run;
}

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// Hex digits alone: what is looked for need not be aligned.
std::string digits(std::string text) {
  std::erase(text, ' ');
  return text;
}

struct Finished {
  std::string moov;
  std::uint64_t data;  // where the first sample is
};
Finished finished(const std::vector<Bytes>& samples) {
  Mp4Container mp4(/*indexed=*/true);
  const recording::Container::Track tracks[] = {h264_track()};
  std::uint64_t size = mp4.header(tracks, 0).size();
  TrackRun runs[] = {h264_run(0, samples)};
  size += mp4.fragment(1, runs, std::nullopt).size();
  return {digits(hex(mp4.finish(UINT64_MAX).append)), size - runs[0].bytes()};
}

TEST(Mp4Container, LeavesParameterSetsThatNeverChangeOutOfTheIndex) {
  const auto [moov, data] = finished({joined(kSets, kSlice), kSlice, joined(kSets, kSlice)});
  EXPECT_NE(moov.find("61766331"), std::string::npos);  // avc1
  EXPECT_EQ(moov.find("61766333"), std::string::npos);  // avc3
  // All samples have 6 bytes; the third one's chunk begins behind its sets.
  EXPECT_NE(moov.find(digits("7374737a 00000000 00000000 00000003 00000006 00000006 00000006")),
            std::string::npos)
      << moov;
  EXPECT_NE(moov.find(digits("73747363 00000000 00000002 00000001 00000002 00000001"
                             "00000002 00000001 00000001")),
            std::string::npos)
      << moov;
  const auto be32 = [](std::uint64_t v) {
    return digits(
        hex(Bytes{0, 0, static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)}));
  };
  EXPECT_NE(moov.find(digits("7374636f 00000000 00000002") + be32(data + 14) + be32(data + 40)),
            std::string::npos)
      << moov;
}

TEST(Mp4Container, KeepsSamplesWholeWhereParameterSetsChange) {
  const auto [moov, data] = finished({joined(kSets, kSlice), joined(kOtherSps, kSlice)});
  EXPECT_NE(moov.find("61766333"), std::string::npos);  // avc3
  EXPECT_NE(moov.find(digits("7374737a 00000000 00000000 00000002 00000014 0000000e")),
            std::string::npos)
      << moov;
}

TEST(Mp4Container, IsFullWhenItsIndexIs) {
  Mp4Container mp4(/*indexed=*/true, /*most_index_bytes=*/1000);
  const recording::Container::Track tracks[] = {h264_track()};
  mp4.header(tracks, 0);
  bool was_full = false;
  std::uint32_t sequence = 0;
  std::size_t moov = 0;
  for (std::int64_t at = 0; sequence < 2000; at += 3000) {
    const std::vector<Bytes> samples = {Bytes(6 + sequence % 7, 0)};
    TrackRun runs[] = {h264_run(at, samples)};
    mp4.fragment(++sequence, runs, std::nullopt);
    if (!mp4.full() && was_full) break;  // it has given up its index
    was_full = mp4.full();
    const std::size_t bytes = mp4.finish(UINT64_MAX).append.size();
    EXPECT_LE(bytes, mp4.most_ending_bytes());
    EXPECT_LE(mp4.most_ending_bytes(), 16 * 1024 + bytes * 5 / 4);
    moov = std::max(moov, bytes);
  }
  EXPECT_TRUE(was_full);
  EXPECT_LT(sequence, 2000u);
  EXPECT_GT(moov, 2000u);
  EXPECT_TRUE(mp4.finish(UINT64_MAX).append.empty());  // it stays fragmented
  EXPECT_EQ(mp4.most_ending_bytes(), 0u);
}

}  // namespace
}  // namespace rec::record
