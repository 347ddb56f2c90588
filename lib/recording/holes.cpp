// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/holes.h"

#include <limits>

namespace rec::recording {

HoleFiller::HoleFiller(Container& container, TrackConfig config)
    : container_(container), config_(std::move(config)), grid_(container.silence_grid(config_)) {
  if (const auto packet = container.silence(config_, std::numeric_limits<std::int64_t>::max()))
    longest_ = packet->duration;
}

std::int64_t HoleFiller::on_grid(std::int64_t on, std::int64_t from) const {
  return on - floor_div(Int128{on} - from, grid_) * grid_;
}

// Returns where the silence ends.
std::int64_t HoleFiller::append(std::vector<Sample>& samples, std::int64_t from,
                                std::int64_t until) const {
  while (auto packet = container_.silence(config_, until - from)) {
    samples.push_back({.dts = from,
                       .duration = packet->duration,
                       .key = true,
                       .bytes = std::move(packet->bytes)});
    from += packet->duration;
  }
  return from;
}

void HoleFiller::fill(Fragmenter::Run& run, std::int64_t from) const {
  if (!can_fill()) return;
  std::vector<Sample> filled;
  for (Sample& sample : run.samples) {
    append(filled, from, sample.dts);
    from = sample.end();
    filled.push_back(std::move(sample));
  }
  run.samples = std::move(filled);
}

void HoleFiller::extend(Fragmenter::Run& run, std::int64_t from, std::int64_t until) const {
  if (longest_ <= 0 || until - from < longest_) return;
  run.end_dts = append(run.samples, from, until - (until - from) % longest_);
}

}  // namespace rec::recording
