// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the sending side of a call really sent, frame by frame: in memory for a test in the same
// process, and as JSON lines in a file for another process that looks after a kill -9.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rec::test {

enum class Line { kVideo, kAudio, kExtra };  // the m-lines of a call
std::string_view name_of(Line line);

// One access unit or audio packet on its way into the payloader.
struct SentUnit {
  Line line = Line::kVideo;
  std::uint64_t index = 0;        // within its line
  GstClockTime running_time = 0;  // of the sending pipeline
  bool key = false;
  std::size_t size = 0;        // bytes as the encoder made them
  std::string md5;             // media_hash.h
  std::int64_t monotonic = 0;  // ns, CLOCK_MONOTONIC, just before it is sent
  std::int64_t utc = 0;        // ns since 1970
  bool intact = true;          // false: some of its RTP packets were spoilt on purpose
};

std::string json_text(std::string_view text);  // quoted and escaped

class SendLog {  // any thread
 public:
  // An empty `path` writes no file; `keep` = false holds nothing in memory, for long soaks.
  SendLog(const std::string& path, bool keep);
  ~SendLog();
  SendLog(const SendLog&) = delete;
  SendLog& operator=(const SendLog&) = delete;

  // Each of these writes its line with one write(): what happened before a kill is in the file.
  void started(GstClockTime running_time);
  void add(SentUnit unit);  // fills in index, monotonic and utc
  void spoilt(Line line);   // a packet of the unit that was added last
  std::vector<SentUnit> units(Line line) const;
  std::uint64_t count(Line line) const;

 private:
  void write_line(const std::string& json);

  const bool keep_;
  const int file_;  // -1: none
  mutable std::mutex lock_;
  std::vector<SentUnit> units_[3];
  std::uint64_t counts_[3] = {};
};

}  // namespace rec::test
