// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Remembers, while a file is written in fragments, what a full index of it needs, and makes it an
// ordinary MP4 at the end: a moov with sample tables behind the fragments, and an mdat header that
// hides everything in front of it. docs/formats/mp4.md has the layout.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/isobmff/init_segment.h"
#include "lib/isobmff/sample_entry.h"
#include "lib/isobmff/sample_index.h"

namespace rec::isobmff {

class MovieIndex {
 public:
  // What init_segment() was given.
  MovieIndex(std::span<const Track> tracks, std::uint64_t creation_time_s);

  // What fragment() was given. `moof` and `data`: where in the file its moof and its first sample
  // are. Runs pass check_runs(), and within a track no run begins before the end of the last.
  void add(std::span<const TrackRun> runs, std::uint64_t moof, std::uint64_t data);

  // No sample of the track needs other parameter sets than its configuration has: moov() leaves out
  // what RunSample::sets says of each (avc1, hvc1).
  void leave_out_sets(std::uint32_t track_id);

  // There is something to index, and the tables can hold it.
  bool writable() const;
  // The full index. Its durations are those of the samples.
  Bytes moov(const MovieTags& tags = {}) const;
  // The random access points of the file as it is: mfra, 8.8.9.
  Bytes mfra() const;
  std::uint64_t most_moov_bytes() const;  // that moov() can need
  std::size_t bytes() const;              // held in memory

 private:
  struct Entry {
    Track track;
    SampleIndex samples;
    ParameterSets sets = ParameterSets::kInSamples;
  };
  Entry* entry(std::uint32_t track_id);

  std::vector<Entry> entries_;
  const std::uint64_t creation_time_s_;
};

// Where init_segment() puts its `free`, and the mdat header that replaces those 16 bytes: over all
// that lies between there and `end`.
std::uint64_t free_offset(std::span<const Track> tracks);
Bytes mdat_header(std::uint64_t free_offset, std::uint64_t end);

}  // namespace rec::isobmff
