// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/placer.h"

#include <algorithm>
#include <limits>

namespace rec::recording {
namespace {

constexpr Nanos kLongestStep = kSecond / 2;  // more is a hole

std::int32_t to_int32(std::int64_t value) {
  using Limits = std::numeric_limits<std::int32_t>;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}

}  // namespace

Placer::Place Placer::place_on_grid(const Input& input, std::int64_t ticks) {
  Place place{ticks, 0, 0};
  if (grid_end_) {
    const std::int64_t hole = ticks - *grid_end_;
    if (grid_ > 0 && hole >= grid_) place.gap = hole - hole % grid_;
    place.dts = *grid_end_ + place.gap;
  }
  grid_end_ = place.dts + input.duration;
  return place;
}

Placer::Place Placer::place_picture(const Input& input, std::int64_t ticks) {
  Place place{ticks, 0, 0};
  if (last_dts_) place.dts = std::max(ticks, *last_dts_ + 1);
  if (!input.rtp && input.dts && input.pts)
    place.cts_offset =
        to_int32(to_ticks(*input.pts, timescale_) - to_ticks(*input.dts, timescale_));
  else if (reorders_)
    place.cts_offset = to_int32(ticks - place.dts);
  if (last_dts_ && ticks - *last_dts_ > 0 &&
      ticks - *last_dts_ <= to_ticks(kLongestStep, timescale_))
    step_ = ticks - *last_dts_;
  return place;
}

std::optional<Placer::Place> Placer::place(const Input& input, std::int64_t ticks) {
  Place place{};
  if (input.duration > 0) {
    if (grid_end_ && ticks + input.duration <= *grid_end_) {
      if (after_silence_) lag_ = std::max(lag_, *grid_end_ - ticks);
      return std::nullopt;
    }
    place = place_on_grid(input, ticks);
  } else {
    place = place_picture(input, ticks);
  }
  last_dts_ = place.dts;
  after_silence_ = false;
  return place;
}

void Placer::advance_to(std::int64_t end) {
  grid_end_ = end;
  after_silence_ = true;
}

void Placer::move(std::int64_t ticks) {
  if (last_dts_) *last_dts_ += ticks;
  if (grid_end_) *grid_end_ += ticks;
}

std::optional<std::int64_t> Placer::end() const {
  if (grid_end_) return grid_end_;
  if (last_dts_) return *last_dts_ + step_;
  return std::nullopt;
}

}  // namespace rec::recording
