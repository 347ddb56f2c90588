// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What goes out of a recorder: names, files, fragments; and what has to be dropped.
#include <algorithm>

#include "lib/recording/recorder.h"

namespace rec::recording {

void Recorder::poll(Nanos now) {
  if (state_ == State::kFinished) return;
  poll_store(now);
  poll_late_tracks(now);
  awaiting_ = awaits_tracks(now);
  if (!awaiting_ && (!congested_ || finishing_)) {
    while (state_ == State::kWriting) {
      const auto cut = fragmenter_.next_cut(now);
      if (!cut) break;
      write(*cut, now);
    }
  }
  if (finishing_ && state_ != State::kClaiming) stop(now);
  keep_budget(now);
}

// True: a track that will be there soon would miss the header.
bool Recorder::awaits_tracks(Nanos now) const {
  if (started_ || finishing_ || !first_arrival_ || now >= *first_arrival_ + options_.header_timeout)
    return false;
  return expecting_ || std::any_of(tracks_.begin(), tracks_.end(), [](const Track& t) {
           return t.medium == Medium::kVideo && !t.recording && !t.ended;
         });
}

// Gets a name for the samples that have none.
void Recorder::poll_store(Nanos now) {
  if (state_ == State::kIdle && !fragmenter_.empty()) claim(now, State::kClaiming);
  if (state_ == State::kClaiming && now >= claimed_at_ + options_.claim_timeout) {
    key_ = with_suffix(key_, PathTemplate::parse("{id}").value().expand({.id = options_.random()}));
    state_ = State::kWriting;
  }
}

void Recorder::claim(Nanos now, State waiting) {
  std::optional<Nanos> first;
  for (int i = 0; i < track_count(); ++i)
    if (const auto at = fragmenter_.first_dts(i)) first = first ? std::min(*first, *at) : *at;
  key_ = options_.path.expand({.stream = options_.stream_name,
                               .utc = utc_origin_.value_or(0) + first.value_or(0),
                               .index = objects_ + 1,
                               .id = options_.random()});
  claimed_at_ = now;
  state_ = waiting;
  outputs_.push_back(ClaimName{key_});
}

// For the next file: audio that is known, video that has a sample to begin with.
void Recorder::enable_tracks() {
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (!t.config) continue;
    const bool declared = t.medium == Medium::kAudio ? !t.ended || fragmenter_.first_dts(i)
                                                     : fragmenter_.first_dts(i).has_value();
    declared ? fragmenter_.enable(i) : fragmenter_.disable(i);
  }
}

void Recorder::begin_file() {
  enable_tracks();
  std::optional<Nanos> origin;
  std::vector<FileWriter::Track> declared;
  for (int i = 0; i < track_count(); ++i) {
    if (!track(i).config || !fragmenter_.enabled(i)) continue;
    declared.push_back({i, *track(i).config});
    if (const auto first = fragmenter_.first_dts(i))
      origin = origin ? std::min(*origin, *first) : *first;
  }
  const Nanos start_utc = utc_origin_.value_or(0) + origin.value_or(0);
  file_.emplace(*container_, key_, declared, origin.value_or(0), start_utc);
  ++objects_;
  if (!started_) outputs_.push_back(RecordingStarted{key_, start_utc, "system"});
  started_ = true;
  emit(file_->header());
  for (const auto& t : declared) tell_late_start(t.index);
}

// The silence in front of a track that has its first sample later than its first file.
void Recorder::tell_late_start(int index) {
  Track& t = track(index);
  const auto first = fragmenter_.first_sample(index);
  if (t.medium != Medium::kAudio || std::exchange(t.declared, true) || !first) return;
  const HoleFiller holes(*container_, *t.config);
  if (!holes.can_fill()) return;
  const auto origin = to_ticks(file_->origin(), t.config->timescale);
  const auto start = holes.on_grid(*first, origin);
  if (start == *first) return;
  note_gap(index, start, *first, "late");
  tell_gap(index);
}

// How far audio that has nothing for this fragment is silent: up to its next sample, or as far as
// it was waited for in vain. A track that has come too late before is given more time.
std::vector<FileWriter::Rest> Recorder::rests(const Fragmenter::Cut& cut) const {
  std::vector<FileWriter::Rest> rests;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (t.medium != Medium::kAudio || !t.config || !fragmenter_.enabled(i)) continue;
    const auto until = to_ticks(cut.at, t.config->timescale);
    if (const auto next = fragmenter_.first_sample(i)) {
      rests.push_back({i, std::min(until, *next), next});
    } else if (std::find(cut.late.begin(), cut.late.end(), i) != cut.late.end()) {
      const auto margin = to_ticks(options_.fragments.latency, t.config->timescale);
      const auto lag = t.clock->lag() > 0 ? t.clock->lag() + margin : 0;
      rests.push_back({i, until - lag, t.clock->grid_end()});
    }
  }
  return rests;
}

void Recorder::write(const Fragmenter::Cut& cut, Nanos now) {
  if (!file_) begin_file();
  auto runs = fragmenter_.take(cut);
  const auto silent = rests(cut);
  std::vector<std::optional<std::int64_t>> ends;
  for (const auto& rest : silent) {
    const Track& t = track(rest.track);
    ends.push_back(t.clock->grid_end() ? t.clock->grid_end()
                                       : to_ticks(file_->origin(), t.config->timescale));
  }
  emit_fragments(std::move(runs), silent);
  for (std::size_t i = 0; i < silent.size(); ++i) {
    const int index = silent[i].track;
    const auto end = file_->end_of(index);
    if (!end || fragmenter_.first_sample(index) || *end <= *ends[i]) continue;
    note_gap(index, *ends[i], *end, track(index).recording ? "mute" : "late");
    track(index).clock->advance_to(*end);
  }
  if (!cut.rolls) return;
  end_file();
  start_anew_at_keys(now);
  enable_tracks();
  state_ = State::kIdle;
  poll_store(now);
}

// Video that the next file cannot begin with has to send a key frame.
void Recorder::start_anew_at_keys(Nanos now) {
  for (int i = 0; i < track_count(); ++i) {
    Track& t = track(i);
    if (t.medium != Medium::kVideo || !t.config || fragmenter_.first_dts(i)) continue;
    t.keys.require();
    if (!t.ended) want_key(i, "late-track", now);
  }
}

void Recorder::emit(ObjectUnit unit) {
  bytes_ += unit.bytes.size();
  outputs_.push_back(std::move(unit));
}

void Recorder::emit_fragments(std::vector<Fragmenter::Run> runs,
                              std::span<const FileWriter::Rest> rests) {
  for (ObjectUnit& unit : file_->fragments(std::move(runs), rests)) emit(std::move(unit));
}

void Recorder::end_file() {
  emit(file_->end());
  file_.reset();
}

void Recorder::stop(Nanos now) {
  if (state_ == State::kWriting && (file_ || !fragmenter_.empty())) {
    if (!file_) begin_file();
    emit_fragments(fragmenter_.take_all(), {});
    end_file();
    if (!fragmenter_.empty()) {  // a late track still waits for its file
      enable_tracks();
      claim(now, State::kClaiming);
      return;
    }
  }
  for (int i = 0; i < track_count(); ++i) tell_gap(i);
  lost_samples_ += fragmenter_.clear();
  state_ = State::kFinished;
  outputs_.push_back(RecordingStopped{objects_, bytes_, lost_samples_});
}

void Recorder::keep_budget(Nanos now) {
  while (fragmenter_.bytes() > options_.fragments.max_bytes) {
    const auto dropped = fragmenter_.drop_oldest_gop(file_.has_value());
    if (dropped.samples == 0) return;
    lose(dropped, now);
  }
}

void Recorder::lose(const Fragmenter::Dropped& dropped, Nanos now) {
  lost_samples_ += dropped.samples;
  if (dropped.samples > 0)
    outputs_.push_back(GapMade{-1, dropped.start, dropped.end - dropped.start, "drop", false});
  for (const int index : dropped.need_key) {
    track(index).keys.require();
    if (!track(index).ended) want_key(index, "drop", now);
  }
}

}  // namespace rec::recording
