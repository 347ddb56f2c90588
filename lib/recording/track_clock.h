// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Puts the samples of one track on the recording's timeline. RTP time, where there is any, gives
// the distances between samples and PTS only the place of the first: the PTS of a WebRTC receiver
// jitter by up to 21 ms. Samples of a codec with fixed durations stay on their grid.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/recording/sample.h"

namespace rec::recording {

class TrackClock {
 public:
  // `grid`: the shortest packet that can fill a hole of this codec, in track ticks; 0: none.
  TrackClock(std::uint32_t timescale, std::int64_t grid) : timescale_(timescale), grid_(grid) {}

  struct Place {
    std::int64_t dts;         // track ticks; never before the end of the last sample
    std::int32_t cts_offset;  // track ticks
    std::int64_t gap;         // ticks since the end of the last sample; a multiple of the grid
  };
  // nullopt: a sample of fixed duration that lies wholly before what was already placed.
  std::optional<Place> place(const Input& input, Nanos now);

  // Something else (silence) was put on the track up to `end`, in track ticks.
  void advance_to(std::int64_t end) {
    grid_end_ = end;
    if (!last_dts_) last_dts_ = end;
  }
  // Where the next sample of fixed duration belongs if nothing was lost.
  std::optional<std::int64_t> grid_end() const {
    return last_dts_ ? std::optional(grid_end_) : std::nullopt;
  }

 private:
  std::int64_t media_ticks(const Input& input, Nanos now);
  std::int64_t rtp_ticks(const Input::Rtp& rtp);

  const std::uint32_t timescale_;
  const std::int64_t grid_;
  std::optional<std::int64_t> last_dts_;
  std::int64_t last_step_ = 0;  // ticks between the last two samples
  std::int64_t grid_end_ = 0;   // end of the last sample of fixed duration
  Nanos last_arrival_ = 0;
  std::int64_t shift_ = 0;  // ticks added to PTS, once they have jumped back

  struct RtpAnchor {
    std::uint32_t ssrc;
    std::uint32_t last_timestamp;
    std::int64_t unwrapped;  // of last_timestamp
    std::int64_t origin;     // unwrapped RTP time of the anchor
    std::int64_t ticks;      // track ticks of the anchor
    std::uint32_t clock_rate;
  };
  std::optional<RtpAnchor> rtp_;
};

}  // namespace rec::recording
