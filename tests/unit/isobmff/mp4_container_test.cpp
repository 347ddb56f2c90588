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

std::string first_word(const Bytes& fragment, std::size_t at) {
  return hex(std::span(fragment).subspan(at, 4));
}

TEST(Mp4Container, PutsTheReferenceInFrontOfTheMoof) {
  const Bytes bytes = container().fragment(1, kRuns, Reference{1, 93000, k1970, true});
  EXPECT_EQ(hex(std::span(bytes).first(32)),
            words("00000020 70726674 01 000018 00000001 83aa7e80 00000000 00000000 00016b48"));
  EXPECT_EQ(first_word(bytes, 32 + 4), "6d6f6f66");
}

TEST(Mp4Container, ShiftsTheReferenceWithItsTrack) {
  const Bytes bytes = container().fragment(1, kRuns, Reference{2, 48000, k1970, false});
  EXPECT_EQ(hex(std::span(bytes).first(32)),
            words("00000020 70726674 01 000008 00000002 83aa7e80 00000000 "
                  "00000000 0000bcb8"));  // 48000 + 312
  const std::string all = hex(bytes);
  EXPECT_NE(all.find("74666474 01000000 00000000 0000bcb8"), std::string::npos) << all;  // its tfdt
}

TEST(Mp4Container, WritesTheMoofFirstWithoutAReference) {
  EXPECT_EQ(first_word(container().fragment(1, kRuns, std::nullopt), 4), "6d6f6f66");
}

TEST(Mp4Container, HasNoReferenceBeforeTheFile) {
  const auto fragment_at = [](std::uint32_t track, std::int64_t pts) {
    return container().fragment(1, kRuns, Reference{track, pts, k1970, true});
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
  const std::size_t end = header + mp4.fragment(1, kRuns, Reference{1, 93000, k1970, true}).size();
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
    mp4.fragment(1, kRuns, Reference{1, 93000, k1970, true});
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
  fragmented.fragment(1, kRuns, std::nullopt);
  const auto ending = fragmented.finish(UINT64_MAX);
  EXPECT_TRUE(ending.append.empty() && ending.rewrite.empty());
}

}  // namespace
}  // namespace rec::record
