// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One open object: turns the fragments of a recording into units with offsets. Its time starts at
// the first sample of the file.
#pragma once

#include <string>
#include <vector>

#include "lib/recording/container.h"
#include "lib/recording/fragmenter.h"
#include "lib/recording/output.h"

namespace rec::recording {

class FileWriter {
 public:
  struct Track {
    int index;  // as numbered by the Fragmenter; its id in the file is one more
    TrackConfig config;
  };
  FileWriter(Container& container, std::string key, std::vector<Track> tracks, Nanos origin,
             Nanos start_utc);

  ObjectUnit header();
  ObjectUnit fragment(std::vector<Fragmenter::Run> runs);
  ObjectUnit end();

  const std::string& key() const { return key_; }
  Nanos origin() const { return origin_; }  // running time
  std::uint64_t size() const { return size_; }

 private:
  const TrackConfig* config_of(int track) const;
  ObjectUnit unit(Bytes bytes);

  Container& container_;
  const std::string key_;
  const std::vector<Track> tracks_;
  const Nanos origin_;
  const Nanos start_utc_;
  std::uint64_t size_ = 0;
  std::uint32_t sequence_ = 0;
  Nanos duration_ = 0;
};

}  // namespace rec::recording
