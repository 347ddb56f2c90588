// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/fragmenter.h"

#include <algorithm>
#include <limits>

namespace rec::recording {
namespace {

constexpr Nanos kEverything = std::numeric_limits<Nanos>::max();
constexpr Nanos kVideoFallback = kSecond / 30;  // duration of a single frame

}  // namespace

int Fragmenter::add_track(Medium medium) {
  tracks_.push_back({.medium = medium});
  return static_cast<int>(tracks_.size()) - 1;
}

void Fragmenter::push(int track, Sample sample) {
  Track& t = tracks_[index(track)];
  if (!t.queue.empty()) t.last_step = sample.dts - t.queue.back().dts;
  t.reached = sample.end();
  bytes_ += sample.bytes.size();
  t.queue.push_back(std::move(sample));
}

void Fragmenter::prepend(int track, std::vector<Sample> samples) {
  Track& t = tracks_[index(track)];
  for (auto sample = samples.rbegin(); sample != samples.rend(); ++sample) {
    bytes_ += sample->bytes.size();
    t.queue.push_front(std::move(*sample));
  }
}

std::size_t Fragmenter::clear() {
  std::size_t samples = 0;
  for (Track& t : tracks_) {
    samples += t.queue.size();
    t.queue.clear();
  }
  bytes_ = 0;
  return samples;
}

bool Fragmenter::empty() const {
  return std::all_of(tracks_.begin(), tracks_.end(),
                     [](const Track& t) { return t.queue.empty(); });
}

std::optional<Nanos> Fragmenter::first_dts(int track) const {
  const Track& t = tracks_[index(track)];
  return t.queue.empty() ? std::nullopt : std::optional(t.at(t.queue.front()));
}

std::optional<std::int64_t> Fragmenter::first_sample(int track) const {
  const Track& t = tracks_[index(track)];
  return t.queue.empty() ? std::nullopt : std::optional(t.queue.front().dts);
}

std::optional<std::int64_t> Fragmenter::reached(int track) const {
  return tracks_[index(track)].reached;
}

// The oldest sample that could be written, and where the open fragment begins.
std::optional<Fragmenter::Oldest> Fragmenter::oldest() const {
  std::optional<Oldest> found;
  for (const Track& t : tracks_) {
    if (!t.enabled || t.ready() == 0) continue;
    const Sample& first = t.queue.front();
    const Oldest mine{t.at(first), first.arrival};
    found = found
                ? Oldest{std::min(found->start, mine.start), std::min(found->arrival, mine.arrival)}
                : mine;
  }
  if (found && cut_) found->start = std::max(found->start, *cut_);
  return found;
}

// Before the first key frame of the later half of the fragment, if there is one.
Nanos Fragmenter::preferred_cut(Nanos start) const {
  const Nanos latest = start + policy_.duration;
  Nanos cut = latest;
  for (const Track& t : tracks_) {
    if (!t.enabled || t.medium != Medium::kVideo) continue;
    for (const Sample& s : t.queue) {
      const Nanos at = t.at(s);
      if (at > latest) break;
      if (s.key && at >= start + policy_.duration / 2) {
        cut = at;
        break;
      }
    }
    break;  // the first video track decides
  }
  return roll_at_ ? std::min(cut, *roll_at_) : cut;
}

// When, by the monotonic clock, the first track reached `at`.
std::optional<Nanos> Fragmenter::reached_since(Nanos at) const {
  std::optional<Nanos> since;
  for (const Track& t : tracks_) {
    if (!t.enabled) continue;
    for (const Sample& s : t.queue) {
      if (to_nanos(s.end(), t.timescale) < at) continue;
      since = since ? std::min(*since, s.arrival) : s.arrival;
      break;
    }
  }
  return since;
}

std::vector<int> Fragmenter::tracks_before(Nanos at) const {
  std::vector<int> late;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const Track& t = tracks_[i];
    if (t.enabled && !t.ended && (!t.reached || to_nanos(*t.reached, t.timescale) < at))
      late.push_back(static_cast<int>(i));
  }
  return late;
}

std::optional<Fragmenter::Cut> Fragmenter::next_cut(Nanos now) const {
  const auto open = oldest();
  if (!open) {
    if (roll_at_ && tracks_before(*roll_at_).empty()) return Cut{*roll_at_, true, {}};
    return std::nullopt;
  }
  const Nanos at = preferred_cut(open->start);
  const bool rolls = roll_at_ && at == *roll_at_;
  auto late = tracks_before(at);
  const auto since = reached_since(at);
  if (late.empty() && (since || rolls)) return Cut{at, rolls, {}};
  if (since && now >= *since + policy_.latency) return Cut{at, rolls, std::move(late)};
  if (now >= open->arrival + policy_.duration + policy_.latency || bytes_ > policy_.max_bytes / 2)
    return Cut{since ? at : kEverything, since && rolls, {}};
  return std::nullopt;
}

std::optional<Nanos> Fragmenter::deadline() const {
  const auto open = oldest();
  if (!open) return std::nullopt;
  const Nanos stopped = open->arrival + policy_.duration + policy_.latency;
  const auto since = reached_since(preferred_cut(open->start));
  return since ? std::min(stopped, *since + policy_.latency) : stopped;
}

Sample Fragmenter::pop_front(Track& track) {
  Sample sample = std::move(track.queue.front());
  track.queue.pop_front();
  bytes_ -= sample.bytes.size();
  return sample;
}

std::int64_t Fragmenter::last_duration(const Track& track, const Sample& last) const {
  if (last.duration > 0) return last.duration;
  if (last.duration_hint > 0) return last.duration_hint;
  return track.last_step > 0 ? track.last_step : to_ticks(kVideoFallback, track.timescale);
}

Fragmenter::Run Fragmenter::take_before(int track, const Cut& cut) {
  Track& t = tracks_[index(track)];
  Run run{track, {}, 0};
  // At the end of a file the last picture stands until the end.
  for (std::size_t left = cut.rolls ? t.queue.size() : t.ready();
       left > 0 && t.at(t.queue.front()) < cut.at; --left)
    run.samples.push_back(pop_front(t));
  if (run.samples.empty()) return run;
  const Sample& last = run.samples.back();
  if (last.duration > 0)
    run.end_dts = last.end();
  else if (!t.queue.empty())
    run.end_dts = t.queue.front().dts;
  else
    run.end_dts = cut.rolls ? std::max(last.dts + 1, to_ticks(cut.at, t.timescale))
                            : last.dts + last_duration(t, last);
  return run;
}

std::vector<Fragmenter::Run> Fragmenter::take(const Cut& cut) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (!tracks_[i].enabled) continue;
    Run run = take_before(static_cast<int>(i), cut);
    if (!run.samples.empty()) runs.push_back(std::move(run));
  }
  if (cut.at != kEverything) {
    cut_ = cut.at;
  } else {
    for (const Run& run : runs) {
      const Nanos end = to_nanos(run.end_dts, tracks_[index(run.track)].timescale);
      cut_ = cut_ ? std::max(*cut_, end) : end;
    }
  }
  if (cut.rolls) roll_at_.reset();
  return runs;
}

std::vector<Fragmenter::Run> Fragmenter::take_all() {
  for (Track& t : tracks_) t.ended = true;
  roll_at_.reset();
  return take({kEverything, false, {}});
}

Fragmenter::Dropped Fragmenter::drop_oldest_gop() {
  Nanos until = kEverything;  // the next key frame of the first video track, or all there is
  for (const Track& t : tracks_) {
    if (t.medium != Medium::kVideo || t.queue.empty()) continue;
    const auto key =
        std::find_if(t.queue.begin() + 1, t.queue.end(), [](const Sample& s) { return s.key; });
    until = key != t.queue.end() ? t.at(*key) : t.at(t.queue.back()) + 1;
    break;
  }
  if (until == kEverything)  // audio only: the older half
    for (const Track& t : tracks_)
      if (!t.queue.empty()) until = std::min(until, t.at(t.queue[t.queue.size() / 2]) + 1);
  Dropped dropped;
  for (Track& t : tracks_) {
    while (!t.queue.empty() && t.at(t.queue.front()) < until) {
      const Sample sample = pop_front(t);
      const Nanos start = t.at(sample);
      dropped.start = dropped.samples == 0 ? start : std::min(dropped.start, start);
      dropped.end = std::max(dropped.end, start + to_nanos(last_duration(t, sample), t.timescale));
      ++dropped.samples;
    }
  }
  return dropped;
}

bool Fragmenter::trim_to_key(int track) {
  Track& t = tracks_[index(track)];
  if (t.medium != Medium::kVideo) return false;
  while (!t.queue.empty() && !t.queue.front().key) pop_front(t);
  return t.queue.empty();
}

}  // namespace rec::recording
