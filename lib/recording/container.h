// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"
#include "lib/recording/ticks.h"

namespace rec::recording {

// A file format, as far as a recorder needs to know one.
class Container {
 public:
  virtual ~Container() = default;

  struct Track {
    std::uint32_t id;
    TrackConfig config;
    TrackTags tags;
  };
  // What later calls of header() and finish() say of the recording.
  virtual void set_tags(const MovieTags& tags) = 0;
  virtual Bytes header(std::span<const Track> tracks, std::uint64_t utc_seconds) = 0;
  // The wall clock of one sample of a fragment.
  struct Reference {
    std::uint32_t track_id;
    std::int64_t pts;  // track ticks since the start of the file
    Nanos utc;         // since 1970
    bool of_sender;    // the clock that captured it; else the time it arrived at
  };
  // `sequence` counts from 1 within the file; the container may change `runs` as it likes. What
  // header() and fragment() return is appended to the file in that order.
  virtual Bytes fragment(std::uint32_t sequence, std::span<TrackRun> runs,
                         const std::optional<Reference>& reference) = 0;

  // What makes a file whole after its last fragment. First `append` goes to its end, then `rewrite`
  // to where it says: in between, and before, the file is as valid as it was. Empty: nothing to do.
  struct Ending {
    Bytes append;
    std::uint64_t rewrite_offset = 0;
    Bytes rewrite;
  };
  // `rewrite_below`: bytes before this offset can be rewritten.
  virtual Ending finish(std::uint64_t rewrite_below) = 0;

  // What is remembered of the file for its ending has reached its limit: it should end soon.
  virtual bool full() const = 0;
  // So many bytes at most finish() would append now.
  virtual std::uint64_t most_ending_bytes() const = 0;

  // The duration of the shortest packet of silence, in track ticks; 0: there is none.
  virtual std::int64_t silence_grid(const TrackConfig& config) = 0;
  // The longest packet of silence that is not longer than `at_most` ticks; nullopt: there is none.
  struct Silence {
    Bytes bytes;
    std::int64_t duration;  // track ticks
  };
  virtual std::optional<Silence> silence(const TrackConfig& config, std::int64_t at_most) = 0;
};

}  // namespace rec::recording
