// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Puts the own clocks of the tracks beside each other. The first audio track is the clock of the
// recording, a video track where there is none; every other track is shifted so that what was
// captured at one time is at one place. What is written is never moved: video is slewed towards
// its place, audio gets there in steps that silence can fill.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/media.h"
#include "lib/recording/ticks.h"
#include "lib/recording/timing.h"

namespace rec::recording {

class Sync {
 public:
  explicit Sync(Timing timing) : timing_(timing) {}
  void add_track(Medium medium) { tracks_.push_back({.medium = medium}); }

  // How the own time of a track lies to clocks that all tracks share; added to own time.
  struct Offsets {
    Nanos arrival;                // running time, smoothed
    bool settled;                 // over long enough
    std::optional<Nanos> sender;  // wall clock of the sender
  };
  // A sample was read, `step` after the one before. `written`: what came before is in a file, so
  // that the track cannot simply be moved.
  void observe(int track, const Offsets& offsets, Nanos step, Nanos duration, bool written);
  // Moves a track of which nothing is written to its place.
  void align(int track);
  // What has to be added to the own time of the track to get the time in the recording, pauses not
  // counted.
  Nanos shift(int track) const { return at(track).shift; }
  // That is what became of the last sample.
  void placed(int track, Nanos shift) { at(track).placed = shift; }
  void end_track(int track) { at(track).active = false; }

  // Whether sender reports decide where the track is beside the others.
  bool knows_sender(int track) const { return at(track).offsets.sender.has_value(); }
  // The sender's wall clock at time 0 of the recording, if any is known.
  std::optional<Nanos> sender_origin() const;

 private:
  struct Track {
    Medium medium;
    bool active = false;
    Offsets offsets{};
    Nanos shift = 0;
    Nanos placed = 0;  // the same after the grid has had its say
    bool slewing = false;
  };
  Track& at(int track) { return tracks_[static_cast<std::size_t>(track)]; }
  const Track& at(int track) const { return tracks_[static_cast<std::size_t>(track)]; }
  const Track* master() const;
  // Where a track belongs beside the master, and which difference is worth a correction.
  struct Target {
    Nanos shift;
    Nanos noticed;
    Nanos corrected;  // ... until it is smaller than this
  };
  Target target(const Track& track, const Track& master) const;
  static void slew(Track& track, const Target& target, Nanos step);

  const Timing timing_;
  std::vector<Track> tracks_;
};

}  // namespace rec::recording
