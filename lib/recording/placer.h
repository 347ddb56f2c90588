// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Puts the samples of one track in order on the recording's timeline: samples of a codec with fixed
// durations on their grid, pictures one after the other.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/recording/sample.h"

namespace rec::recording {

class Placer {
 public:
  // `grid`: the shortest packet that can fill a hole of this codec, in track ticks; 0: none.
  Placer(std::uint32_t timescale, std::int64_t grid) : timescale_(timescale), grid_(grid) {}
  // Whether pictures may be shown in another order than they are decoded.
  void set_reorders(bool reorders) { reorders_ = reorders; }

  struct Place {
    std::int64_t dts;         // track ticks; never before the end of the last sample
    std::int32_t cts_offset;  // track ticks
    std::int64_t gap;         // ticks since the end of the last sample; a multiple of the grid
  };
  // `ticks`: where the sample's clock puts it. nullopt: a sample of fixed duration that lies wholly
  // before what was already placed.
  std::optional<Place> place(const Input& input, std::int64_t ticks);

  // Something else (silence) was put on the track up to `end`, in track ticks.
  void advance_to(std::int64_t end);
  // All that was placed is moved.
  void move(std::int64_t ticks);

  // Where the next sample of fixed duration belongs if nothing was lost.
  std::optional<std::int64_t> grid_end() const { return grid_end_; }
  // Where the last sample ends, or a picture like it would; track ticks.
  std::optional<std::int64_t> end() const;
  std::optional<std::int64_t> last() const { return last_dts_; }
  // By how much, at most, samples have come too late because silence was in their place; track
  // ticks.
  std::int64_t lag() const { return lag_; }

 private:
  Place place_on_grid(const Input& input, std::int64_t ticks);
  Place place_picture(const Input& input, std::int64_t ticks);

  const std::uint32_t timescale_;
  const std::int64_t grid_;
  bool reorders_ = false;
  std::optional<std::int64_t> last_dts_;  // of a sample
  std::int64_t step_ = 0;
  std::optional<std::int64_t> grid_end_;  // end of the last sample of fixed duration, or silence
  bool after_silence_ = false;
  std::int64_t lag_ = 0;
};

}  // namespace rec::recording
