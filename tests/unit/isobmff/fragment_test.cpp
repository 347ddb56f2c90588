// SPDX-License-Identifier: LGPL-2.1-or-later
//
// moof and mdat, box by box, against bytes written by hand from ISO/IEC 14496-12:2015, 8.8.
#include "lib/isobmff/fragment.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>

#include "lib/isobmff/track_fragment.h"
#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

constexpr bool kKey = true;
constexpr bool kDelta = false;

template <class Write>
std::string written(Write write) {
  BoxWriter w;
  write(w);
  return hex(w.take());
}

std::string tfhd(const TrackRun& run) {
  return written([&](BoxWriter& w) { write_tfhd(w, run, RunShape(run)); });
}

std::string trun(const TrackRun& run) {
  return written([&](BoxWriter& w) {
    const std::size_t data_offset = write_trun(w, run, RunShape(run));
    w.patch_u32(data_offset, 0xaabbccdd);  // shows where the field is
  });
}

const Bytes kContent(1000, 0x5a);

// With pieces that fit the sizes.
TrackRun run_of(std::uint32_t track_id, std::vector<RunSample> samples, std::int64_t end_dts) {
  TrackRun run{track_id, std::move(samples), end_dts, {}};
  for (const auto& sample : run.samples)
    run.pieces.push_back(std::span(kContent).first(sample.size));
  return run;
}

TrackRun ordinary_video() {  // 30 frames/s: 3000 ticks, but for jitter
  return run_of(1, {{9000, 0, 5, kKey}, {12000, 0, 3, kDelta}, {15003, 0, 2, kDelta}}, 18000);
}

TrackRun ordinary_audio() {  // 20 ms packets
  return run_of(2, {{48000, 0, 4, kKey}, {48960, 0, 6, kKey}}, 49920);
}

TEST(Mfhd, Clause8_8_5) {
  EXPECT_EQ(written([](BoxWriter& w) { write_mfhd(w, 0x01020304); }),
            words("00000010 6d666864 00 000000 01020304"));
}

TEST(Tfhd, Clause8_8_7KeyFrameFirst) {
  EXPECT_EQ(tfhd(ordinary_video()),
            words("00000014 74666864 00 020020 "  // default-base-is-moof, default flags
                  "00000001 "                     // track_ID
                  "01010000"));                   // depends on others, not a sync sample
}

TEST(Tfhd, Clause8_8_7SaysOnceWhatAllSamplesShare) {
  EXPECT_EQ(tfhd(run_of(2, {{0, 0, 3, kKey}, {960, 0, 3, kKey}}, 1920)),
            words("0000001c 74666864 00 020038 "  // and default duration, size
                  "00000002 "                     // track_ID
                  "000003c0 00000003 "            // 960 ticks, 3 bytes
                  "02000000"));                   // depends on no other sample: sync
}

TEST(Tfhd, Clause8_8_7HasNoDefaultsWhenNothingIsShared) {
  EXPECT_EQ(tfhd(run_of(1, {{0, 0, 1, kDelta}, {1, 0, 2, kKey}, {3, 0, 3, kDelta}}, 6)),
            words("00000010 74666864 00 020000 00000001"));
}

TEST(Tfdt, Clause8_8_12Is64Bit) {
  EXPECT_EQ(written([](BoxWriter& w) { write_tfdt(w, 0x0000000123456789); }),
            words("00000014 74666474 01 000000 0000000123456789"));
}

TEST(Trun, Clause8_8_8KeyFrameFirst) {
  EXPECT_EQ(trun(ordinary_video()),
            words("00000030 7472756e 01 000305 "  // data offset, first flags, duration, size
                  "00000003 aabbccdd "            // sample_count, data_offset
                  "02000000 "                     // first_sample_flags: sync
                  "00000bb8 00000005 "            // 3000 ticks
                  "00000bbb 00000003 "            // 3003 ticks
                  "00000bb5 00000002"));          // 2997 ticks: to end_dts
}

TEST(Trun, Clause8_8_8AudioHasOnlySizes) {
  EXPECT_EQ(trun(ordinary_audio()), words("0000001c 7472756e 01 000201 "  // data offset, size
                                          "00000002 aabbccdd "
                                          "00000004 00000006"));
}

TEST(Trun, Clause8_8_8IsEmptyOfSamplesWhenTfhdSaysItAll) {
  EXPECT_EQ(trun(run_of(2, {{0, 0, 3, kKey}, {960, 0, 3, kKey}}, 1920)),
            words("00000014 7472756e 01 000001 00000002 aabbccdd"));
}

TEST(Trun, Clause8_8_8KeyFrameInTheMiddleNeedsFlagsForEachSample) {
  EXPECT_EQ(trun(run_of(1, {{0, 0, 1, kDelta}, {1, 0, 2, kKey}, {3, 0, 3, kDelta}}, 6)),
            words("00000038 7472756e 01 000701 "  // data offset, duration, size, flags
                  "00000003 aabbccdd "
                  "00000001 00000001 01010000 "
                  "00000002 00000002 02000000 "
                  "00000003 00000003 01010000"));
}

TEST(Trun, Clause8_8_8DeltaFirstThenKeysIsTheSameTrick) {
  const TrackRun run = run_of(1, {{0, 0, 1, kDelta}, {1, 0, 1, kKey}, {2, 0, 1, kKey}}, 3);
  EXPECT_EQ(trun(run), words("00000018 7472756e 01 000005 00000003 aabbccdd 01010000"));
  EXPECT_EQ(tfhd(run), words("0000001c 74666864 00 020038 00000001 00000001 00000001 02000000"));
}

TEST(Trun, Clause8_8_8EndlessGopIsAllNonSync) {
  const TrackRun run = run_of(1, {{0, 0, 1, kDelta}, {1, 0, 2, kDelta}}, 2);
  EXPECT_EQ(trun(run), words("0000001c 7472756e 01 000201 00000002 aabbccdd 00000001 00000002"));
  EXPECT_EQ(tfhd(run), words("00000018 74666864 00 020028 00000001 00000001 01010000"));
}

// I P B B in decode order at 3000 ticks a frame: the I frame is shown when P is decoded.
TEST(Trun, Clause8_8_8CompositionOffsetsAreSigned) {
  const TrackRun run = run_of(
      1,
      {{0, 3000, 9, kKey}, {3000, 9000, 9, kDelta}, {6000, 0, 9, kDelta}, {9000, -3000, 9, kDelta}},
      12000);
  EXPECT_EQ(trun(run), words("00000028 7472756e 01 000805 "  // data offset, first flags, offsets
                             "00000004 aabbccdd 02000000 "
                             "00000bb8 00002328 00000000 fffff448"));
}

TEST(Trun, OneSampleLastsToTheEndOfTheRun) {
  const TrackRun run = run_of(1, {{100, 0, 7, kKey}}, 4100);
  EXPECT_EQ(tfhd(run), words("0000001c 74666864 00 020038 00000001 00000fa0 00000007 02000000"));
  EXPECT_EQ(trun(run), words("00000014 7472756e 01 000001 00000001 aabbccdd"));
}

TEST(Fragment, IsOneMoofWithATrafForEachRunAndOneMdat) {
  // The first sample is in two pieces, the second of which goes on with the next sample.
  const Bytes pieces[] = {{0x11, 0x12}, {0x13, 0x21, 0x22}, {0xfc}};
  const TrackRun runs[] = {
      {1, {{90000, 0, 3, kKey}, {93000, 0, 2, kDelta}}, 96000, {pieces[0], pieces[1]}},
      {2, {{48000, 0, 1, kKey}}, 48960, {pieces[2]}}};
  EXPECT_EQ(hex(fragment(5, runs)),
            words("000000b8 6d6f6f66 "                     // 184 = 8 + 16 + 84 + 76
                  "00000010 6d666864 00 000000 00000005 "  // mfhd
                  "00000054 74726166 "                     // traf 84 = 8 + 24 + 20 + 32
                  "00000018 74666864 00 020028 00000001 00000bb8 01010000 "
                  "00000014 74666474 01 000000 0000000000015f90 "  // tfdt 90000
                  "00000020 7472756e 01 000205 00000002 "          //
                  "000000c0 02000000 "                             // data at 184 + 8
                  "00000003 00000002 "                             //
                  "0000004c 74726166 "                             // traf 76 = 8 + 28 + 20 + 20
                  "0000001c 74666864 00 020038 00000002 000003c0 00000001 02000000 "
                  "00000014 74666474 01 000000 000000000000bb80 "  // tfdt 48000
                  "00000014 7472756e 01 000001 00000001 "          //
                  "000000c5 "                                      // data at 192 + 5
                  "0000000e 6d646174 111213 2122 fc"));            // 8.1.1 mdat
}

TEST(Fragment, LeavesOutEmptyRuns) {
  const TrackRun all[] = {{9, {}, 0, {}}, ordinary_audio(), {8, {}, -1, {}}};
  const TrackRun full[] = {ordinary_audio()};
  EXPECT_EQ(hex(fragment(1, all)), hex(fragment(1, full)));
}

TEST(Fragment, OfNothingIsNothing) {
  EXPECT_TRUE(fragment(1, {}).empty());
  EXPECT_TRUE(fragment(1, std::vector<TrackRun>(2)).empty());
  EXPECT_TRUE(fragment_header(1, std::vector<TrackRun>(2)).empty());
}

TEST(Fragment, HeaderIsTheFragmentWithoutItsSamples) {
  const TrackRun runs[] = {ordinary_video(), ordinary_audio()};
  const Bytes whole = fragment(3, runs);
  Bytes head = fragment_header(3, runs);
  ASSERT_EQ(whole.size(), head.size() + runs[0].bytes() + runs[1].bytes());
  EXPECT_TRUE(std::equal(head.begin(), head.end(), whole.begin()));
}

// 4.2 and 8.1.1: largesize. Samples of 3 GiB that nobody has to hold in memory.
TEST(Fragment, MdatBeyond4GiBHasA64BitSizeAndTheOffsetCountsIt) {
  constexpr std::uint32_t k3GiB = 0xc0000000;
  const TrackRun runs[] = {{1, {{0, 0, 16, kKey}}, 3000, {}},
                           {2, {{0, 0, k3GiB, kKey}, {1, 0, k3GiB, kKey}}, 2, {}}};
  EXPECT_EQ(hex(fragment_header(1, runs)),
            words("000000b0 6d6f6f66 00000010 6d666864 00 000000 00000001 "  // 176 = 24 + 76 + 76
                  "0000004c 74726166 "
                  "0000001c 74666864 00 020038 00000001 00000bb8 00000010 02000000 "
                  "00000014 74666474 01 000000 0000000000000000 "
                  "00000014 7472756e 01 000001 00000001 000000c0 "  // 176 + 16
                  "0000004c 74726166 "
                  "0000001c 74666864 00 020038 00000002 00000001 c0000000 02000000 "
                  "00000014 74666474 01 000000 0000000000000000 "
                  "00000014 7472756e 01 000001 00000002 000000d0 "  // 192 + 16
                  "00000001 6d646174 0000000180000020"));           // 6 GiB + 16 + 16
}

TEST(Fragment, MdatKeepsA32BitSizeAsLongAsItFits) {
  const auto mdat_header = [](std::uint32_t size) {
    const TrackRun runs[] = {{1, {{0, 0, size, kKey}}, 1, {}}};
    const std::string text = hex(fragment_header(1, runs));
    return text.substr(text.find("6d646174") - 9);
  };
  EXPECT_EQ(mdat_header(0xfffffff7), "ffffffff 6d646174");
  EXPECT_EQ(mdat_header(0xfffffff8), "00000001 6d646174 00000001 00000008");
}

TEST(CheckRuns, AcceptsWhatAFragmentIsMadeOf) {
  const TrackRun runs[] = {ordinary_video(), ordinary_audio(), {3, {}, 0, {}}};
  EXPECT_TRUE(check_runs(runs));
}

// Each is refused as a whole, with an error that names the track: no byte of it is written.
TEST(CheckRuns, RefusesWhatWouldLie) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  const TrackRun bad[] = {
      run_of(1, {{-1, 0, 1, kKey}}, 3000),                        // tfdt is unsigned
      run_of(1, {{kMin, 0, 1, kKey}}, 3000),                      //
      run_of(1, {{5, 0, 1, kKey}, {4, 0, 1, kKey}}, 9),           // goes back
      run_of(1, {{5, 0, 1, kKey}, {kMin, 0, 1, kKey}}, 9),        //
      run_of(1, {{5, 0, 1, kKey}}, 4),                            // ends before it begins
      run_of(1, {{0, 0, 1, kKey}}, std::int64_t{1} << 32),        // does not fit a duration
      run_of(1, {{0, 0, 1, kKey}}, kMax),                         //
      run_of(0, {{0, 0, 1, kKey}}, 1),                            // no such track
      {1, {{0, 0, 4, kKey}}, 1, {std::span(kContent).first(3)}},  // bytes missing
      {1, {{0, 0, 4, kKey}}, 1, {std::span(kContent).first(5)}},  // bytes too many
      {1, {}, 1, {std::span(kContent).first(1)}},                 //
  };
  for (const TrackRun& run : bad) {
    const TrackRun runs[] = {ordinary_audio(), run};
    const Status status = check_runs(runs);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().what.substr(0, 8), "Track " + std::to_string(run.track_id) + ":");
    EXPECT_TRUE(fragment(1, runs).empty()) << status.error().what;
  }
}

TEST(CheckRuns, RefusesARunThatNoDataOffsetReaches) {
  std::vector<TrackRun> runs = {{1, {{0, 0, 0x7fffff80, kKey}}, 1, {}},
                                {2, {{0, 0, 1, kKey}}, 1, {}}};
  EXPECT_TRUE(fragment_header(1, runs).empty());  // 2 GiB - 128, and 184 bytes of headers
  runs[0].samples[0].size -= 0x1000;
  EXPECT_FALSE(fragment_header(1, runs).empty());
  runs[1].samples[0].size = 0xffffffff;  // the last run may be any size
  EXPECT_FALSE(fragment_header(1, runs).empty());
}

TEST(CheckRuns, LongestAndShortestDurationsPass) {
  EXPECT_TRUE(check_runs(std::vector{run_of(1, {{0, 0, 1, kKey}}, 0xffffffff)}));
  EXPECT_TRUE(check_runs(std::vector{run_of(1, {{7, 0, 1, kKey}, {7, 0, 1, kKey}}, 7)}));
}

// --- 24 hours ---------------------------------------------------------------------------------

std::uint64_t big_endian(std::span<const std::uint8_t> bytes, std::size_t offset, int count) {
  std::uint64_t value = 0;
  if (offset + static_cast<std::size_t>(count) > bytes.size()) return value;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[offset + static_cast<std::size_t>(i)];
  return value;
}

// What a player adds up: tfdt and the sum of the durations, from the bytes. The layout is that of
// the golden tests above; every sample of the run must have the same size and flags.
struct FragmentTimes {
  std::uint64_t tfdt;
  std::uint64_t duration;
};
FragmentTimes times_of(std::span<const std::uint8_t> fragment) {
  constexpr std::size_t kTfhd = 8 + 16 + 8;  // moof, mfhd, traf
  const bool same = big_endian(fragment, kTfhd + 8, 4) == 0x00020038;
  const std::size_t tfdt = kTfhd + big_endian(fragment, kTfhd, 4);
  const std::size_t trun = tfdt + 20;
  const std::uint64_t count = big_endian(fragment, trun + 12, 4);
  FragmentTimes times{big_endian(fragment, tfdt + 12, 8), 0};
  for (std::size_t i = 0; i < count; ++i)
    times.duration += big_endian(fragment, same ? kTfhd + 16 : trun + 20 + 4 * i, 4);
  return times;
}

void expect_no_drift_in_24_hours(std::uint32_t timescale, std::uint64_t rate_numerator,
                                 std::uint64_t rate_denominator) {
  constexpr std::uint64_t kDay = 86400;         // seconds
  constexpr std::uint64_t kStart = 0xfffff000;  // so that most of the day is beyond 32 bits
  const std::uint64_t samples = kDay * rate_numerator / rate_denominator;
  const auto dts = [&](std::uint64_t n) {  // exact, rounded once
    return static_cast<std::int64_t>(kStart + n * timescale * rate_denominator / rate_numerator);
  };
  const std::uint64_t a_fragment = rate_numerator / rate_denominator;  // about a second
  std::uint64_t expected = kStart;
  for (std::uint64_t first = 0; first < samples; first += a_fragment) {
    const std::uint64_t end = std::min(first + a_fragment, samples);
    TrackRun run{1, {}, dts(end), {}};
    for (std::uint64_t n = first; n < end; ++n) run.samples.push_back({dts(n), 0, 1, kKey});
    const FragmentTimes times = times_of(fragment_header(1, std::span(&run, 1)));
    ASSERT_EQ(times.tfdt, expected);
    expected += times.duration;
  }
  EXPECT_EQ(expected, kStart + samples * timescale * rate_denominator / rate_numerator);
}

TEST(TwentyFourHours, VideoAt90kHzDoesNotDrift) {  // 29.97 frames/s: 3003 ticks
  expect_no_drift_in_24_hours(90000, 30000, 1001);
}
TEST(TwentyFourHours, VideoWhoseFrameIsNoWholeNumberOfTicksDoesNotDrift) {  // 3214.28... ticks
  expect_no_drift_in_24_hours(90000, 28, 1);
}
TEST(TwentyFourHours, OpusAt48kHzDoesNotDrift) {  // 20 ms packets
  expect_no_drift_in_24_hours(48000, 50, 1);
}

// --- overhead ---------------------------------------------------------------------------------

// What a second of 30 frames/s and 50 Opus packets/s (64 kbit/s) costs beyond its samples.
// `jitter`: frames that are not all equally long, as RTP time has them. `prft`: with the wall
// clock.
double overhead_percent(std::uint32_t video_bytes, bool jitter, bool prft = false) {
  TrackRun video{1, {}, 90000, {}};
  for (std::int64_t n = 0; video_bytes > 0 && n < 30; ++n) {
    const std::int64_t late = jitter ? n % 3 * 7 : 0;
    const auto size = video_bytes / 30 + static_cast<std::uint32_t>(n);
    video.samples.push_back({n * 3000 + late, 0, size, n == 0});
  }
  TrackRun audio{2, {}, 48000, {}};
  for (std::int64_t n = 0; n < 50; ++n)
    audio.samples.push_back({n * 960, 0, static_cast<std::uint32_t>(135 + n), kKey});
  const TrackRun runs[] = {video, audio};
  std::uint64_t payload = 0;
  for (const TrackRun& run : runs)
    for (const RunSample& sample : run.samples) payload += sample.size;
  std::optional<ReferenceTime> reference;
  if (prft) reference = ReferenceTime{2, 0, 0, true};
  const auto head = static_cast<double>(fragment_header(1, runs, reference).size());
  return 100 * head / static_cast<double>(payload);
}

// docs/formats/mp4.md quotes these lines.
TEST(Overhead, OfAFragmentASecond) {
  const double at_4_mbit = overhead_percent(500000, false);
  const double at_4_mbit_jitter = overhead_percent(500000, true);
  const double at_300_kbit = overhead_percent(37500, true);
  const double audio_only = overhead_percent(0, false);
  std::printf("4 Mbit/s, even frames: %.4f %%\n4 Mbit/s, jitter: %.4f %%\n", at_4_mbit,
              at_4_mbit_jitter);
  std::printf("300 kbit/s, jitter: %.3f %%\naudio only: %.2f %%\n", at_300_kbit, audio_only);
  EXPECT_LT(at_4_mbit, 0.1);
  EXPECT_LT(at_4_mbit_jitter, 0.125);
  EXPECT_LT(at_300_kbit, 1.4);
  EXPECT_LT(audio_only, 4);
}

TEST(Overhead, OfAFragmentASecondWithItsWallClock) {
  const double at_4_mbit = overhead_percent(500000, false, true);
  const double at_4_mbit_jitter = overhead_percent(500000, true, true);
  const double at_300_kbit = overhead_percent(37500, true, true);
  const double audio_only = overhead_percent(0, false, true);
  std::printf("With prft\n4 Mbit/s, even frames: %.4f %%\n4 Mbit/s, jitter: %.4f %%\n", at_4_mbit,
              at_4_mbit_jitter);
  std::printf("300 kbit/s, jitter: %.3f %%\naudio only: %.2f %%\n", at_300_kbit, audio_only);
  EXPECT_LT(at_4_mbit, 0.107);
  EXPECT_LT(at_4_mbit_jitter, 0.13);
  EXPECT_LT(at_300_kbit, 1.45);
  EXPECT_LT(audio_only, 4.3);
}

}  // namespace
}  // namespace rec::isobmff
