// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One path in a process of its own.
#pragma once

#include <optional>
#include <string>

#include "bench/media.h"
#include "bench/paths.h"

namespace rec::bench {

// At real time, before anything is counted: all recordings have begun, and written something.
inline constexpr unsigned kWarmUpSeconds = 4;

struct Job {
  Path path;
  std::string folder;  // exists, is empty
  bool live = false;   // at real time; else as fast as it goes
  unsigned recordings = 1;
  unsigned seconds = 600;  // of media; at real time: of the clock, after the warm-up
};

struct Outcome {
  double user = 0;      // ms per second of media
  double system = 0;    // ms per second of media
  double switches = 0;  // of context, per second of media
  double threads = 0;   // of the process; of ffmpeg: of all
  double resident = 0;  // MiB, of the process; of ffmpeg: of all
  double written = 0;   // MB
  double total() const { return user + system; }
};

// Prints what goes wrong.
std::optional<Outcome> run(const Job& job, const Media& media);

// As a line of text, from the process that measures to the one that prints.
std::string to_line(const Outcome& outcome);
std::optional<Outcome> from_line(const std::string& line);

}  // namespace rec::bench
