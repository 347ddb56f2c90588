// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/track_clock.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

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
// PTS are smoothed over so long.
constexpr double kSmoothing = 4e9;  // ns
constexpr Nanos kLongestStep = kSecond / 10;
constexpr Nanos kSettled = 800'000'000;

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
  if (input.duration > 0 && last_duration_ > 0) return *last_ + last_duration_;
  if (last_hint_ > 0) return *last_ + last_hint_;
  if (step_ > 0) return *last_ + step_;
  return *last_ + ticks_of(now - last_arrival_);
}

// Packets of a codec with fixed durations follow each other, unless PTS say that some are missing.
std::int64_t TrackClock::grid_ticks(std::int64_t by_stamp, std::int64_t next) const {
  return std::llabs(by_stamp - next) < ticks_of(kGridTolerance) ? next : by_stamp;
}

std::int64_t TrackClock::own_ticks(const Input& input, Nanos now, Nanos start) {
  // RTP time is when a picture is shown, so with it PTS are compared.
  const auto stamp = input.rtp && input.pts ? input.pts : input.dts ? input.dts : input.pts;
  const auto by_rtp = rtp_ticks(input);
  if (!last_) guessed_ = !stamp;
  if (stamp && std::exchange(guessed_, false))
    offset_ =
        static_cast<double>(*stamp - to_nanos(by_rtp.value_or(next_ticks(input, now)), timescale_));
  const auto by_stamp =
      stamp ? std::optional(ticks_of(*stamp + jump_ - std::llround(offset_))) : std::nullopt;
  exact_ = false;
  if (!last_) return by_stamp.value_or(ticks_of(start));
  const std::int64_t next = next_ticks(input, now);
  if (!by_stamp && !by_rtp) return next;

  const std::int64_t arrived = std::max(*last_ + ticks_of(now - last_arrival_), next);
  const auto plausible = [&](std::optional<std::int64_t> t) {
    return t && *t >= *last_ - ticks_of(kBack) && *t <= arrived + ticks_of(kAhead);
  };
  const auto apart = [&](std::int64_t a, std::int64_t b) {
    return std::llabs(a - b) > ticks_of(kDisagree);
  };
  exact_ = plausible(by_rtp);
  std::int64_t ticks = exact_ ? *by_rtp : arrived;
  if (plausible(by_stamp) &&
      (!exact_ || (apart(*by_stamp, *by_rtp) &&
                   std::llabs(*by_stamp - arrived) < std::llabs(*by_rtp - arrived)))) {
    ticks = input.duration > 0 ? grid_ticks(*by_stamp, next) : *by_stamp;
    exact_ = false;
  }
  if (by_stamp && (apart(*by_stamp, ticks) || !plausible(by_stamp)))
    jump_ += to_nanos(ticks - *by_stamp, timescale_);
  return ticks;
}

// The mean of the first samples, later one that forgets.
void TrackClock::smooth(std::optional<Nanos> stamp, Nanos step) {
  if (!stamp) return;
  const auto off = static_cast<double>(*stamp + jump_ - last());
  step = std::clamp<Nanos>(step, 0, kLongestStep);
  smoothed_over_ += step;
  const auto weight = static_cast<double>(step) / kSmoothing;
  offset_ += std::max(weight, 1.0 / ++smoothed_) * (off - offset_);
}

std::int64_t TrackClock::read(const Input& input, Nanos now, Nanos start) {
  const std::int64_t ticks = own_ticks(input, now, start);
  const std::int64_t step = last_ ? ticks - *last_ : 0;
  const bool own_time = input.pts || input.dts || input.rtp;
  if (last_ && own_time && step > 0 && step <= ticks_of(kDisagree)) {
    step_ = last_step_ > 0 ? std::min(step, last_step_) : step;
    last_step_ = step;
  }
  last_ = ticks;
  last_hint_ = input.duration_hint;
  last_duration_ = input.duration;
  last_arrival_ = now;
  if (!exact_) {
    sender_offset_.reset();
    rtp_.reset();
    if (input.rtp && input.rtp->clock_rate > 0)
      rtp_ = RtpAnchor{input.rtp->ssrc, input.rtp->timestamp, 0, ticks, input.rtp->clock_rate};
  }
  if (input.ntp) sender_offset_ = *input.ntp - last();
  // PTS that are the own clock have nothing to be smoothed.
  if (input.rtp || input.duration > 0) smooth(input.pts, to_nanos(step, timescale_));
  return ticks;
}

Nanos TrackClock::arrival_offset() const { return std::llround(offset_); }

// PTS that are the own clock have no jitter.
bool TrackClock::settled() const { return smoothed_ == 0 || smoothed_over_ >= kSettled; }

std::optional<Nanos> TrackClock::sender_offset() const { return sender_offset_; }

}  // namespace rec::recording
