// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What comes in: tracks, samples, what the store says. What goes out is in recorder_files.cpp.
#include "lib/recording/recorder.h"

#include <algorithm>

namespace rec::recording {

Recorder::Recorder(Options options, std::unique_ptr<Container> container)
    : options_(std::move(options)),
      container_(std::move(container)),
      fragmenter_(options_.fragments) {}

int Recorder::add_track(Medium medium) {
  tracks_.push_back({.medium = medium, .keys = KeyFramePolicy(medium)});
  return fragmenter_.add_track(medium);
}

void Recorder::configure(int index, TrackConfig config) {
  Track& t = track(index);
  if (!t.config) {
    t.clock.emplace(config.timescale, container_->silence_grid(config));
    fragmenter_.set_timescale(index, config.timescale);
  }
  t.config = std::move(config);
  if (!file_ && t.medium == Medium::kAudio) fragmenter_.enable(index);
}

void Recorder::want_key(int index, const char* reason, Nanos now) {
  if (track(index).keys.ask(now)) outputs_.push_back(KeyFrameWanted{index, reason});
}

// A first sample without a time belongs where it arrives among the others.
void Recorder::time_untimed(const Track& t, Input& input, Nanos now) {
  const auto stamp = input.dts ? input.dts : input.pts;
  if (!stamp && !t.recording && running_offset_) input.pts = now + *running_offset_;
  if (!running_offset_) running_offset_ = stamp.value_or(0) - now;
}

Recorder::Taken Recorder::push(int index, Input input, Nanos now) {
  Track& t = track(index);
  if (finishing_ || !t.config) return Taken::kFinished;
  if (!t.keys.admit(input)) {
    want_key(index, t.recording ? "drop" : "start", now);
    return Taken::kBeforeKeyFrame;
  }
  if (t.keys.damaged()) want_key(index, "loss", now);
  time_untimed(t, input, now);
  const auto placed = t.clock->place(input, now);
  if (!placed) return Taken::kLate;
  if (file_ && fragmenter_.enabled(index) &&
      to_nanos(placed->dts, t.config->timescale) < file_->origin())
    return Taken::kLate;
  accept(index,
         {.dts = placed->dts,
          .cts_offset = placed->cts_offset,
          .duration = input.duration,
          .duration_hint = input.duration_hint,
          .key = input.key,
          .arrival = now,
          .bytes = std::move(input.bytes)},
         placed->gap, now);
  poll(now);
  return Taken::kYes;
}

void Recorder::accept(int index, Sample sample, std::int64_t gap, Nanos now) {
  Track& t = track(index);
  if (gap > 0) note_gap(index, sample.dts - gap, sample.dts, "mute");
  tell_gap(index);
  if (t.ended) fragmenter_.resume_track(index);
  t.ended = false;
  t.last_arrival = now;
  if (!first_arrival_) first_arrival_ = now;
  if (!t.recording) outputs_.push_back(TrackRecording{index});
  t.recording = true;
  if (!file_) fragmenter_.enable(index);
  if (sample.key && late_track_waits() && leading_video(now) == index)
    fragmenter_.roll_at(to_nanos(sample.dts, t.config->timescale), now);
  fragmenter_.push(index, std::move(sample));
}

// A track has samples that the open file cannot take, for it does not declare it.
bool Recorder::late_track_waits() const {
  if (!file_ || fragmenter_.rolling()) return false;
  for (int i = 0; i < track_count(); ++i)
    if (!fragmenter_.enabled(i) && fragmenter_.first_dts(i)) return true;
  return false;
}

// The first video track of the open file that has not fallen silent.
std::optional<int> Recorder::leading_video(Nanos now) const {
  const Nanos silent = options_.fragments.duration + options_.fragments.latency;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (t.medium == Medium::kVideo && t.config && fragmenter_.enabled(i) && !t.ended &&
        t.last_arrival && now < *t.last_arrival + silent)
      return i;
  }
  return std::nullopt;
}

// A track that the open file does not declare gets a new file, at the next key frame of the video
// that is being recorded; at once where there is none.
void Recorder::poll_late_tracks(Nanos now) {
  video_silent_.reset();
  if (finishing_ || !late_track_waits()) return;
  if (const auto video = leading_video(now)) {
    want_key(*video, "late-track", now);
    video_silent_ =
        *track(*video).last_arrival + options_.fragments.duration + options_.fragments.latency;
    return;
  }
  for (int i = 0; i < track_count(); ++i)
    if (const auto first = fragmenter_.first_dts(i); first && !fragmenter_.enabled(i))
      fragmenter_.roll_at(*first, now);
}

void Recorder::pause(Nanos) { paused_ = true; }
void Recorder::resume(Nanos) { paused_ = false; }

void Recorder::end_track(int index, Nanos now) {
  Track& t = track(index);
  t.ended = true;
  if (!t.config) return;
  fragmenter_.end_track(index);
  poll(now);
}

void Recorder::finish(Nanos now) {
  if (finishing_) return;
  finishing_ = true;
  poll(now);
}

std::optional<Nanos> Recorder::deadline() const {
  if (state_ == State::kClaiming) return claimed_at_ + options_.claim_timeout;
  if (state_ != State::kWriting || congested_) return std::nullopt;
  if (awaiting_) return *first_arrival_ + options_.header_timeout;
  const auto cut = fragmenter_.deadline();
  return cut && video_silent_ ? std::min(*cut, *video_silent_) : cut ? cut : video_silent_;
}

void Recorder::claim_answered(const std::string& key, bool granted, const std::string& use_key,
                              Nanos now) {
  if (key != key_ || (state_ != State::kClaiming && state_ != State::kNoStore)) return;
  if (granted) {
    key_ = use_key;
    state_ = State::kWriting;
  } else {
    state_ = State::kNoStore;  // the store has said why; what comes is bounded by the budget
  }
  poll(now);
}

void Recorder::object_failed(const std::string& key, Nanos now) {
  if (key != key_ || state_ != State::kWriting) return;
  file_.reset();
  fragmenter_.cancel_roll();
  lose(fragmenter_.drop_until_key(), now);
  enable_tracks();
  claim(now, State::kNoStore);
  poll(now);
}

void Recorder::set_congested(bool congested, Nanos now) {
  congested_ = congested;
  poll(now);
}

void Recorder::note_gap(int index, std::int64_t start, std::int64_t end, const char* reason) {
  Track& t = track(index);
  const auto timescale = t.config->timescale;
  if (!t.gap) t.gap = GapMade{index, to_nanos(start, timescale), 0, reason, true};
  t.gap->duration = to_nanos(end, timescale) - t.gap->start;
}

void Recorder::tell_gap(int index) {
  Track& t = track(index);
  if (t.gap) outputs_.push_back(*t.gap);
  t.gap.reset();
}

}  // namespace rec::recording
