// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads the own clock of one track. RTP time, where there is any, gives the distances between
// samples; else the durations that the codec fixes; else PTS. The PTS of a WebRTC receiver jitter
// by up to 21 ms, so they only say, smoothed, how the own clock lies to running time. When a clock
// jumps, the other clock and the arrival time say where the track really is.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/recording/sample.h"

namespace rec::recording {

class TrackClock {
 public:
  explicit TrackClock(std::uint32_t timescale) : timescale_(timescale) {}

  // Own time, in track ticks; that of the first sample is running time. `start`: where a first
  // sample that brings no time belongs.
  std::int64_t read(const Input& input, Nanos now, Nanos start);

  // What has to be added to the own time of the last sample for ...
  Nanos arrival_offset() const;                // ... running time, smoothed
  bool settled() const;                        // ... over long enough
  std::optional<Nanos> sender_offset() const;  // ... the sender's wall clock, if it is known
  std::int64_t step() const { return step_; }  // the usual one between samples, ticks
  bool read_any() const { return last_.has_value(); }
  Nanos last() const { return to_nanos(*last_, timescale_); }  // own time of the last sample

 private:
  std::optional<std::int64_t> rtp_ticks(const Input& input);
  std::int64_t next_ticks(const Input& input, Nanos now) const;
  std::int64_t own_ticks(const Input& input, Nanos now, Nanos start);
  std::int64_t grid_ticks(std::int64_t by_stamp, std::int64_t next) const;
  void smooth(std::optional<Nanos> stamp, Nanos step);
  std::int64_t ticks_of(Nanos nanos) const { return to_ticks(nanos, timescale_); }

  const std::uint32_t timescale_;
  std::optional<std::int64_t> last_;  // own time of the last sample
  std::int64_t last_step_ = 0;        // ticks between two samples
  std::int64_t step_ = 0;             // the smaller of the last two
  std::int64_t last_hint_ = 0;        // ticks: how long upstream says the last sample is
  std::int64_t last_duration_ = 0;    // ticks, as the codec fixes it; 0: it does not
  Nanos last_arrival_ = 0;
  bool guessed_ = false;   // where the own clock began: no PTS has come yet
  Nanos jump_ = 0;         // added to PTS, once they have jumped
  double offset_ = 0;      // ns: PTS minus own time, smoothed
  unsigned smoothed_ = 0;  // samples
  Nanos smoothed_over_ = 0;
  std::optional<Nanos> sender_offset_;

  struct RtpAnchor {
    std::uint32_t ssrc;
    std::uint32_t last_timestamp;
    std::int64_t unwrapped;  // RTP ticks from the anchor to last_timestamp
    std::int64_t ticks;      // track ticks of the anchor
    std::uint32_t clock_rate;
  };
  std::optional<RtpAnchor> rtp_;
  bool exact_ = false;  // the current sample was read from RTP time that runs on
};

}  // namespace rec::recording
