// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The prft in front of a moof against bytes written by hand from ISO/IEC 14496-12, 8.16.5 and
// RFC 5905, 6.
#include "lib/isobmff/reference_time.h"

#include <gtest/gtest.h>

#include <limits>

#include "lib/isobmff/fragment.h"
#include "tests/unit/isobmff/hex.h"

namespace rec::isobmff {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNewYear2026 = 1'767'225'600 * kSecond;  // 00:00:00 UTC

std::string prft(const ReferenceTime& reference) {
  BoxWriter w;
  write_prft(w, reference);
  return hex(w.take());
}

std::string ntp(std::int64_t utc) {
  BoxWriter w;
  w.u64(ntp_timestamp(utc));
  return hex(w.take());
}

TEST(Prft, Clause8_16_5OfTheSendersClock) {
  EXPECT_EQ(prft({7, 0x0123456789, kNewYear2026 + kSecond / 4, true}),
            words("00000020 70726674 01 000018 "  // captured: consistent and close
                  "00000007 "                     // reference_track_ID
                  "ed003780 40000000 "            // 46021 days since 1900, and a quarter second
                  "00000001 23456789"));          // media_time
}

TEST(Prft, Clause8_16_5OfTheTimeOfArrival) {
  EXPECT_EQ(prft({1, 90000, kNewYear2026, false}),
            words("00000020 70726674 01 000008 "  // consistent
                  "00000001 ed003780 00000000 00000000 00015f90"));
}

TEST(NtpTimestamp, HasTheNearestFraction) {
  EXPECT_EQ(ntp(kNewYear2026 + 1), "ed003780 00000004");            // 4.29
  EXPECT_EQ(ntp(kNewYear2026 + 3), "ed003780 0000000d");            // 12.88
  EXPECT_EQ(ntp(kNewYear2026 + 999'999'999), "ed003780 fffffffc");  // 4.29 below 2^32
}

TEST(NtpTimestamp, BeginsAgainIn2036) {
  constexpr std::int64_t kEra1 = 2'085'978'496 * kSecond;  // 7 February 2036, 06:28:16 UTC
  EXPECT_EQ(ntp(kEra1 - 1), "ffffffff fffffffc");
  EXPECT_EQ(ntp(kEra1), "00000000 00000000");
  EXPECT_EQ(ntp(2'208'988'800 * kSecond + kSecond / 2), "0754fd00 80000000");  // 1 January 2040
}

TEST(NtpTimestamp, NoClockIs1970) {
  EXPECT_EQ(ntp(0), "83aa7e80 00000000");
  EXPECT_EQ(ntp(-1), "83aa7e80 00000000");
  EXPECT_EQ(ntp(std::numeric_limits<std::int64_t>::min()), "83aa7e80 00000000");
}

// Everything in a moof counts from the moof: what stands in front of it changes nothing.
TEST(Fragment, IsTheSameBehindAReferenceTime) {
  const Bytes video = {0x11, 0x12, 0x13};
  const Bytes audio = {0xfc};
  const TrackRun runs[] = {{1, {{90000, 0, 3, true}}, 93000, {video}},
                           {2, {{48000, 0, 1, true}}, 48960, {audio}}};
  const ReferenceTime reference{2, 48000, kNewYear2026, true};
  EXPECT_EQ(hex(fragment(5, runs, reference)), prft(reference) + " " + hex(fragment(5, runs)));
  EXPECT_EQ(hex(fragment_header(5, runs, reference)),
            prft(reference) + " " + hex(fragment_header(5, runs)));
}

TEST(Fragment, OfNothingHasNoReferenceTime) {
  const ReferenceTime reference{2, 48000, kNewYear2026, true};
  EXPECT_TRUE(fragment(1, std::vector<TrackRun>(2), reference).empty());
  EXPECT_TRUE(fragment_header(1, std::vector<TrackRun>(2), reference).empty());
}

TEST(Fragment, IsOneAllocationWithItsReferenceTime) {
  TrackRun run{1, {}, 10000, {}};
  for (std::uint32_t n = 0; n < 30; ++n)  // nothing in common: the header is as long as it can be
    run.samples.push_back({n * n, static_cast<std::int32_t>(n), n + 1, n % 3 == 0});
  const Bytes content(465);  // 1 to 30
  run.pieces = {content};
  const Bytes bytes = fragment(1, std::span(&run, 1), ReferenceTime{1, 0, kNewYear2026, true});
  ASSERT_FALSE(bytes.empty());
  // A vector that had to grow has room for another half of itself.
  EXPECT_LT(bytes.capacity(), bytes.size() + 100);
}

}  // namespace
}  // namespace rec::isobmff
