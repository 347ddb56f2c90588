// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/track_clock.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace rec::recording {
namespace {

// PTS and RTP time that differ by more than this: one of them has jumped.
constexpr Nanos kDisagree = kSecond / 2;
// Further back than reordered pictures go: a clock has jumped. (webrtcbin's PTS jump by 0.5 s.)
constexpr Nanos kBack = kSecond / 4;
// Further ahead of the arrival time than any hole of a source that is not live: a clock has jumped.
constexpr Nanos kAhead = 60 * kSecond;
// PTS of packets that follow each other jitter by less than this.
constexpr Nanos kGridTolerance = 40'000'000;

std::int32_t to_int32(std::int64_t value) {
  using Limits = std::numeric_limits<std::int32_t>;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}

}  // namespace

// Where RTP time puts the sample; nullopt: it is not the clock of the sample before.
std::optional<std::int64_t> TrackClock::rtp_ticks(const Input& input) {
  if (!input.rtp || !rtp_ || input.rtp->ssrc != rtp_->ssrc ||
      input.rtp->clock_rate != rtp_->clock_rate)
    return std::nullopt;
  rtp_->unwrapped += static_cast<std::int32_t>(input.rtp->timestamp - rtp_->last_timestamp);
  rtp_->last_timestamp = input.rtp->timestamp;
  return rtp_->ticks +
         floor_div(static_cast<Int128>(rtp_->unwrapped) * timescale_, rtp_->clock_rate);
}

// Where a sample belongs that brings no time of its own.
std::int64_t TrackClock::next_ticks(const Input& input, Nanos now) const {
  if (input.duration > 0 && grid_end_) return *grid_end_;
  if (last_hint_ > 0) return *last_dts_ + last_hint_;
  if (last_step_ > 0) return *last_dts_ + last_step_;
  return *last_dts_ + ticks_of(now - last_arrival_);
}

// Where the sample's times put it, before the order of the track is enforced.
std::int64_t TrackClock::media_ticks(const Input& input, Nanos now) {
  const auto stamp = input.dts ? input.dts : input.pts;
  const auto by_stamp = stamp ? std::optional(ticks_of(*stamp) + shift_) : std::nullopt;
  const auto by_rtp = rtp_ticks(input);
  exact_ = false;
  if (!last_dts_) return by_stamp.value_or(grid_end_.value_or(0));
  const std::int64_t next = next_ticks(input, now);
  if (!by_stamp && !by_rtp) return next;

  const std::int64_t arrived = std::max(*last_dts_ + ticks_of(now - last_arrival_), next);
  const auto plausible = [&](std::optional<std::int64_t> t) {
    return t && *t >= *last_dts_ - ticks_of(kBack) && *t <= arrived + ticks_of(kAhead);
  };
  const auto apart = [&](std::int64_t a, std::int64_t b) {
    return std::llabs(a - b) > ticks_of(kDisagree);
  };
  exact_ = plausible(by_rtp);
  std::int64_t ticks = exact_ ? *by_rtp : arrived;
  if (plausible(by_stamp) &&
      (!exact_ || (apart(*by_stamp, *by_rtp) &&
                   std::llabs(*by_stamp - arrived) < std::llabs(*by_rtp - arrived)))) {
    ticks = *by_stamp;
    exact_ = false;
  }
  if (by_stamp && (apart(*by_stamp, ticks) || !plausible(by_stamp))) shift_ += ticks - *by_stamp;
  return ticks;
}

std::optional<TrackClock::Place> TrackClock::place(const Input& input, Nanos now) {
  std::int64_t ticks = media_ticks(input, now);
  std::int64_t gap = 0;
  if (input.duration > 0 && grid_end_) {
    // Silence has no neighbour to be kept together with: its end only has to be on the grid.
    const std::int64_t tolerance = exact_ || after_silence_ ? 0 : ticks_of(kGridTolerance);
    const std::int64_t hole = ticks - *grid_end_;
    if (hole + input.duration <= -tolerance) {
      if (after_silence_) lag_ = std::max(lag_, -hole);
      return std::nullopt;
    }
    if (grid_ > 0 && hole >= std::max(grid_, tolerance)) gap = hole - hole % grid_;
    ticks = *grid_end_ + gap;
  } else if (last_dts_) {
    ticks = std::max(ticks, *last_dts_ + 1);
  }
  Place placed{ticks, 0, gap};
  if (input.dts && input.pts)
    placed.cts_offset = to_int32(ticks_of(*input.pts) - ticks_of(*input.dts));
  const bool own_time = input.pts || input.dts || input.rtp;
  if (last_dts_ && own_time && ticks - *last_dts_ <= ticks_of(kDisagree))
    last_step_ = ticks - *last_dts_;
  last_dts_ = ticks;
  last_hint_ = input.duration_hint;
  if (input.duration > 0) grid_end_ = ticks + input.duration;
  after_silence_ = false;
  last_arrival_ = now;
  if (!input.rtp || input.rtp->clock_rate == 0)
    rtp_.reset();
  else if (!exact_)
    rtp_ = RtpAnchor{input.rtp->ssrc, input.rtp->timestamp, 0, ticks, input.rtp->clock_rate};
  return placed;
}

void TrackClock::advance_to(std::int64_t end) {
  grid_end_ = end;
  after_silence_ = true;
}

}  // namespace rec::recording
