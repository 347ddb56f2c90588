// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/sync.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace rec::recording {
namespace {

// Senders whose wall clocks differ by more cannot be told from one network that is slow.
constexpr Nanos kPlausible = kSecond;
// Video is moved at most by this part of its own time: half a percent.
constexpr std::int64_t kSlewDivisor = 200;
// Which difference is noticed, and when it counts as corrected: the reports of a sender are off by
// 2 ms, what is left of the jitter of arrival times by more.
constexpr Nanos kNoticedBySender = 4'000'000;
constexpr Nanos kCorrectedBySender = 500'000;
constexpr Nanos kNoticedByArrival = 10'000'000;
constexpr Nanos kCorrectedByArrival = 1'000'000;
// Audio is moved by a packet, but not less than this.
constexpr Nanos kAudioStep = 20'000'000;

}  // namespace

const Sync::Track* Sync::master() const {
  const Track* found = nullptr;
  for (const Track& t : tracks_) {
    if (!t.active) continue;
    if (t.medium == Medium::kAudio) return &t;
    if (!found) found = &t;
  }
  return found;
}

Sync::Target Sync::target(const Track& track, const Track& master) const {
  const Offsets& mine = track.offsets;
  const Offsets& its = master.offsets;
  const Nanos by_arrival = mine.arrival - its.arrival + master.placed;
  if (timing_ != Timing::kArrival && mine.sender && its.sender) {
    const Nanos by_sender = *mine.sender - *its.sender + master.placed;
    if (timing_ == Timing::kRtcp || std::llabs(by_sender - by_arrival) <= kPlausible)
      return {by_sender, kNoticedBySender, kCorrectedBySender};
  }
  const bool settled =
      (mine.settled && its.settled) || std::llabs(by_arrival - track.shift) > kPlausible;
  if (!settled) return {track.shift, kNoticedByArrival, kCorrectedByArrival};
  return {by_arrival, kNoticedByArrival, kCorrectedByArrival};
}

void Sync::slew(Track& track, const Target& target, Nanos step) {
  const Nanos error = target.shift - track.shift;
  if (std::llabs(error) > target.noticed) track.slewing = true;
  if (std::llabs(error) < target.corrected) track.slewing = false;
  if (!track.slewing) return;
  const Nanos most = std::max<Nanos>(step, 0) / kSlewDivisor;
  track.shift += std::clamp(error, -most, most);
}

void Sync::observe(int track, const Offsets& offsets, Nanos step, Nanos duration, bool written) {
  Track& t = at(track);
  const Track* clock = master();
  const bool first = !std::exchange(t.active, true);
  t.offsets = offsets;
  if (clock == &t || (first && !clock)) {
    if (first) t.placed = t.shift;
    return;
  }
  if (first) {
    t.shift = offsets.arrival - clock->offsets.arrival + clock->placed;
    t.placed = t.shift = target(t, *clock).shift;
  } else if (!written) {
    return;
  } else if (t.medium == Medium::kVideo) {
    slew(t, target(t, *clock), step);
  } else {
    const Nanos packet = std::max(kAudioStep, duration);
    const Nanos error = target(t, *clock).shift - t.shift;
    // A packet too many or too few is then less wrong than before, and by more than errors jitter.
    if (std::llabs(error) > packet * 7 / 10)
      t.shift += std::llabs(error) < packet ? (error < 0 ? -packet : packet) : error;
  }
}

void Sync::align(int track) {
  Track& t = at(track);
  const Track* clock = master();
  if (!t.active || !clock || clock == &t) return;
  const Target to = target(t, *clock);
  if (std::llabs(to.shift - t.shift) > to.noticed) t.placed = t.shift = to.shift;
}

std::optional<Nanos> Sync::sender_origin() const {
  if (timing_ == Timing::kArrival) return std::nullopt;
  const Track* clock = master();
  if (clock && clock->offsets.sender) return *clock->offsets.sender - clock->placed;
  for (const Track& t : tracks_)
    if (t.active && t.offsets.sender) return *t.offsets.sender - t.placed;
  return std::nullopt;
}

}  // namespace rec::recording
