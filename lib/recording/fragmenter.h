// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Holds the samples that are not written yet, in one queue a track, and decides where a fragment
// ends: by media time, or by the monotonic clock when a track or everything has stopped. Fragments
// prefer to end before a key frame and never need one.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "lib/recording/sample.h"

namespace rec::recording {

class Fragmenter {
 public:
  struct Policy {
    Nanos duration = kSecond;     // media time of a fragment; not 0
    Nanos latency = kSecond / 2;  // how long a fragment waits for a slower track
    std::size_t max_bytes = 64u << 20;
  };
  explicit Fragmenter(const Policy& policy) : policy_(policy) {}

  // Tracks are numbered from 0. A disabled track only collects: its samples are in no fragment.
  int add_track(Medium medium);
  int track_count() const { return static_cast<int>(tracks_.size()); }
  void set_timescale(int track, std::uint32_t timescale) {
    tracks_[index(track)].timescale = timescale;
  }
  void enable(int track) { tracks_[index(track)].enabled = true; }
  void disable(int track) { tracks_[index(track)].enabled = false; }
  bool enabled(int track) const { return tracks_[index(track)].enabled; }
  // A track that has ended is not waited for.
  void end_track(int track) { tracks_[index(track)].ended = true; }
  void resume_track(int track) { tracks_[index(track)].ended = false; }

  // A picture that is shown before others that are queued (its cts_offset is negative) changes
  // their dts, so that the pictures are decoded at the times at which they are shown.
  void push(int track, Sample sample);
  // Moves what is queued, of a track of which nothing was taken yet.
  void move(int track, std::int64_t ticks);

  // The last sample, if it is still queued, lasts until `end`, if nothing follows it; ticks.
  void hold_last(int track, std::int64_t end);

  // Where the file has to end: the fragment that reaches `at` (running time) is the last of the
  // file. Slower tracks are waited for from `now` (monotonic) on. The first of several counts.
  void roll_at(Nanos at, Nanos now);
  void cancel_roll() { roll_.reset(); }
  bool rolling() const { return roll_.has_value(); }
  // The first key frame of this track that is queued and not shown like the file's; running time.
  std::optional<Nanos> first_turned(int track, const Orientation& file) const;
  // The next file cannot begin with what this video track has.
  bool lacks_start(int track) const {
    return roll_ && lacks_start(tracks_[index(track)], roll_->at);
  }

  struct Cut {
    Nanos at = 0;           // running time; samples before it are in the fragment
    bool rolls = false;     // the file ends here
    std::vector<int> late;  // enabled tracks that were waited for in vain
    bool everything() const { return at == std::numeric_limits<Nanos>::max(); }
  };
  std::optional<Cut> next_cut(Nanos now) const;
  std::optional<Nanos> deadline() const;  // when next_cut() will have one if nothing is pushed

  struct Run {
    int track;
    std::vector<Sample> samples;
    std::int64_t end_dts;  // track ticks
  };
  // Video that cannot be a new file's first stays in the file that rolls.
  std::vector<Run> take(const Cut& cut);
  std::vector<Run> take_all();  // the last samples too: the recording ends

  struct Dropped {
    struct Part {
      int track;
      std::size_t samples;
      Nanos start;  // running time
      Nanos end;    // running time
    };
    std::vector<Part> parts;
    std::vector<int> need_key;  // video tracks that only a key frame can continue
    std::size_t samples() const {
      std::size_t sum = 0;
      for (const Part& part : parts) sum += part.samples;
      return sum;
    }
  };
  // Drops the oldest whole GOP: the video before the next key frame that is queued (all of it if
  // there is none) and what else lies before that. `in_file`: a file is open; the first picture
  // that is queued belongs to what was written and stays, to be shown until the next key frame.
  // Tracks that wait for another file and those of this one are dropped apart: who holds more.
  Dropped drop_oldest_gop(bool in_file);
  // Drops video that no decoder could start with.
  Dropped drop_until_key();

  std::size_t clear();  // returns how many samples were held

  std::size_t bytes() const { return bytes_; }  // what the samples cost in memory
  bool empty() const;
  std::optional<Nanos> first_dts(int track) const;            // of what is queued; running time
  std::optional<std::int64_t> first_sample(int track) const;  // the same in track ticks
  std::optional<Orientation> first_orientation(int track) const;

 private:
  struct Track {
    Medium medium;
    std::uint32_t timescale = 1;
    bool enabled = false;
    bool ended = false;
    bool taken = false;  // something of it is in a fragment: where the queue begins is fixed
    std::deque<Sample> queue;
    std::size_t bytes = 0;
    std::optional<std::int64_t> reached;  // end of what ever came; ticks
    std::int64_t last_step = 0;           // ticks

    // The last sample whose end is unknown cannot be written yet.
    std::size_t ready() const {
      return queue.size() - (!queue.empty() && queue.back().duration == 0 ? 1 : 0);
    }
    Nanos at(const Sample& s) const { return to_nanos(s.dts, timescale); }
    bool is_video() const { return medium == Medium::kVideo; }
  };
  static std::size_t index(int track) { return static_cast<std::size_t>(track); }

  struct Oldest {
    Nanos start;    // running time
    Nanos arrival;  // monotonic
  };
  struct Plan {
    Nanos at;               // running time
    bool rolls;             // the file ends at `at`
    bool reached;           // by one track at least
    std::vector<int> late;  // tracks that have not, if one has
    Nanos patience;         // monotonic: so long they are waited for
    Nanos stopped;          // monotonic: so long the oldest sample may wait
  };
  struct Roll {
    Nanos at;     // running time
    Nanos since;  // monotonic
  };
  std::optional<Plan> plan() const;
  std::optional<Oldest> oldest() const;
  Nanos preferred_cut(Nanos start) const;
  std::optional<Nanos> reached_since(Nanos at) const;
  std::vector<int> tracks_before(Nanos at) const;
  std::vector<int> tracks_without_start(Nanos at) const;
  static bool lacks_start(const Track& track, Nanos at);
  std::size_t enabled_bytes() const;
  bool over_budget() const;
  Run take_before(int track, const Cut& cut, bool last_too);
  std::vector<Run> take(const Cut& cut, bool last_too);
  // A GOP to drop: what is kept of a track, for those that are dropped from.
  using Keep = std::vector<std::optional<std::size_t>>;
  Keep droppable(bool in_file) const;
  Nanos end_of_oldest_gop(const Keep& keep) const;
  void drop_front(int index, std::size_t keep, Dropped& dropped);
  static void reorder(Track& track);
  Sample pop(Track& track, std::size_t at);
  std::int64_t last_duration(const Track& track, const Sample& last) const;

  const Policy policy_;
  std::vector<Track> tracks_;
  std::size_t bytes_ = 0;
  std::optional<Nanos> cut_;  // end of the last fragment, running time
  std::optional<Roll> roll_;
};

}  // namespace rec::recording
