// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/media.h"
#include "lib/recording/ticks.h"

namespace rec::recording {

// What arrives at a track: one access unit or packet as its container form, with the times that
// came with it.
struct Input {
  std::optional<Nanos> pts;        // running time
  std::optional<Nanos> dts;        // running time; absent: pts order is decode order
  std::int64_t duration = 0;       // track ticks, when the codec fixes it (Opus); else 0
  std::int64_t duration_hint = 0;  // track ticks, what upstream says; used for a last sample only
  struct Rtp {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t clock_rate = 0;  // Hz
    std::uint32_t lost = 0;        // packets, ever; a change means that something before is missing
    bool damaged = false;          // packets of this very unit are missing
    bool reports = false;          // sender reports can be expected for its source
  };
  std::optional<Rtp> rtp;
  std::optional<Nanos> ntp;  // wall clock of the sender, since 1970, as its reports say
  bool key = false;
  bool quiet = false;  // the codec says that there is nothing to hear (DTX)
  Bytes bytes;
};

// An input on the recording's timeline: tick 0 is running time 0.
struct Sample {
  std::int64_t dts = 0;         // track ticks
  std::int32_t cts_offset = 0;  // pts - dts, track ticks
  std::int64_t duration = 0;    // track ticks; 0: until the next sample
  std::int64_t duration_hint = 0;
  bool key = false;
  Orientation orientation;  // of video
  Nanos arrival = 0;        // monotonic clock
  Bytes bytes;

  std::int64_t end() const { return dts + duration; }
};

}  // namespace rec::recording
