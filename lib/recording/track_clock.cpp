// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/track_clock.h"

#include <algorithm>
#include <cstdlib>

namespace rec::recording {
namespace {

// PTS further than this from RTP time, or back in time, are a new start of the sender's clock.
constexpr Nanos kReanchor = kSecond / 2;
// PTS of packets that follow each other jitter by less than this.
constexpr Nanos kGridTolerance = 40'000'000;

}  // namespace

std::int64_t TrackClock::rtp_ticks(const Input::Rtp& rtp) {
  const auto step = static_cast<std::int32_t>(rtp.timestamp - rtp_->last_timestamp);
  rtp_->unwrapped += step;
  rtp_->last_timestamp = rtp.timestamp;
  return rtp_->ticks + floor_div(static_cast<Int128>(rtp_->unwrapped - rtp_->origin) * timescale_,
                                 rtp_->clock_rate);
}

// Where the sample's own times put it, before the order of the track is enforced.
std::int64_t TrackClock::media_ticks(const Input& input, Nanos now) {
  const auto stamp = input.dts ? input.dts : input.pts;
  const bool same_rtp = input.rtp && rtp_ && input.rtp->ssrc == rtp_->ssrc &&
                        input.rtp->clock_rate == rtp_->clock_rate;
  if (same_rtp) {
    const std::int64_t ticks = rtp_ticks(*input.rtp);
    if (!stamp) return ticks;
    const std::int64_t from_pts = to_ticks(*stamp, timescale_) + shift_;
    if (std::llabs(ticks - from_pts) <= to_ticks(kReanchor, timescale_)) return ticks;
  }
  std::int64_t ticks = last_dts_ ? *last_dts_ + last_step_ : 0;
  if (stamp) {
    ticks = to_ticks(*stamp, timescale_) + shift_;
    if (last_dts_ && ticks < *last_dts_ - to_ticks(kReanchor, timescale_)) {
      const std::int64_t resumed = *last_dts_ + to_ticks(now - last_arrival_, timescale_);
      shift_ += resumed - ticks;
      ticks = resumed;
    }
  }
  if (input.rtp && input.rtp->clock_rate)
    rtp_ = RtpAnchor{input.rtp->ssrc, input.rtp->timestamp, 0, 0, ticks, input.rtp->clock_rate};
  else
    rtp_.reset();
  return ticks;
}

std::optional<TrackClock::Place> TrackClock::place(const Input& input, Nanos now) {
  const bool exact = input.rtp && rtp_ && input.rtp->ssrc == rtp_->ssrc;
  std::int64_t ticks = media_ticks(input, now);
  std::int64_t gap = 0;
  if (input.duration > 0 && last_dts_) {
    if (ticks + input.duration <= grid_end_) return std::nullopt;
    const std::int64_t hole = ticks - grid_end_;
    if (grid_ > 0 && hole >= (exact ? grid_ : to_ticks(kGridTolerance, timescale_)))
      gap = hole - hole % grid_;
    ticks = grid_end_ + gap;
  } else if (last_dts_) {
    ticks = std::max(ticks, *last_dts_ + 1);
  }
  Place placed{ticks, 0, gap};
  if (input.dts && input.pts)
    placed.cts_offset = static_cast<std::int32_t>(to_ticks(*input.pts, timescale_) -
                                                  to_ticks(*input.dts, timescale_));
  if (last_dts_) last_step_ = ticks - *last_dts_;
  last_dts_ = ticks;
  grid_end_ = ticks + input.duration;
  last_arrival_ = now;
  return placed;
}

}  // namespace rec::recording
