// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Puts the samples of one track on the recording's timeline. RTP time, where there is any, gives
// the distances between samples and PTS only the place of the first: the PTS of a WebRTC receiver
// jitter by up to 21 ms. Samples of a codec with fixed durations stay on their grid. When a clock
// jumps, the other clock and the arrival time say where the track really is.
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
  void advance_to(std::int64_t end);
  // Where the next sample of fixed duration belongs if nothing was lost.
  std::optional<std::int64_t> grid_end() const { return grid_end_; }
  // By how much, at most, samples have come too late because silence was in their place; track
  // ticks.
  std::int64_t lag() const { return lag_; }

 private:
  std::int64_t media_ticks(const Input& input, Nanos now);
  std::optional<std::int64_t> rtp_ticks(const Input& input);
  std::int64_t next_ticks(const Input& input, Nanos now) const;
  std::int64_t ticks_of(Nanos nanos) const { return to_ticks(nanos, timescale_); }

  const std::uint32_t timescale_;
  const std::int64_t grid_;
  std::optional<std::int64_t> last_dts_;  // of a sample
  std::int64_t last_step_ = 0;            // ticks between two samples, as their own times say
  std::int64_t last_hint_ = 0;            // ticks: how long upstream says the last sample is
  std::optional<std::int64_t> grid_end_;  // end of the last sample of fixed duration, or silence
  bool after_silence_ = false;
  std::int64_t lag_ = 0;
  Nanos last_arrival_ = 0;
  std::int64_t shift_ = 0;  // ticks added to PTS, once they have jumped

  struct RtpAnchor {
    std::uint32_t ssrc;
    std::uint32_t last_timestamp;
    std::int64_t unwrapped;  // RTP ticks from the anchor to last_timestamp
    std::int64_t ticks;      // track ticks of the anchor
    std::uint32_t clock_rate;
  };
  std::optional<RtpAnchor> rtp_;
  bool exact_ = false;  // the current sample was placed by RTP time that runs on
};

}  // namespace rec::recording
