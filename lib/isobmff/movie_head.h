// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The head of a file that was never finished: read back, and made the index that its end lacks. All
// that the tracks are is taken over byte for byte; only durations, edits and sample tables are new.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"
#include "lib/isobmff/sample_index.h"

namespace rec::isobmff {

class MovieHead {
 public:
  struct Track {
    std::uint32_t id = 0;
    std::uint32_t timescale = 0;
    std::int64_t ahead = 0;  // of presentation time, by an edit; ticks
  };

  // Nothing unless `moov` is one of init_segment().
  static std::optional<MovieHead> read(Bytes moov);

  const std::vector<Track>& tracks() const { return tracks_; }
  // The full index; `samples` has one entry a track.
  Bytes index(std::span<const SampleIndex> samples) const;
  // What it says of the whole: ticks of kIndexTimescale.
  std::uint64_t duration(std::span<const SampleIndex> samples) const;

 private:
  explicit MovieHead(Bytes moov) : moov_(std::move(moov)) {}
  Bytes moov_;
  std::vector<Track> tracks_;
};

}  // namespace rec::isobmff
