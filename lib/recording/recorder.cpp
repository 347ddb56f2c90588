// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/recorder.h"

#include <algorithm>

namespace rec::recording {
namespace {

// A sender is asked for a key frame at most this often, and never not at all.
constexpr Nanos kKeyFrameInterval = kSecond / 2;
// A video track without data for this long does not decide where a file ends.
constexpr Nanos kSilent = kSecond;

}  // namespace

Recorder::Recorder(Options options, std::unique_ptr<Container> container)
    : options_(std::move(options)),
      container_(std::move(container)),
      fragmenter_(options_.fragments) {}

int Recorder::add_track(Medium medium) {
  tracks_.push_back({.medium = medium, .needs_key = medium == Medium::kVideo});
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
  Track& t = track(index);
  if (t.key_asked && now < *t.key_asked + kKeyFrameInterval) return;
  t.key_asked = now;
  outputs_.push_back(KeyFrameWanted{index, reason});
}

// False: no decoder could start here.
bool Recorder::admit_key(int index, const Input& input, Nanos now) {
  Track& t = track(index);
  if (!t.needs_key) return true;
  if (!input.key) {
    want_key(index, t.recording ? "drop" : "start", now);
    return false;
  }
  t.needs_key = false;
  t.key_asked.reset();
  return true;
}

// Asks for a key frame until one comes: what follows a loss refers to what is missing.
void Recorder::note_loss(int index, const Input& input, Nanos now) {
  Track& t = track(index);
  if (t.medium != Medium::kVideo || !input.rtp) return;
  if (std::exchange(t.lost, input.rtp->lost) != input.rtp->lost) t.damaged = true;
  if (input.key) t.damaged = false;
  if (t.damaged) want_key(index, "loss", now);
}

Recorder::Taken Recorder::push(int index, Input input, Nanos now) {
  Track& t = track(index);
  if (finishing_ || !t.config) return Taken::kFinished;
  if (!admit_key(index, input, now)) return Taken::kBeforeKeyFrame;
  note_loss(index, input, now);
  const auto placed = t.clock->place(input, now);
  if (!placed) return Taken::kLate;
  Sample sample{.dts = placed->dts,
                .cts_offset = placed->cts_offset,
                .duration = input.duration,
                .duration_hint = input.duration_hint,
                .key = input.key,
                .arrival = now,
                .bytes = std::move(input.bytes)};
  if (file_ && to_nanos(sample.dts, t.config->timescale) < file_->origin() &&
      fragmenter_.enabled(index))
    return Taken::kLate;
  if (placed->gap > 0) fill(index, sample.dts - placed->gap, sample.dts, "mute", false, now);
  tell_gap(index);
  if (t.ended) fragmenter_.resume_track(index);
  t.ended = false;
  t.last_arrival = now;
  if (!first_arrival_) first_arrival_ = now;
  if (!t.recording) outputs_.push_back(TrackRecording{index});
  t.recording = true;
  if (!file_) fragmenter_.enable(index);
  if (file_ && !fragmenter_.enabled(index)) place_late_track(index, sample, now);
  if (roll_wanted_ && file_ && sample.key && leading_video(now) == index) {
    fragmenter_.roll_at(to_nanos(sample.dts, t.config->timescale));
    roll_wanted_ = false;
  }
  fragmenter_.push(index, std::move(sample));
  poll(now);
  return Taken::kYes;
}

// A track that the open file does not declare gets a new file, at the next key frame of the video
// that is being recorded; at once where there is none.
void Recorder::place_late_track(int index, const Sample& sample, Nanos now) {
  const auto video = leading_video(now);
  if (!video) {
    fragmenter_.roll_at(to_nanos(sample.dts, track(index).config->timescale));
    return;
  }
  roll_wanted_ = true;
  want_key(*video, "late-track", now);
}

// The first video track of the open file, unless it has fallen silent.
std::optional<int> Recorder::leading_video(Nanos now) const {
  for (int i = 0; i < static_cast<int>(tracks_.size()); ++i) {
    const Track& t = track(i);
    if (t.medium == Medium::kVideo && t.config && fragmenter_.enabled(i) && !t.ended &&
        t.last_arrival && now < *t.last_arrival + kSilent)
      return i;
  }
  return std::nullopt;
}

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
  if (first_arrival_ && awaits_tracks(*first_arrival_))
    return *first_arrival_ + options_.header_timeout;
  return fragmenter_.deadline();
}

void Recorder::poll(Nanos now) {
  if (state_ == State::kFinished) return;
  poll_store(now);
  if (state_ == State::kWriting && !awaits_tracks(now) && (!congested_ || finishing_)) {
    while (auto cut = fragmenter_.next_cut(now)) {
      write(*cut, now);
      if (state_ != State::kWriting) break;
    }
  }
  if (finishing_ && state_ != State::kClaiming) stop(now);
  keep_budget();
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
  for (int i = 0; i < fragmenter_.track_count(); ++i)
    if (const auto at = fragmenter_.first_dts(i)) first = first ? std::min(*first, *at) : *at;
  key_ = options_.path.expand({.stream = options_.stream_name,
                               .utc = utc_origin_.value_or(0) + first.value_or(0),
                               .index = objects_ + 1,
                               .id = options_.random()});
  claimed_at_ = now;
  state_ = waiting;
  outputs_.push_back(ClaimName{key_});
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
  for (int i = 0; i < fragmenter_.track_count(); ++i) {
    if (!track(i).config || !fragmenter_.trim_to_key(i)) continue;
    track(i).needs_key = true;
    want_key(i, "drop", now);
  }
  enable_tracks();
  claim(now, State::kNoStore);
  poll(now);
}

void Recorder::set_congested(bool congested, Nanos now) {
  congested_ = congested;
  poll(now);
}

// For the next file: audio that is known, video that has a sample to begin with.
void Recorder::enable_tracks() {
  for (int i = 0; i < fragmenter_.track_count(); ++i) {
    const Track& t = track(i);
    if (!t.config) continue;
    const bool declared = t.medium == Medium::kAudio ? !t.ended || fragmenter_.first_dts(i)
                                                     : fragmenter_.first_dts(i).has_value();
    declared ? fragmenter_.enable(i) : fragmenter_.disable(i);
  }
}

void Recorder::begin_file(Nanos now) {
  enable_tracks();
  std::optional<Nanos> origin;
  std::vector<FileWriter::Track> declared;
  for (int i = 0; i < fragmenter_.track_count(); ++i) {
    if (!track(i).config || !fragmenter_.enabled(i)) continue;
    declared.push_back({i, *track(i).config});
    if (const auto first = fragmenter_.first_dts(i))
      origin = origin ? std::min(*origin, *first) : *first;
  }
  const Nanos start_utc = utc_origin_.value_or(0) + origin.value_or(0);
  file_.emplace(*container_, key_, std::move(declared), origin.value_or(0), start_utc);
  ++objects_;
  if (!started_) outputs_.push_back(RecordingStarted{key_, start_utc});
  started_ = true;
  outputs_.push_back(file_->header());
  for (int i = 0; i < fragmenter_.track_count(); ++i)
    if (track(i).config && fragmenter_.enabled(i)) fill_start(i, file_->origin(), now);
}

void Recorder::write(const Fragmenter::Cut& cut, Nanos now) {
  if (!file_) begin_file(now);
  fill_late(cut, now);
  auto runs = fragmenter_.take(cut);
  if (!runs.empty()) outputs_.push_back(file_->fragment(std::move(runs)));
  if (!cut.rolls) return;
  end_file();
  enable_tracks();
  state_ = State::kIdle;
  poll_store(now);
}

void Recorder::end_file() {
  outputs_.push_back(file_->end());
  bytes_ += file_->size();
  file_.reset();
}

// Packets of silence from `from` to `until` (track ticks), as many as fit; `whole`: only the
// longest.
std::vector<Sample> Recorder::silence(int index, std::int64_t from, std::int64_t until, bool whole,
                                      Nanos now) {
  const Track& t = track(index);
  std::vector<Sample> packets;
  while (auto packet = container_->silence(*t.config, until - from)) {
    if (whole && !packets.empty() && packet->duration < packets.front().duration) break;
    packets.push_back({.dts = from,
                       .duration = packet->duration,
                       .key = true,
                       .arrival = now,
                       .bytes = std::move(packet->bytes)});
    from += packet->duration;
  }
  return packets;
}

// Players do not honour holes: silence from the last packet to `until` (track ticks).
void Recorder::fill(int index, std::int64_t from, std::int64_t until, const char* reason,
                    bool whole, Nanos now) {
  Track& t = track(index);
  auto packets = silence(index, from, until, whole, now);
  if (packets.empty()) return;
  const Nanos start = to_nanos(from, t.config->timescale);
  const std::int64_t end = packets.back().end();
  for (Sample& packet : packets) fragmenter_.push(index, std::move(packet));
  if (!t.gap) t.gap = GapMade{index, start, 0, reason, true};
  t.gap->duration = to_nanos(end, t.config->timescale) - t.gap->start;
}

// A track that was waited for in vain is silent: its silence goes with the others' fragment.
void Recorder::fill_late(const Fragmenter::Cut& cut, Nanos now) {
  for (const int index : cut.late) {
    Track& t = track(index);
    if (t.medium != Medium::kAudio || cut.everything()) continue;
    const auto timescale = t.config->timescale;
    const auto from = t.clock->grid_end().value_or(to_ticks(file_->origin(), timescale));
    fill(index, from, to_ticks(cut.at, timescale), t.recording ? "mute" : "late", true, now);
    t.clock->advance_to(fragmenter_.reached(index).value_or(from));
  }
}

// Audio that begins after its file is preceded by silence. A rest too short for a packet stays in
// front, where it is a start offset.
void Recorder::fill_start(int index, Nanos origin, Nanos now) {
  const auto first = fragmenter_.first_sample(index);
  if (!first || track(index).medium != Medium::kAudio) return;
  const auto timescale = track(index).config->timescale;
  const std::int64_t hole = *first - to_ticks(origin, timescale);
  const std::int64_t grid = container_->silence_grid(*track(index).config);
  if (grid <= 0 || hole < grid) return;
  auto packets = silence(index, *first - hole + hole % grid, *first, false, now);
  outputs_.push_back(GapMade{index, origin, to_nanos(hole, timescale), "late", true});
  fragmenter_.prepend(index, std::move(packets));
}

void Recorder::tell_gap(int index) {
  Track& t = track(index);
  if (t.gap) outputs_.push_back(*t.gap);
  t.gap.reset();
}

void Recorder::stop(Nanos now) {
  if (state_ == State::kWriting && (file_ || !fragmenter_.empty())) {
    if (!file_) begin_file(now);
    auto runs = fragmenter_.take_all();
    if (!runs.empty()) outputs_.push_back(file_->fragment(std::move(runs)));
    end_file();
    if (!fragmenter_.empty()) {  // a late track still waits for its file
      enable_tracks();
      claim(now, State::kClaiming);
      return;
    }
  }
  for (int i = 0; i < fragmenter_.track_count(); ++i) tell_gap(i);
  lost_samples_ += fragmenter_.clear();
  state_ = State::kFinished;
  outputs_.push_back(RecordingStopped{objects_, bytes_, lost_samples_});
}

void Recorder::keep_budget() {
  while (fragmenter_.bytes() > options_.fragments.max_bytes) {
    const auto dropped = fragmenter_.drop_oldest_gop();
    if (dropped.samples == 0) return;
    lost_samples_ += dropped.samples;
    for (int i = 0; i < fragmenter_.track_count(); ++i)
      if (track(i).medium == Medium::kVideo && fragmenter_.trim_to_key(i))
        track(i).needs_key = true;
    outputs_.push_back(GapMade{-1, dropped.start, dropped.end - dropped.start, "drop", false});
  }
}

}  // namespace rec::recording
