// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the judges' tests share: a place for files, other people's programs, and real samples made
// by ffmpeg's own encoders and muxer.
#pragma once

#include <filesystem>
#include <string>
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

// The avcC payload of a file that has one H.264 track.
Bytes avcc_of(const std::string& file);

// The run of the packets whose dts is in [from, to), seconds on the file's timeline; `shift` ticks
// are added to every time, because our timeline begins at 0.
TrackRun cut_run(std::uint32_t track_id, const SourceTrack& track, double from, double to,
                 std::int64_t shift);

}  // namespace rec::isobmff
