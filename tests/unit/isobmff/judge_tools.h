// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the judges' tests share: a place for files, other people's programs, and real samples made
// by ffmpeg's own encoders and muxer.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/media.h"

namespace rec::isobmff {

class TempDir {  // removed with everything in it
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct Outcome {
  int status = -1;     // exit status; 124 if the program did not end within 30 s
  std::string output;  // standard output and standard error
};
Outcome run(const std::string& command);  // one program, no shell syntax but quotes
std::vector<std::string> lines_of(const std::string& text);

// `what` as ffprobe's -show_entries takes it; comma-separated values.
std::string probe(const std::string& file, const std::string& what);

void write_file(const std::string& path, const Bytes& bytes);
Bytes read_file(const std::string& path);

// One packet as ffprobe sees it.
struct Packet {
  std::int64_t pts = 0;
  std::int64_t dts = 0;
  std::int64_t duration = 0;
  std::uint32_t size = 0;
  std::uint64_t pos = 0;  // in the file
  bool key = false;
  std::string hash;  // of the bytes
};
std::vector<Packet> packets_of(const std::string& file, const std::string& stream);

// The samples of one stream of a file that ffmpeg muxed, ready for our writer.
struct SourceTrack {
  std::uint32_t timescale = 0;
  std::vector<Packet> packets;
  std::vector<Bytes> samples;
};
SourceTrack read_track(const std::string& file, const std::string& stream, std::uint32_t timescale);

// The payload of the first box of that type, wherever it stands.
Bytes box_payload(const std::string& file, std::string_view type);

// The run of the packets whose dts is in [from, to), seconds on the file's timeline; `shift` ticks
// are added to every time, because our timeline begins at 0.
TrackRun cut_run(std::uint32_t track_id, const SourceTrack& track, double from, double to,
                 std::int64_t shift);

Bytes joined(const std::vector<Bytes>& units);

// What qtdemux hands on: size, PTS and duration (ns) of every buffer, and whether it is a sync
// sample. (ffprobe's key flag is no judge of that: it comes from a look into the H.264 itself.)
struct Demuxed {
  std::uint32_t size;
  std::int64_t pts_ns;
  std::int64_t duration_ns;
  bool key;
};
std::vector<Demuxed> demux(const std::string& file, const std::string& pad);

class JudgesTest : public ::testing::Test {
 protected:
  std::string write(const Bytes& bytes, const std::string& name = "ours.mp4") {
    write_file(dir_.file(name), bytes);
    return dir_.file(name);
  }
  TempDir dir_;
};

}  // namespace rec::isobmff
