// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict MP4 reader on files that ffmpeg wrote: it must accept another muxer's work, agree with
// ffprobe about it, and see when a piece of it is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/box_reader.h"

namespace rec::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Bytes = std::vector<std::uint8_t>;

constexpr char kSource[] =
    "ffmpeg -v error -y -f lavfi -i testsrc2=s=160x120:r=30:d=3 -f lavfi -i sine=f=440:d=3 "
    "-c:v libx264 -profile:v high -preset veryfast -bf 2 -pix_fmt yuv420p -g 30 -c:a libopus -ac "
    "2 ";
// With B-frames ffmpeg stretches the first audio packet to keep both tracks together.
constexpr char kFlags[] = "-bf 0 -movflags +frag_keyframe+empty_moov+default_base_moof";

class Ffmpeg : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(std::system("command -v ffmpeg >/dev/null"), 0) << "install ffmpeg";
    // meson may run two builds' tests at once.
    std::string pattern = testing::TempDir() + "box_reader_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string make(const std::string& flags) {
    const std::string path = folder_ + "/out.mp4";
    EXPECT_EQ(std::system((kSource + flags + " " + path).c_str()), 0);
    return path;
  }

 private:
  std::string folder_;
};

Bytes load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  char line[256];
  while (pipe && std::fgets(line, sizeof line, pipe)) {
    std::string text = line;
    while (!text.empty() && (text.back() == '\n' || text.back() == ',')) text.pop_back();
    if (!text.empty()) lines.push_back(text);
  }
  if (pipe) pclose(pipe);
  return lines;
}

std::vector<std::string> described(const Mp4Track& track) {
  std::vector<std::string> out;
  for (const auto& s : track.samples) {
    out.push_back(std::to_string(static_cast<std::int64_t>(s.dts) + s.cts_offset) + "," +
                  std::to_string(s.dts) + "," + std::to_string(s.size) + "," +
                  std::to_string(s.offset) + (s.key ? ",K_" : ",__"));
  }
  return out;
}

// Without the edit list ffprobe shows the times of the boxes themselves.
std::vector<std::string> ffprobed(const std::string& path, std::size_t stream) {
  return lines_of("ffprobe -v error -ignore_editlist 1 -of csv=p=0 -select_streams " +
                  std::to_string(stream) + " -show_entries packet=pts,dts,size,pos,flags " + path);
}

// pts, dts, size, position and key flag of every packet, as another reader of the file sees them.
TEST_F(Ffmpeg, AgreesWithFfprobeAboutEverySample) {
  const std::string path = make(kFlags);
  const auto file = read_mp4_file(path, ffmpeg_options());
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.tracks, SizeIs(2));
  EXPECT_EQ(file.tracks[0].width, 160);
  EXPECT_THAT(file.tracks[0].rfc6381(), testing::StartsWith("avc1.64"));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(described(file.tracks[i]), ffprobed(path, i));
  }
}

TEST_F(Ffmpeg, AgreesWithFfprobeAboutReorderedPictures) {
  const std::string path = make("-an -bf 2 -movflags +frag_keyframe+empty_moov+default_base_moof");
  const auto file = read_mp4_file(path, ffmpeg_options());
  EXPECT_THAT(file.violations, IsEmpty());
  ASSERT_THAT(file.tracks, SizeIs(1));
  EXPECT_EQ(described(file.tracks[0]), ffprobed(path, 0));
}

TEST_F(Ffmpeg, AcceptsOneTrackAMoof) {
  const auto file = read_mp4_file(make(std::string(kFlags) + "+separate_moof"), ffmpeg_options());
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_GE(file.fragments.size(), 6u);
}

TEST_F(Ffmpeg, AcceptsSegmentIndexes) {
  const auto file = read_mp4_file(
      make("-bf 0 -movflags +dash+frag_keyframe+empty_moov+default_base_moof+global_sidx"),
      ffmpeg_options());
  EXPECT_THAT(file.violations, IsEmpty());
}

TEST_F(Ffmpeg, IsNotOursWithoutTheAllowList) {
  const auto file = read_mp4_file(make(kFlags));
  EXPECT_THAT(file.violations, Contains(HasSubstr("Opus/btrt: unexpected box")));
}

TEST_F(Ffmpeg, RefusesFragmentsOfTheOldKind) {
  const auto file = read_mp4_file(make("-movflags +frag_keyframe+empty_moov"), ffmpeg_options());
  EXPECT_THAT(file.violations, Contains(HasSubstr("default-base-is-moof is not set")));
}

TEST_F(Ffmpeg, RefusesAFileThatIsNotFragmented) {
  const auto file = read_mp4_file(make("-movflags +faststart"), ffmpeg_options());
  EXPECT_THAT(file.violations, Contains(HasSubstr("mvex is missing")));
}

TEST_F(Ffmpeg, SeesAMissingFragment) {
  const std::string path = make(kFlags);
  auto bytes = load(path);
  const auto whole = read_mp4(bytes, ffmpeg_options());
  ASSERT_THAT(whole.fragments, SizeIs(3));
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(whole.fragments[1].offset);
  bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(whole.fragments[1].size));
  const auto file = read_mp4(bytes, ffmpeg_options());
  EXPECT_THAT(file.gaps, SizeIs(2));
  EXPECT_THAT(file.violations, Contains(HasSubstr("gap")));
}

TEST_F(Ffmpeg, ATruncatedFileHasATail) {
  const auto bytes = load(make(kFlags));
  const auto whole = read_mp4(bytes, ffmpeg_options());
  ASSERT_THAT(whole.fragments, SizeIs(3));
  const auto cut = whole.fragments[1].offset + whole.fragments[1].size / 2;
  const auto file =
      read_mp4(std::span(bytes).first(static_cast<std::size_t>(cut)), ffmpeg_options());
  EXPECT_THAT(file.violations, IsEmpty());
  EXPECT_THAT(file.fragments, SizeIs(1));
  EXPECT_EQ(file.tail.offset, whole.fragments[1].offset);
}

}  // namespace
}  // namespace rec::test
