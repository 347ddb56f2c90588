// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What comes in: tracks, samples, what the store says. What is missing is in recorder_gaps.cpp,
// when the next file begins in recorder_rolls.cpp, what goes out in recorder_files.cpp.
#include "lib/recording/recorder.h"

#include <algorithm>

namespace rec::recording {
namespace {

bool may_reorder(const CodecConfig& codec) {
  return std::visit(
      [](const auto& config) {
        if constexpr (requires { config.reorders; }) return config.reorders;
        return false;
      },
      codec);
}

}  // namespace

Recorder::Recorder(Options options, std::unique_ptr<Container> container)
    : options_(std::move(options)),
      container_(std::move(container)),
      fragmenter_(options_.fragments),
      sync_(options_.timing) {}

int Recorder::add_track(Medium medium, std::optional<int> before) {
  tracks_.push_back(
      {.medium = medium, .before = before, .keys = KeyFramePolicy(medium, options_.keep_damaged)});
  sync_.add_track(medium);
  return fragmenter_.add_track(medium);
}

void Recorder::configure(int index, TrackConfig config) {
  Track& t = track(index);
  if (!t.config) {
    t.clock.emplace(config.timescale);
    t.placer.emplace(config.timescale, container_->silence_grid(config));
    fragmenter_.set_timescale(index, config.timescale);
  }
  t.placer->set_reorders(may_reorder(config.codec));
  t.config = std::move(config);
  if (!file_ && t.medium == Medium::kAudio && !waits_for_predecessor(index))
    fragmenter_.enable(index);
}

void Recorder::want_key(int index, const char* reason, Nanos now) {
  if (track(index).keys.ask(now)) outputs_.push_back(KeyFrameWanted{index, reason});
}

// In running time. It is where a first sample without a time belongs.
Nanos Recorder::arrival_time(const Input& input, Nanos now) {
  const auto stamp = input.dts ? input.dts : input.pts;
  if (!running_offset_ || (running_offset_guessed_ && stamp)) {
    running_offset_ = stamp.value_or(0) - now;
    running_offset_guessed_ = !stamp;
  }
  return now + *running_offset_;
}

// Where the sample belongs in the recording, in track ticks.
std::int64_t Recorder::read_clocks(int index, const Input& input, Nanos now) {
  Track& t = track(index);
  const auto timescale = t.config->timescale;
  const auto before = t.clock->read_any() ? std::optional(t.clock->last()) : std::nullopt;
  const std::int64_t own = t.clock->read(input, now, arrival_time(input, now));
  sync_.observe(index, {t.clock->arrival_offset(), t.clock->settled(), t.clock->sender_offset()},
                before ? t.clock->last() - *before : 0, to_nanos(input.duration, timescale),
                t.written);
  return own + to_ticks(sync_.shift(index) - paused_total_, timescale);
}

// False: no decoder could use it.
bool Recorder::admit(int index, const Input& input, Nanos now) {
  Track& t = track(index);
  if (input.rtp) {
    t.reports |= input.rtp->reports;
    t.losing |= std::exchange(t.lost, input.rtp->lost) < input.rtp->lost;
  }
  const bool admitted = t.keys.admit(input);
  if (t.keys.damaged()) want_key(index, "loss", now);
  if (admitted) return true;
  if (!t.skipped) t.skipped = t.keys.damaged() ? "loss" : "drop";
  want_key(index, t.recording ? t.key_reason : "start", now);
  return false;
}

Recorder::Taken Recorder::push(int index, Input input, Nanos now) {
  Track& t = track(index);
  if (finishing_ || !t.config) return Taken::kFinished;
  note_input(index, now);
  std::int64_t ticks = read_clocks(index, input, now);
  if (paused_) return Taken::kPaused;
  if (!admit(index, input, now)) {
    t.skipped_until = ticks;
    return Taken::kBeforeKeyFrame;
  }
  if (resuming_) end_pause(index, ticks);
  const auto last = t.placer->last();
  const auto placed = t.placer->place(input, ticks);
  if (!placed) return Taken::kLate;
  const Nanos at = to_nanos(placed->dts, t.config->timescale);
  const std::int64_t off_grid = t.medium == Medium::kAudio ? placed->dts - ticks : 0;
  sync_.placed(index, sync_.shift(index) + to_nanos(off_grid, t.config->timescale));
  if (file_ && fragmenter_.enabled(index) && at < file_->origin()) return Taken::kLate;
  if (t.medium == Medium::kAudio)
    note_audio_gap(index, input, *placed);
  else
    note_video_gap(index, last, placed->dts);
  forget_hole(t, input);
  accept(index,
         {.dts = placed->dts,
          .cts_offset = placed->cts_offset,
          .duration = input.duration,
          .duration_hint = input.duration_hint,
          .key = input.key,
          .orientation = t.tags.orientation,
          .arrival = now,
          .bytes = std::move(input.bytes)},
         now);
  poll(now);
  return Taken::kYes;
}

void Recorder::accept(int index, Sample sample, Nanos now) {
  Track& t = track(index);
  if (t.ended) fragmenter_.resume_track(index);
  t.ended = false;
  t.last_arrival = now;
  if (!first_arrival_) first_arrival_ = now;
  if (!t.recording) outputs_.push_back(TrackRecording{index});
  t.recording = true;
  if (!file_ && !waits_for_predecessor(index)) fragmenter_.enable(index);
  if (sample.key) {
    t.last_key = now;
    t.shown = sample.orientation;
  }
  if (begins_file(index, sample, now))
    fragmenter_.roll_at(to_nanos(sample.dts, t.config->timescale), now);
  fragmenter_.push(index, std::move(sample));
}

void Recorder::end_track(int index, Nanos now) {
  Track& t = track(index);
  t.ended = true;
  sync_.end_track(index);
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
  std::optional<Nanos> first = liveness_deadline();
  const auto also = [&](std::optional<Nanos> at) {
    if (at) first = first ? std::min(*first, *at) : *at;
  };
  if (state_ == State::kClaiming) also(claimed_at_ + options_.claim_timeout);
  if (state_ != State::kWriting || congested_) return first;
  if (awaiting_) {
    also(awaiting_);
    return first;
  }
  if (const auto cut = fragmenter_.deadline()) also(cut);
  also(video_silent_);
  also(key_interval_deadline());
  return first;
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
  await_store(now);
}

void Recorder::object_full(const std::string& key, Nanos now) {
  if (key != key_ || state_ != State::kWriting || !file_) return;
  emit_fragments(fragmenter_.take_all(), {});
  end_file();
  await_store(now);
}

// What is not in the file that was open goes into another one, as soon as the store takes it.
void Recorder::await_store(Nanos now) {
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

}  // namespace rec::recording
