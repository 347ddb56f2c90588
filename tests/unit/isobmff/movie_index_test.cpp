// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The index of a finished file against tables written by hand from ISO/IEC 14496-12, 8.6 to 8.8.
#include "lib/isobmff/movie_index.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

// The payload of the nth box of that type, wherever it stands; empty: there is none.
std::string payload(const Bytes& bytes, std::string_view type, int nth = 0) {
  for (std::size_t at = 4; at + 4 <= bytes.size(); ++at) {
    if (!std::equal(type.begin(), type.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at)))
      continue;
    if (nth-- > 0) continue;
    const std::size_t size = std::size_t{bytes[at - 2]} << 8 | bytes[at - 1];
    return hex(std::span(bytes).subspan(at + 4, size - 8));
  }
  return "";
}

TrackRun run_of(std::uint32_t id, std::vector<RunSample> samples, std::int64_t end) {
  return {id, std::move(samples), end, {}};
}

Track video_track() { return {1, {90000, H264Config{{1, 0x42, 0xe0, 0x1f}, 640, 360, "", false}}}; }
Track audio_track() {
  OpusConfig opus;
  opus.pre_skip = 312;
  return {2, {48000, opus}};
}

// Two fragments; audio begins 48000 samples (and the pre-skip) after the file.
MovieIndex small_index() {
  const Track tracks[] = {video_track(), audio_track()};
  MovieIndex index(tracks, 0);
  const TrackRun first[] = {
      run_of(1, {{0, 0, 10, true}, {3000, 0, 20, false}, {6000, 0, 30, false}}, 9000),
      run_of(2, {{48312, 0, 3, true}, {49272, 0, 3, true}}, 50232)};
  const TrackRun second[] = {run_of(1, {{9000, 0, 5, true}}, 12600),
                             run_of(2, {{50232, 0, 3, true}}, 51192)};
  index.add(first, 1000, 1200);
  index.add(second, 2000, 2100);
  return index;
}

TEST(MovieIndex, HasTheTablesOfVideo) {
  const Bytes moov = small_index().moov();
  EXPECT_EQ(payload(moov, "stts"), words("00000000 00000002 00000003 00000bb8 00000001 00000e10"));
  EXPECT_EQ(payload(moov, "stss"), words("00000000 00000002 00000001 00000004"));
  EXPECT_EQ(payload(moov, "stsc"),
            words("00000000 00000002 00000001 00000003 00000001 00000002 00000001 00000001"));
  EXPECT_EQ(payload(moov, "stsz"),
            words("00000000 00000000 00000004 0000000a 00000014 0000001e 00000005"));
  EXPECT_EQ(payload(moov, "stco"), words("00000000 00000002 000004b0 00000834"));
  EXPECT_EQ(payload(moov, "ctts"), "");
  EXPECT_EQ(payload(moov, "mvex"), "");
}

TEST(MovieIndex, HasTheTablesOfAudio) {
  const Bytes moov = small_index().moov();
  EXPECT_EQ(payload(moov, "stts", 1), words("00000000 00000001 00000003 000003c0"));
  EXPECT_EQ(payload(moov, "stss", 1), "");  // every sample is a sync sample
  EXPECT_EQ(payload(moov, "stsc", 1),
            words("00000000 00000002 00000001 00000002 00000001 00000002 00000001 00000001"));
  EXPECT_EQ(payload(moov, "stsz", 1), words("00000000 00000003 00000003"));  // all of 3 bytes
  EXPECT_EQ(payload(moov, "stco", 1), words("00000000 00000002 000004ec 00000839"));
}

// qtdemux reads one size of all samples of PCM as QuickTime means it: a sample is one of sound, and
// of a chunk it takes as many bytes as there are samples.
TEST(MovieIndex, ListsTheSizesOfG711) {
  const Track tracks[] = {{1, {8000, G711Config{.channels = 1}}}};
  MovieIndex index(tracks, 0);
  const TrackRun run[] = {run_of(1, {{0, 0, 160, true}, {160, 0, 160, true}}, 320)};
  index.add(run, 1000, 1200);
  EXPECT_EQ(payload(index.moov(), "stsz"), words("00000000 00000000 00000002 000000a0 000000a0"));
}

TEST(MovieIndex, StartsALateTrackWithAnEmptyEdit) {
  const Bytes moov = small_index().moov();
  EXPECT_EQ(payload(moov, "elst"), words("01000000 00000002"
                                         "00000000 000161d9 ffffffff ffffffff 00010000"
                                         "00000000 000012cf 00000000 00000138 00010000"));
  EXPECT_EQ(payload(moov, "elst", 1), "");  // video starts at 0
}

TEST(MovieIndex, SaysHowLongEverythingIs) {
  const Bytes moov = small_index().moov();
  // timescale 90000, 95400 ticks: the late audio ends last
  EXPECT_EQ(payload(moov, "mvhd").substr(45, 26), words("00015f90 00000000 000174a8"));
  EXPECT_EQ(payload(moov, "tkhd").substr(63, 17), words("00000000 00003138"));
  EXPECT_EQ(payload(moov, "tkhd", 1).substr(63, 17), words("00000000 000174a8"));
  EXPECT_EQ(payload(moov, "mdhd").substr(45, 26), words("00015f90 00000000 00003138"));
  EXPECT_EQ(payload(moov, "mdhd", 1).substr(45, 26), words("0000bb80 00000000 00000b40"));
}

TEST(MovieIndex, WritesCompositionOffsetsSignedOnlyIfTheyMustBe) {
  const Track tracks[] = {video_track()};
  for (const bool negative : {false, true}) {
    MovieIndex index(tracks, 0);
    const TrackRun runs[] = {
        run_of(1, {{0, 3000, 1, true}, {3000, negative ? -3000 : 0, 1, false}}, 6000)};
    index.add(runs, 100, 200);
    EXPECT_EQ(payload(index.moov(), "ctts"),
              words(negative ? "01000000 00000002 00000001 00000bb8 00000001 fffff448"
                             : "00000000 00000002 00000001 00000bb8 00000001 00000000"));
  }
}

// The first picture is shown 6000 ticks after it is decoded, 3000 ticks into the file.
TEST(MovieIndex, BeginsTheEditWithWhatIsShownFirst) {
  const Track tracks[] = {video_track()};
  MovieIndex index(tracks, 0);
  const TrackRun runs[] = {run_of(1, {{3000, 6000, 1, true}, {6000, 9000, 1, false}}, 9000)};
  index.add(runs, 100, 200);
  EXPECT_EQ(payload(index.moov(), "elst"), words("01000000 00000002"
                                                 "00000000 00002328 ffffffff ffffffff 00010000"
                                                 "00000000 00002328 00000000 00001770 00010000"));
}

TEST(MovieIndex, ProlongsTheSampleBeforeAHole) {
  const Track tracks[] = {video_track()};
  MovieIndex index(tracks, 0);
  const TrackRun first[] = {run_of(1, {{0, 0, 1, true}}, 3000)};
  const TrackRun second[] = {run_of(1, {{9000, 0, 1, true}}, 12000)};
  index.add(first, 100, 200);
  index.add(second, 300, 400);
  EXPECT_EQ(payload(index.moov(), "stts"),
            words("00000000 00000002 00000001 00002328 00000001 00000bb8"));
}

TEST(MovieIndex, Counts64BitOffsetsBeyond4GiB) {
  const Track tracks[] = {video_track()};
  MovieIndex index(tracks, 0);
  const TrackRun first[] = {run_of(1, {{0, 0, 1, true}}, 3000)};
  const TrackRun second[] = {run_of(1, {{3000, 0, 1, true}}, 6000)};
  index.add(first, 100, 200);
  index.add(second, 0x100000000, 0x100000010);
  const Bytes moov = index.moov();
  EXPECT_EQ(payload(moov, "co64"), words("00000000 00000002 00000000 000000c8 00000001 00000010"));
  EXPECT_EQ(payload(moov, "stco"), "");
}

TEST(MovieIndex, CannotHoldAHoleOf32Bits) {
  const Track tracks[] = {video_track()};
  MovieIndex index(tracks, 0);
  EXPECT_FALSE(index.writable());  // nothing to index
  const TrackRun first[] = {run_of(1, {{0, 0, 1, true}}, 3000)};
  index.add(first, 100, 200);
  EXPECT_TRUE(index.writable());
  const TrackRun second[] = {run_of(1, {{0x100000000, 0, 1, true}}, 0x100000001)};
  index.add(second, 300, 400);
  EXPECT_FALSE(index.writable());
}

TEST(MovieIndex, ListsTheKeyFramesOfTheFragments) {
  EXPECT_EQ(hex(small_index().mfra()),
            words("000000b0 6d667261"
                  "0000004c 74667261 01000000 00000001 0000002b 00000002"
                  "00000000 00000000 00000000 000003e8 000001 000001 00000001"
                  "00000000 00002328 00000000 000007d0 000001 000001 00000001"
                  // of audio, the first of each run
                  "0000004c 74667261 01000000 00000002 0000002b 00000002"
                  "00000000 0000bcb8 00000000 000003e8 000002 000001 00000001"
                  "00000000 0000c438 00000000 000007d0 000002 000001 00000001"
                  "00000010 6d66726f 00000000 000000b0"));
}

TEST(MovieIndex, HidesAllInFrontOfItInAnMdat) {
  const Track tracks[] = {video_track()};
  EXPECT_EQ(free_offset(tracks), 24u);
  EXPECT_EQ(hex(mdat_header(24, 0x123456789)), words("00000001 6d646174 00000001 23456771"));
}

// 30 pictures/s of jittering length and size, 50 packets/s.
TEST(MovieIndex, NeedsLessThanAMegabyteAnHour) {
  const Track tracks[] = {video_track(), audio_track()};
  MovieIndex index(tracks, 0);
  std::mt19937 random(1);
  const auto of = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  std::int64_t picture = 0;
  std::uint64_t offset = 1000;
  for (std::int64_t second = 0; second < 3600; ++second) {
    TrackRun video{1, {}, 0, {}};
    TrackRun audio{2, {}, (second + 1) * 48000, {}};
    for (int n = 0; n < 30; ++n) {
      const std::uint32_t size = second % 10 == 0 && n == 0 ? 90000 : 12000 + of(8000);
      video.samples.push_back({picture, 0, size, size == 90000});
      picture += 2910 + 90 * of(3);
    }
    video.end_dts = picture;
    for (int n = 0; n < 50; ++n)
      audio.samples.push_back({second * 48000 + n * 960, 0, 130 + of(60), true});
    const TrackRun runs[] = {video, audio};
    index.add(runs, offset, offset + 600);
    offset += 500000;
  }
  std::printf("index of an hour: %zu bytes\n", index.bytes());
  EXPECT_LT(index.bytes(), 1'000'000u);
}

}  // namespace
}  // namespace rec::isobmff
