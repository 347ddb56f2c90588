// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/path_template.h"

#include <gtest/gtest.h>

namespace rec::recording {
namespace {

constexpr Nanos kUtc = 1'709'210'096'789'000'000;  // 2024-02-29 12:34:56.789

std::string expand(std::string_view text, const PathTemplate::Values& values) {
  auto parsed = PathTemplate::parse(text);
  if (!parsed) return "error: " + parsed.error().what;
  return parsed.value().expand(values);
}

TEST(PathTemplate, ExpandsEveryPlaceholder) {
  const PathTemplate::Values values{.stream = "room1", .utc = kUtc, .index = 7, .id = 0xbeef};
  EXPECT_EQ(expand("{stream}/{utc:%Y/%m/%d}/{utc:%H%M%S}.mp4", values),
            "room1/2024/02/29/123456.mp4");
  EXPECT_EQ(expand("{index}-{index:04}-{id}", values), "7-0007-0000beef");
  EXPECT_EQ(expand("{{{stream}}}.mp4", values), "{room1}.mp4");
  EXPECT_EQ(expand("{utc:%a %b}", values), "Thu Feb");
}

TEST(PathTemplate, KnowsTimesBefore1970) {
  EXPECT_EQ(expand("{utc:%Y-%m-%dT%H:%M:%S}", {.stream = "s", .utc = -1}), "1969-12-31T23:59:59");
}

TEST(PathTemplate, PutsNothingOfAStreamNameAbove) {
  EXPECT_EQ(expand("{stream}/a.mp4", {.stream = "../../etc"}), "..-..-etc/a.mp4");
  EXPECT_EQ(expand("{stream}/a.mp4", {.stream = ".."}), "-/a.mp4");
  EXPECT_EQ(expand("{stream}/a.mp4", {.stream = ""}), "-/a.mp4");
}

TEST(PathTemplate, NamesWhatItDoesNotKnow) {
  for (const char* text : {"{room}.mp4", "{utc}.mp4", "{utc:}.mp4", "{index:4}.mp4", "{index:00}",
                           "{stream", "stream}", "{", "}", "{}"})
    EXPECT_FALSE(PathTemplate::parse(text)) << text;
  const auto unknown = PathTemplate::parse("{room}.mp4");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("{room}"), std::string::npos);
  EXPECT_NE(unknown.error().hint.find("{stream}"), std::string::npos);
}

TEST(PathTemplate, IsARelativePathOfAFile) {
  for (const char* text : {"", "/abs.mp4", "a/", "a//b", "./a", "a/../b", "..", ".", "a/."})
    EXPECT_FALSE(PathTemplate::parse(text)) << text;
  EXPECT_TRUE(PathTemplate::parse("a/.hidden/..b"));
}

TEST(PathTemplate, IsNoneAfterTheTimeIsPutInEither) {
  for (const char* text : {"{utc:..}/a.mp4", "{utc:/}a.mp4", ".{utc:.}/a", "a/{utc:%n}.mp4",
                           "a/{utc:%t}", "a{utc://}b", "{utc:\x01}"})
    EXPECT_FALSE(PathTemplate::parse(text)) << text;
}

TEST(PathComponent, ReplacesWhatAPathCannotCarry) {
  EXPECT_EQ(path_component("a/b\\c"), "a-b-c");
  EXPECT_EQ(path_component(std::string_view("a\0b\nc\x7f", 6)), "a-b-c-");
  EXPECT_EQ(path_component("caf\xc3\xa9 1"), "caf\xc3\xa9 1");
  EXPECT_EQ(path_component("."), "-");
}

TEST(PathComponent, LeavesRoomAndNoHalfCharacter) {
  EXPECT_EQ(path_component(std::string(300, 'a')), std::string(200, 'a'));
  EXPECT_EQ(path_component(std::string(199, 'a') + "\xc3\xa9"), std::string(199, 'a'));
  EXPECT_EQ(path_component(std::string(198, 'a') + "\xc3\xa9x"),
            std::string(198, 'a') + "\xc3\xa9");
}

TEST(WithSuffix, GoesInFrontOfTheExtension) {
  EXPECT_EQ(with_suffix("a/b.mp4", "x"), "a/b-x.mp4");
  EXPECT_EQ(with_suffix("a.d/b", "x"), "a.d/b-x");
  EXPECT_EQ(with_suffix(".mp4", "x"), ".mp4-x");
  EXPECT_EQ(with_suffix("a/.mp4", "x"), "a/.mp4-x");
}

}  // namespace
}  // namespace rec::recording
