// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Players do not honour holes in audio: what a track of a file lacks is silence.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/recording/container.h"
#include "lib/recording/fragmenter.h"

namespace rec::recording {

// All times are track ticks. Packets of silence are placed on a grid: any tick that a packet begins
// or ends at, and steps of Container::silence_grid() from there.
class HoleFiller {
 public:
  HoleFiller(Container& container, TrackConfig config);

  bool can_fill() const { return grid_ > 0; }
  std::int64_t longest() const { return longest_; }  // packet

  // The first tick of the grid through `on` that is not before `from`.
  std::int64_t on_grid(std::int64_t on, std::int64_t from) const;

  // Puts silence before and between the samples of `run`, from `from` on. A rest that is shorter
  // than the shortest packet stays.
  void fill(Fragmenter::Run& run, std::int64_t from) const;

  // Appends silence from `from` to `until`, in packets of the longest kind only: real packets will
  // follow, and take what is left.
  void extend(Fragmenter::Run& run, std::int64_t from, std::int64_t until) const;

 private:
  std::int64_t append(std::vector<Sample>& samples, std::int64_t from, std::int64_t until) const;

  Container& container_;
  const TrackConfig config_;
  const std::int64_t grid_;
  std::int64_t longest_ = 0;
};

}  // namespace rec::recording
