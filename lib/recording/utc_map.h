// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <utility>
#include <vector>

#include "lib/recording/ticks.h"

namespace rec::recording {

// The wall clock of a recording: mapped once, so that times stay contiguous whatever NTP does.
class UtcMap {
 public:
  // `origin`: UTC of time 0 of the recording, nanoseconds since 1970.
  void set(Nanos origin, const char* source, bool of_sender) {
    origin_ = origin;
    source_ = source;
    of_sender_ = of_sender;
  }
  // Media time stands still at `at` for so long.
  void add_pause(Nanos at, Nanos length) { pauses_.emplace_back(at, length); }

  Nanos of_start(Nanos time) const { return utc(time, time); }    // of what begins at `time`
  Nanos of_end(Nanos time) const { return utc(time, time - 1); }  // of what ends there
  const char* source() const { return source_; }
  bool of_sender() const { return of_sender_; }

 private:
  Nanos utc(Nanos time, Nanos side) const {
    Nanos utc = origin_ + time;
    for (const auto& [at, length] : pauses_)
      if (side >= at) utc += length;
    return utc;
  }

  Nanos origin_ = 0;
  const char* source_ = "system";
  bool of_sender_ = false;
  std::vector<std::pair<Nanos, Nanos>> pauses_;
};

}  // namespace rec::recording
