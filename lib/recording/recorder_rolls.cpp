// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When a recording goes on in another file: because the open one is full, because it does not
// declare a track, because a picture is turned, or because the owner wants it. Video decides: files
// begin with key frames.
#include <algorithm>

#include "lib/recording/recorder.h"

namespace rec::recording {

// What the source of the track has sent before, in another codec, is not in a file yet.
bool Recorder::waits_for_predecessor(int index) const {
  for (auto before = track(index).before; before; before = track(*before).before)
    if (fragmenter_.first_dts(*before)) return true;
  return false;
}

// A track has samples that the open file, or the one that will be opened first, cannot take.
bool Recorder::late_track_waits() const {
  if (fragmenter_.rolling() || (!file_ && awaiting_)) return false;
  for (int i = 0; i < track_count(); ++i)
    if (!fragmenter_.enabled(i) && fragmenter_.first_dts(i)) return true;
  return false;
}

// By what the owner wants, or the container can hold. `at`: where the recording has got to.
bool Recorder::file_is_full(Nanos at) const {
  if (!file_ || fragmenter_.rolling()) return false;
  return (options_.max_duration > 0 && at - file_->origin() >= options_.max_duration) ||
         (options_.max_bytes > 0 && file_->size() + fragmenter_.bytes() >= options_.max_bytes) ||
         container_->full();
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

// Whether the next file begins with this sample: a key frame of the video that leads; where there
// is none, any packet that the open file declares.
bool Recorder::begins_file(int index, const Sample& sample, Nanos now) {
  if (!fragmenter_.enabled(index)) return false;
  if (file_ && turns(index, sample)) return true;
  const auto video = leading_video(now);
  if (!sample.key || (video && video != index)) return false;
  split_ = split_ || file_is_full(to_nanos(sample.dts, track(index).config->timescale));
  return split_ || (video && late_track_waits());
}

// --- rotation -----------------------------------------------------------------------------------

// A header says once how its pictures are shown. Whatever track leads: this one is wrong from here.
bool Recorder::turns(int index, const Sample& sample) const {
  return options_.roll_on_rotation && sample.key && track(index).medium == Medium::kVideo &&
         sample.orientation != file_->orientation(index);
}

// What is between the turn and the key frame is in the old file.
void Recorder::ask_turned(Nanos now) {
  if (!options_.roll_on_rotation || paused_) return;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (!t.ended && t.shown && *t.shown != t.tags.orientation) want_key(i, "rotation", now);
  }
}

// In what is held for the open file; nullopt: nothing is.
std::optional<Nanos> Recorder::first_turned() const {
  std::optional<Nanos> first;
  for (int i = 0; options_.roll_on_rotation && i < track_count(); ++i) {
    if (track(i).medium != Medium::kVideo || !fragmenter_.enabled(i)) continue;
    const auto at = fragmenter_.first_turned(i, file_->orientation(i));
    if (at) first = first ? std::min(*first, *at) : *at;
  }
  return first;
}

// A file that begins with pictures that have waited.
void Recorder::roll_where_turned(Nanos now) {
  if (const auto at = first_turned()) fragmenter_.roll_at(*at, now);
}

// --- what the others are asked for --------------------------------------------------------------

void Recorder::split(Nanos now) {
  split_ = file_.has_value() && !finishing_;
  poll(now);
}

// Asks for the key frame that the next file needs. A track that the open file does not declare gets
// its file at once where no video leads.
void Recorder::poll_rolls(Nanos now) {
  video_silent_.reset();
  if (finishing_) return;
  ask_turned(now);
  for (int i = 0; i < track_count(); ++i)
    if (fragmenter_.lacks_start(i)) want_key(i, "split", now);
  if (fragmenter_.rolling()) return;
  const auto video = leading_video(now);
  if (video && track(*video).placer->last())
    split_ = split_ ||
             file_is_full(to_nanos(*track(*video).placer->last(), track(*video).config->timescale));
  const bool late = late_track_waits();
  if (!late && !split_) return;
  if (video) {
    want_key(*video, late ? "late-track" : "split", now);
    for (int i = 0; split_ && i < track_count(); ++i)
      if (track(i).medium == Medium::kVideo && fragmenter_.enabled(i) && !track(i).ended)
        want_key(i, "split", now);
    video_silent_ =
        *track(*video).last_arrival + options_.fragments.duration + options_.fragments.latency;
    return;
  }
  for (int i = 0; late && i < track_count(); ++i)
    if (const auto first = fragmenter_.first_dts(i); first && !fragmenter_.enabled(i))
      fragmenter_.roll_at(*first, now);
}

void Recorder::poll_key_interval(Nanos now) {
  if (options_.keyframe_interval <= 0 || finishing_ || paused_) return;
  for (int i = 0; i < track_count(); ++i) {
    const Track& t = track(i);
    if (t.medium == Medium::kVideo && t.last_key && !t.ended && !t.stalled &&
        now >= *t.last_key + options_.keyframe_interval)
      want_key(i, "interval", now);
  }
}

std::optional<Nanos> Recorder::key_interval_deadline() const {
  std::optional<Nanos> first;
  if (options_.keyframe_interval <= 0 || finishing_ || paused_) return first;
  for (const Track& t : tracks_) {
    if (t.medium != Medium::kVideo || !t.last_key || t.ended || t.stalled) continue;
    const Nanos at = t.keys.next_ask(*t.last_key + options_.keyframe_interval);
    first = first ? std::min(*first, at) : at;
  }
  return first;
}

}  // namespace rec::recording
