// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/fragmenter.h"

#include <algorithm>
#include <limits>

namespace rec::recording {
namespace {

constexpr Nanos kEverything = std::numeric_limits<Nanos>::max();
constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
constexpr Nanos kHole = kSecond;  // a longer step between samples says nothing about the next
constexpr Nanos kVideoFallback = kSecond / 30;  // duration of a single frame

std::size_t cost(const Sample& sample) { return sizeof(Sample) + sample.bytes.size(); }

}  // namespace

int Fragmenter::add_track(Medium medium) {
  tracks_.push_back({.medium = medium});
  return static_cast<int>(tracks_.size()) - 1;
}

void Fragmenter::push(int track, Sample sample) {
  Track& t = tracks_[index(track)];
  if (!t.queue.empty()) {
    const std::int64_t step = sample.dts - t.queue.back().dts;
    if (to_nanos(step, t.timescale) <= kHole) t.last_step = step;
  }
  t.reached = sample.end();
  t.bytes += cost(sample);
  bytes_ += cost(sample);
  const bool reordered = sample.duration == 0 && sample.cts_offset < 0;
  t.queue.push_back(std::move(sample));
  if (reordered) reorder(t);
}

// The last sample's time goes where it belongs among those of the queue; the later ones go to one
// sample later.
void Fragmenter::reorder(Track& track) {
  auto& queue = track.queue;
  const std::int64_t shown = queue.back().dts + queue.back().cts_offset;
  std::size_t first = queue.size() - 1;
  const std::size_t fixed = track.taken ? 1 : 0;
  while (first > fixed && queue[first - 1].dts >= shown) --first;
  std::int64_t dts = first > 0 ? std::max(shown, queue[first - 1].dts + 1) : shown;
  if (first >= queue.size() - 1 || dts >= queue[first].dts) return;
  for (std::size_t i = first; i < queue.size(); ++i) {
    Sample& s = queue[i];
    const std::int64_t pts = s.dts + s.cts_offset;
    std::swap(s.dts, dts);
    s.cts_offset = static_cast<std::int32_t>(pts - s.dts);
  }
}

void Fragmenter::hold_last(int track, std::int64_t end) {
  auto& queue = tracks_[index(track)].queue;
  if (!queue.empty() && end > queue.back().dts) queue.back().duration_hint = end - queue.back().dts;
}

void Fragmenter::move(int track, std::int64_t ticks) {
  Track& t = tracks_[index(track)];
  for (Sample& s : t.queue) s.dts += ticks;
  if (t.reached) *t.reached += ticks;
}

Sample Fragmenter::pop(Track& track, std::size_t at) {
  Sample sample = std::move(track.queue[at]);
  track.queue.erase(track.queue.begin() + static_cast<std::ptrdiff_t>(at));
  track.bytes -= cost(sample);
  bytes_ -= cost(sample);
  return sample;
}

std::size_t Fragmenter::clear() {
  std::size_t samples = 0;
  for (Track& t : tracks_) {
    samples += t.queue.size();
    t.queue.clear();
    t.bytes = 0;
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

std::optional<Orientation> Fragmenter::first_orientation(int track) const {
  const Track& t = tracks_[index(track)];
  return t.queue.empty() ? std::nullopt : std::optional(t.queue.front().orientation);
}

std::optional<Nanos> Fragmenter::first_turned(int track, const Orientation& file) const {
  const Track& t = tracks_[index(track)];
  const auto turned = std::find_if(t.queue.begin(), t.queue.end(),
                                   [&](const Sample& s) { return s.key && s.orientation != file; });
  return turned == t.queue.end() ? std::nullopt : std::optional(t.at(*turned));
}

void Fragmenter::roll_at(Nanos at, Nanos now) {
  if (!roll_) roll_ = Roll{at, now};
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
    if (!t.enabled || !t.is_video()) continue;
    const std::int64_t first = first_tick_at(start + policy_.duration / 2, t.timescale);
    const std::int64_t end = first_tick_at(latest + 1, t.timescale);
    for (const Sample& s : t.queue) {
      if (s.dts >= end) break;
      if (s.key && s.dts >= first) {
        cut = t.at(s);
        break;
      }
    }
    break;  // the first video track decides
  }
  return roll_ ? std::min(cut, roll_->at) : cut;
}

// When, by the monotonic clock, the first track reached `at`.
std::optional<Nanos> Fragmenter::reached_since(Nanos at) const {
  std::optional<Nanos> since;
  for (const Track& t : tracks_) {
    const std::int64_t tick = first_tick_at(at, t.timescale);
    // Most of the time nothing has: this is asked whenever a sample comes.
    if (!t.enabled || !t.reached || *t.reached < tick) continue;
    for (const Sample& s : t.queue) {
      if (s.end() < tick) continue;
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

bool Fragmenter::lacks_start(const Track& t, Nanos at) {
  return t.enabled && !t.ended && t.is_video() &&
         std::none_of(t.queue.begin(), t.queue.end(),
                      [&](const Sample& s) { return s.key && t.at(s) >= at; });
}

// Tracks that a file which ends at `at` still waits for: video goes on in it up to the key frame
// that the next file can begin with.
std::vector<int> Fragmenter::tracks_without_start(Nanos at) const {
  std::vector<int> late = tracks_before(at);
  for (int i = 0; i < track_count(); ++i)
    if (lacks_start(tracks_[index(i)], at) && std::find(late.begin(), late.end(), i) == late.end())
      late.push_back(i);
  return late;
}

std::size_t Fragmenter::enabled_bytes() const {
  std::size_t bytes = 0;
  for (const Track& t : tracks_)
    if (t.enabled) bytes += t.bytes;
  return bytes;
}

// What waits for its own file must not make the fragments of this one small.
bool Fragmenter::over_budget() const { return enabled_bytes() > policy_.max_bytes / 2; }

std::optional<Fragmenter::Plan> Fragmenter::plan() const {
  const auto open = oldest();
  if (!open && !roll_) return std::nullopt;
  const Nanos at = open ? preferred_cut(open->start) : roll_->at;
  const bool rolls = roll_ && at == roll_->at;
  const auto since = rolls ? roll_->since : reached_since(at);
  std::vector<int> late;
  if (since) late = rolls ? tracks_without_start(at) : tracks_before(at);
  return Plan{.at = at,
              .rolls = rolls,
              .reached = since.has_value(),
              .late = std::move(late),
              .patience = since ? *since + policy_.latency : kNever,
              .stopped = open ? open->arrival + policy_.duration + policy_.latency : kNever};
}

std::optional<Fragmenter::Cut> Fragmenter::next_cut(Nanos now) const {
  auto p = plan();
  if (!p) return std::nullopt;
  if (p->reached && p->late.empty()) return Cut{p->at, p->rolls, {}};
  if (now >= p->patience) return Cut{p->at, p->rolls, std::move(p->late)};
  if (now < p->stopped && !over_budget()) return std::nullopt;
  if (!p->reached) return Cut{kEverything, false, {}};
  // Slower tracks go on in the next fragment, but not in the next file.
  if (!p->rolls) p->late.clear();
  return Cut{p->at, p->rolls, std::move(p->late)};
}

std::optional<Nanos> Fragmenter::deadline() const {
  const auto p = plan();
  return p ? std::optional(std::min(p->patience, p->stopped)) : std::nullopt;
}

std::int64_t Fragmenter::last_duration(const Track& track, const Sample& last) const {
  if (last.duration > 0) return last.duration;
  if (last.duration_hint > 0) return last.duration_hint;
  return track.last_step > 0 ? track.last_step : to_ticks(kVideoFallback, track.timescale);
}

Fragmenter::Run Fragmenter::take_before(int track, const Cut& cut, bool last_too) {
  Track& t = tracks_[index(track)];
  Run run{track, {}, 0};
  const bool to_key = cut.rolls && t.is_video();
  for (std::size_t left = cut.rolls || last_too ? t.queue.size() : t.ready(); left > 0; --left) {
    const Sample& first = t.queue.front();
    if (t.at(first) >= cut.at && (!to_key || first.key)) break;
    run.samples.push_back(pop(t, 0));
  }
  if (run.samples.empty()) return run;
  t.taken = true;
  const Sample& last = run.samples.back();
  if (last.duration > 0) {
    run.end_dts = last.end();
  } else if (!t.queue.empty()) {
    run.end_dts = t.queue.front().dts;
  } else {
    run.end_dts = last.dts + last_duration(t, last);
    // At the end of a file the last picture stands until the end.
    if (cut.rolls && t.at(last) < cut.at)
      run.end_dts = std::max(last.dts + 1, to_ticks(cut.at, t.timescale));
  }
  return run;
}

std::vector<Fragmenter::Run> Fragmenter::take(const Cut& cut, bool last_too) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (!tracks_[i].enabled) continue;
    Run run = take_before(static_cast<int>(i), cut, last_too);
    if (!run.samples.empty()) runs.push_back(std::move(run));
  }
  if (!cut.everything()) {
    cut_ = cut.at;
  } else {
    for (const Run& run : runs) {
      const Nanos end = to_nanos(run.end_dts, tracks_[index(run.track)].timescale);
      cut_ = cut_ ? std::max(*cut_, end) : end;
    }
  }
  if (cut.rolls) roll_.reset();
  return runs;
}

std::vector<Fragmenter::Run> Fragmenter::take(const Cut& cut) { return take(cut, false); }

std::vector<Fragmenter::Run> Fragmenter::take_all() {
  roll_.reset();
  return take({kEverything, false, {}}, true);
}

Fragmenter::Keep Fragmenter::droppable(bool in_file) const {
  const bool enabled = enabled_bytes() >= bytes_ - enabled_bytes();
  Keep keep(tracks_.size());
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (!in_file || tracks_[i].enabled == enabled)
      keep[i] = in_file && enabled && tracks_[i].is_video() ? 1 : 0;
  return keep;
}

// The next key frame of the first video track that can drop something, in running time.
Nanos Fragmenter::end_of_oldest_gop(const Keep& keep) const {
  Nanos audio = kEverything;  // for audio only: the older half
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const Track& t = tracks_[i];
    if (!keep[i] || t.queue.size() <= *keep[i]) continue;
    if (!t.is_video()) {
      audio = std::min(audio, t.at(t.queue[t.queue.size() / 2]) + 1);
      continue;
    }
    const auto first = t.queue.begin() + static_cast<std::ptrdiff_t>(*keep[i]);
    const auto key = std::find_if(first + 1, t.queue.end(), [](const Sample& s) { return s.key; });
    return key != t.queue.end() ? t.at(*key) : t.at(t.queue.back()) + 1;
  }
  return audio;
}

void Fragmenter::drop_front(int index, std::size_t keep, Dropped& dropped) {
  Track& track = tracks_[Fragmenter::index(index)];
  const Sample sample = pop(track, keep);
  const Nanos end = to_nanos(sample.dts + last_duration(track, sample), track.timescale);
  if (dropped.parts.empty() || dropped.parts.back().track != index)
    dropped.parts.push_back({index, 0, track.at(sample), end});
  ++dropped.parts.back().samples;
  dropped.parts.back().end = end;
}

Fragmenter::Dropped Fragmenter::drop_oldest_gop(bool in_file) {
  const Keep keeps = droppable(in_file);
  const Nanos until = end_of_oldest_gop(keeps);
  Dropped dropped;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (!keeps[i]) continue;
    Track& t = tracks_[i];
    const std::size_t keep = *keeps[i];
    const std::size_t before = t.queue.size();
    while (t.queue.size() > keep && t.at(t.queue[keep]) < until)
      drop_front(static_cast<int>(i), keep, dropped);
    if (!t.is_video() || t.queue.size() == before) continue;
    while (t.queue.size() > keep && !t.queue[keep].key)
      drop_front(static_cast<int>(i), keep, dropped);
    if (t.queue.size() <= keep) dropped.need_key.push_back(static_cast<int>(i));
  }
  return dropped;
}

Fragmenter::Dropped Fragmenter::drop_until_key() {
  Dropped dropped;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& t = tracks_[i];
    if (!t.is_video()) continue;
    while (!t.queue.empty() && !t.queue.front().key) drop_front(static_cast<int>(i), 0, dropped);
    if (t.queue.empty()) dropped.need_key.push_back(static_cast<int>(i));
  }
  return dropped;
}

}  // namespace rec::recording
