// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a recording lacks, and why: holes, tracks that have stalled, pauses.
#include <algorithm>

#include "lib/recording/recorder.h"

namespace rec::recording {
namespace {

// Pictures that are further apart, and three times further than those before, have a hole between
// them.
constexpr Nanos kVideoHole = kSecond;
// A track that ends so much earlier than another has a hole.
constexpr Nanos kBehind = 100'000'000;

}  // namespace

// --- holes --------------------------------------------------------------------------------------

const char* Recorder::reason_of_hole(const Track& t) const {
  if (t.skipped) return t.skipped;
  if (t.was_stalled) return "stall";
  if (t.losing) return "loss";
  return t.quiet ? "dtx" : "mute";
}

// `reason`: nullptr when it is not known before the hole is over.
void Recorder::note_gap(int index, std::int64_t start, std::int64_t end, const char* reason) {
  Track& t = track(index);
  const auto timescale = t.config->timescale;
  if (!t.gap) {
    const bool filled = t.medium == Medium::kVideo || options_.fill_audio;
    t.gap = GapMade{index, to_nanos(start, timescale), 0, reason, filled};
  }
  t.gap->duration = to_nanos(end, timescale) - t.gap->start;
}

void Recorder::tell_gap(int index) {
  Track& t = track(index);
  if (!t.gap) return;
  if (!t.gap->reason) t.gap->reason = reason_of_hole(t);
  // Behind a pause a picture follows at once: nothing is missing.
  if (t.gap->duration > 0) outputs_.push_back(*t.gap);
  t.gap.reset();
}

// A hole goes on behind a packet that says nothing but that there is nothing to hear.
void Recorder::note_audio_gap(int index, const Input& input, const Placer::Place& place) {
  Track& t = track(index);
  if (place.gap > 0)
    note_gap(index, place.dts - place.gap, place.dts, nullptr);
  else if (file_ && !t.recording && !t.gap && fragmenter_.enabled(index))  // not filled
    note_gap(index, to_ticks(file_->origin(), t.config->timescale), place.dts, "late");
  if (!t.gap) return;
  if (input.quiet && !t.gap->reason) t.gap->reason = t.losing ? "loss" : "dtx";
  if (!input.quiet) tell_gap(index);
}

void Recorder::note_video_gap(int index, std::optional<std::int64_t> last, std::int64_t dts) {
  Track& t = track(index);
  const std::int64_t step = t.clock->step();
  note_damage(index, dts);
  if (!last) return;
  const std::int64_t hole = dts - *last;
  const bool long_hole = hole > to_ticks(kVideoHole, t.config->timescale) && hole > 3 * step;
  const bool lost = t.losing && hole > step + step / 2;
  if (!t.skipped && !long_hole && !lost) return;
  note_gap(index, std::min(*last + step, dts), dts, nullptr);
  tell_gap(index);
}

// Pictures that were kept although they refer to lost ones.
void Recorder::note_damage(int index, std::int64_t dts) {
  Track& t = track(index);
  const Nanos at = to_nanos(dts, t.config->timescale);
  if (t.keys.damaged()) {
    if (!t.keeping_damaged) t.keeping_damaged = at;
  } else if (t.keeping_damaged) {
    const Nanos start = *std::exchange(t.keeping_damaged, std::nullopt);
    outputs_.push_back(GapMade{index, start, at - start, "loss", true});
  }
}

// At the end: the last picture stands for what was dropped and will not be followed by anything.
void Recorder::hold_last_pictures() {
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (!t.recording || !t.skipped || !t.placer->last()) continue;
    const std::int64_t end = t.skipped_until + t.clock->step();
    if (end <= *t.placer->end()) continue;
    note_gap(i, *t.placer->end(), end, t.skipped);
    fragmenter_.hold_last(i, end);
  }
}

void Recorder::forget_hole(Track& t, const Input& input) {
  t.skipped = nullptr;
  t.key_reason = "drop";
  t.losing = t.was_stalled = false;
  t.quiet = input.quiet;
}

// --- liveness -----------------------------------------------------------------------------------

void Recorder::note_input(int index, Nanos now) {
  Track& t = track(index);
  t.last_input = now;
  if (!std::exchange(t.stalled, false)) return;
  t.was_stalled = true;
  outputs_.push_back(TrackRecovered{index});
}

void Recorder::poll_liveness(Nanos now) {
  if (options_.track_timeout <= 0 || paused_ || finishing_ || !first_arrival_) return;
  for (int i = 0; i < track_count(); ++i) {
    Track& t = track(i);
    if (!t.config || t.ended || t.stalled) continue;
    if (now < t.last_input.value_or(*first_arrival_) + options_.track_timeout) continue;
    t.stalled = true;
    outputs_.push_back(TrackStalled{i});
  }
}

std::optional<Nanos> Recorder::liveness_deadline() const {
  std::optional<Nanos> first;
  if (options_.track_timeout <= 0 || paused_ || finishing_ || !first_arrival_) return first;
  for (const Track& t : tracks_) {
    if (!t.config || t.ended || t.stalled) continue;
    const Nanos at = t.last_input.value_or(*first_arrival_) + options_.track_timeout;
    first = first ? std::min(*first, at) : at;
  }
  return first;
}

// --- pauses -------------------------------------------------------------------------------------

void Recorder::pause(Nanos) {
  if (!finishing_) paused_ = true;
}

void Recorder::resume(Nanos now) {
  if (!std::exchange(paused_, false)) return;
  resuming_ = true;
  for (int i = 0; i < track_count(); ++i) {
    Track& t = track(i);
    if (t.last_input) t.last_input = now;
    if (t.recording) t.skipped = "pause";
    t.key_reason = "resume";
    t.keys.require();
    if (t.medium == Medium::kVideo && t.config && !t.ended) want_key(i, "resume", now);
  }
  poll(now);
}

// The first sample after a pause follows the last one of its track, unless that had fallen behind
// the others: so nothing has to be filled.
void Recorder::end_pause(int index, std::int64_t& ticks) {
  resuming_ = false;
  std::optional<Nanos> end;  // of the media
  for (const Track& t : tracks_) {
    if (!t.placer || !t.placer->end()) continue;
    const Nanos mine = to_nanos(*t.placer->end(), t.config->timescale);
    end = end ? std::max(*end, mine) : mine;
  }
  if (!end) return;
  const Track& t = track(index);
  const auto timescale = t.config->timescale;
  const auto own = t.placer->end();
  const bool follows = own && *end - to_nanos(*own, timescale) < kBehind;
  const std::int64_t to = follows ? *own : to_ticks(*end, timescale);
  const Nanos length = to_nanos(ticks - to, timescale);
  if (length <= 0) return;
  paused_total_ += length;
  ticks = to;
  const Nanos at = to_nanos(to, timescale);
  utc_.add_pause(at, length);
  outputs_.push_back(GapMade{-1, at, length, "pause", false});
}

}  // namespace rec::recording
