// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/upload_part.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

std::string text_of(const UploadPart& part) {
  std::string out;
  for (const auto& block : part.body) out.append(block->begin(), block->end());
  return out;
}

TEST(PartSize, DoublesEveryThousandParts) {
  constexpr std::uint64_t kFirst = 8 << 20;
  EXPECT_EQ(part_size(kFirst, PartSizes::kGrowing, 1), kFirst);
  EXPECT_EQ(part_size(kFirst, PartSizes::kGrowing, 1000), kFirst);
  EXPECT_EQ(part_size(kFirst, PartSizes::kGrowing, 1001), 2 * kFirst);
  EXPECT_EQ(part_size(kFirst, PartSizes::kGrowing, 10'000), 512 * kFirst);
  EXPECT_EQ(part_size(kFirst, PartSizes::kFixed, 10'000), kFirst);
  // Half a year at 4 Mbit/s, and no part above the limit of 5 GiB however large the first is.
  std::uint64_t total = 0;
  for (int i = 1; i <= kMaxUploadParts; ++i) total += part_size(kFirst, PartSizes::kGrowing, i);
  EXPECT_GT(total, 500'000ULL * 86'400 * 180);
  EXPECT_EQ(part_size(1ULL << 30, PartSizes::kGrowing, 9'999), 5ULL << 30);
}

TEST(PartBuilder, CutsTheStreamWhereverItsPiecesEnd) {
  for (const std::size_t piece : {1U, 3U, 5U, 7U, 23U}) {
    PartBuilder builder({.part_size = 5, .sizes = PartSizes::kFixed});
    const std::string text = "abcdefghijklmnopqrstuvw";
    std::vector<UploadPart> parts;
    for (std::size_t at = 0; at < text.size(); at += piece)
      for (auto& part : builder.append(bytes_of(std::string_view(text).substr(at, piece))))
        parts.push_back(std::move(part));
    EXPECT_EQ(builder.pending(), 3U);
    EXPECT_EQ(builder.next_number(), 5);
    parts.push_back(builder.finish().value());
    ASSERT_EQ(parts.size(), 5U);
    for (int i = 0; i < 5; ++i) {
      const auto& part = parts[static_cast<std::size_t>(i)];
      EXPECT_EQ(part.number, i + 1);
      EXPECT_EQ(text_of(part), text.substr(static_cast<std::size_t>(i) * 5, 5));
      EXPECT_EQ(part.size, text_of(part).size());
    }
  }
}

TEST(PartBuilder, LeavesNoEmptyPartAtTheEnd) {
  PartBuilder builder({.part_size = 4});
  EXPECT_EQ(builder.append(bytes_of("12345678")).size(), 2U);
  EXPECT_FALSE(builder.finish());
  PartBuilder nothing({});
  EXPECT_TRUE(nothing.append({}).empty());
  EXPECT_FALSE(nothing.finish());
}

TEST(PartBuilder, HashesEachPartAndWhatIsWantedOnly) {
  PartBuilder builder({.part_size = 9, .sha256 = true});
  auto parts = builder.append(bytes_of("1234"));
  EXPECT_TRUE(parts.empty());
  parts =
      builder.append(bytes_of("56789"
                              "123456789"
                              "1"));
  ASSERT_EQ(parts.size(), 2U);
  for (const auto& part : parts) {
    EXPECT_EQ(part.crc32c, "4waSgw==");
    EXPECT_EQ(part.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  }
  PartBuilder bare({.part_size = 1, .crc32c = false});
  parts = bare.append(bytes_of("x"));
  EXPECT_EQ(parts[0].crc32c + parts[0].sha256, "");
}

}  // namespace
}  // namespace rec::objstore
