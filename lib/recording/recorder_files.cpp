// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What goes out of a recorder: names, files, fragments; and what has to be dropped.
#include <algorithm>
#include <cstdlib>

#include "lib/recording/recorder.h"

namespace rec::recording {
namespace {

// The NTP time of a sender may be anything, such as its uptime (RFC 3550, 6.4.1).
constexpr Nanos kNoWallClock = Nanos{24 * 3600} * kSecond;

}  // namespace

void Recorder::poll(Nanos now) {
  if (state_ == State::kFinished) return;
  poll_store(now);
  awaiting_ = awaits_tracks(now);
  if (!awaiting_) awaiting_ = awaits_reports(now);
  if (!file_ && !awaiting_) align_unwritten();
  poll_rolls(now);
  poll_key_interval(now);
  poll_liveness(now);
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

// What the next file begins with has its place before it is written.
void Recorder::align_unwritten() {
  for (int i = 0; i < track_count(); ++i) {
    Track& t = track(i);
    if (!t.recording || t.written) continue;
    const auto ticks = [&] {
      return to_ticks(sync_.shift(i) - paused_total_, t.config->timescale);
    };
    const std::int64_t before = ticks();
    sync_.align(i);
    const std::int64_t moved = ticks() - before;
    t.placer->move(moved);
    fragmenter_.move(i, moved);
    if (moved) fragmenter_.cancel_roll();  // it was where the track has been
  }
}

// How long a track that will be there soon is waited for: it would miss the header.
std::optional<Nanos> Recorder::awaits_tracks(Nanos now) const {
  if (started_ || finishing_ || !first_arrival_) return std::nullopt;
  const Nanos until = *first_arrival_ + options_.header_timeout;
  const bool missing =
      expecting_ || std::any_of(tracks_.begin(), tracks_.end(), [](const Track& t) {
        return t.medium == Medium::kVideo && !t.recording && !t.ended;
      });
  return missing && now < until ? std::optional(until) : std::nullopt;
}

// How long sender reports are waited for: until then tracks that the network delays differently
// are not beside each other.
std::optional<Nanos> Recorder::awaits_reports(Nanos now) const {
  if (started_ || finishing_ || !first_arrival_ || options_.timing == Timing::kArrival)
    return std::nullopt;
  int reporting = 0;
  bool missing = false;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (!t.recording || t.ended || !t.reports) continue;
    ++reporting;
    missing |= !sync_.knows_sender(i);
  }
  const Nanos until = *first_arrival_ + options_.sync_wait;
  return reporting > 1 && missing && now < until ? std::optional(until) : std::nullopt;
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
                               .utc = utc_.of_start(first.value_or(0)),
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
    declared && !waits_for_predecessor(i) ? fragmenter_.enable(i) : fragmenter_.disable(i);
  }
}

// Once: the sender's wall clock, if it is one.
void Recorder::map_utc() {
  const auto origin = sync_.sender_origin();
  if (!origin || utc_by_user_ || std::llabs(*origin - utc_.of_start(0)) > kNoWallClock) return;
  utc_.set(*origin, "ntp", true);
}

void Recorder::begin_file(Nanos now) {
  enable_tracks();
  std::optional<Nanos> origin;
  std::vector<FileWriter::Track> declared;
  for (int i = 0; i < track_count(); ++i) {
    if (!track(i).config || !fragmenter_.enabled(i)) continue;
    declared.push_back({i, *track(i).config, track(i).tags});
    if (const auto shown = fragmenter_.first_orientation(i))
      declared.back().tags.orientation = *shown;
    if (const auto first = fragmenter_.first_dts(i))
      origin = origin ? std::min(*origin, *first) : *first;
  }
  if (!started_) map_utc();
  file_.emplace(*container_, key_, declared, origin.value_or(0), utc_, options_.fill_audio,
                options_.write_references);
  ++objects_;
  if (!started_)
    outputs_.push_back(RecordingStarted{key_, utc_.of_start(file_->origin()), utc_.source()});
  started_ = true;
  emit(file_->header());
  for (const auto& t : declared) tell_late_start(t.index);
  roll_where_turned(now);
}

// The silence in front of a track that has its first sample later than its first file.
void Recorder::tell_late_start(int index) {
  Track& t = track(index);
  const auto first = fragmenter_.first_sample(index);
  if (t.medium != Medium::kAudio || std::exchange(t.declared, true) || !first) return;
  const auto origin = to_ticks(file_->origin(), t.config->timescale);
  const HoleFiller holes(*container_, *t.config);
  const auto start = holes.can_fill() ? holes.on_grid(*first, origin) : origin;
  if (start == *first) return;
  note_gap(index, start, *first, "late");
  tell_gap(index);
}

// How far audio that has nothing for this fragment is silent: up to its next sample, or as far as
// it was waited for in vain. A track that has come too late before is given more time.
std::vector<FileWriter::Rest> Recorder::rests(const Fragmenter::Cut& cut) const {
  std::vector<FileWriter::Rest> rests;
  if (!options_.fill_audio) return rests;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (t.medium != Medium::kAudio || !t.config || !fragmenter_.enabled(i)) continue;
    const auto until = to_ticks(cut.at, t.config->timescale);
    if (const auto next = fragmenter_.first_sample(i)) {
      rests.push_back({i, std::min(until, *next), next});
    } else if (std::find(cut.late.begin(), cut.late.end(), i) != cut.late.end()) {
      const auto margin = to_ticks(options_.fragments.latency, t.config->timescale);
      const auto lag = t.placer->lag() > 0 ? t.placer->lag() + margin : 0;
      rests.push_back({i, until - lag, t.placer->grid_end()});
    }
  }
  return rests;
}

void Recorder::write(const Fragmenter::Cut& cut, Nanos now) {
  if (!file_) {
    begin_file(now);
    if (fragmenter_.rolling()) return;  // it ends earlier than the fragment would
  }
  auto runs = fragmenter_.take(cut);
  for (const auto& run : runs) track(run.track).written = true;
  const auto silent = rests(cut);
  std::vector<std::optional<std::int64_t>> ends;
  for (const auto& rest : silent) {
    const Track& t = track(rest.track);
    ends.push_back(t.placer->grid_end() ? t.placer->grid_end()
                                        : to_ticks(file_->origin(), t.config->timescale));
  }
  emit_fragments(std::move(runs), silent);
  for (std::size_t i = 0; i < silent.size(); ++i) {
    const int index = silent[i].track;
    const auto end = file_->end_of(index);
    if (!end || fragmenter_.first_sample(index) || *end <= *ends[i]) continue;
    note_gap(index, *ends[i], *end, track(index).recording ? nullptr : "late");
    track(index).placer->advance_to(*end);
    track(index).written = true;
  }
  if (!cut.rolls) return;
  split_ = false;
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
  for (ObjectUnit& unit : file_->end(rewrite_below_)) emit(std::move(unit));
  file_.reset();
}

void Recorder::stop(Nanos now) {
  if (state_ == State::kWriting && (file_ || !fragmenter_.empty())) {
    if (!file_) begin_file(now);
    if (const auto turned = first_turned()) {
      write({*turned, true, {}}, now);
      return;  // the rest waits for the name of its file
    }
    hold_last_pictures();
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
    if (dropped.samples() == 0) return;
    lose(dropped, now);
    if (file_) continue;
    fragmenter_.cancel_roll();  // nothing may be left in front of it
    enable_tracks();
  }
}

void Recorder::lose(const Fragmenter::Dropped& dropped, Nanos now) {
  lost_samples_ += dropped.samples();
  for (const auto& part : dropped.parts) {
    const bool filled =
        file_ && (track(part.track).medium == Medium::kVideo || options_.fill_audio);
    outputs_.push_back(GapMade{part.track, part.start, part.end - part.start, "drop", filled});
  }
  for (const int index : dropped.need_key) {
    track(index).keys.require();
    if (!track(index).ended) want_key(index, "drop", now);
  }
}

}  // namespace rec::recording
