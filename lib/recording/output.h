// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a recorder wants done, in order. Whoever owns it carries these out without holding a lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "lib/base/media.h"
#include "lib/recording/ticks.h"

namespace rec::recording {

struct ClaimName {  // ask the store for this name; answer with Recorder::claim_answered()
  std::string key;
};

struct ObjectUnit {  // bytes of an object, whole or not at all
  std::string key;
  std::uint64_t offset = 0;
  bool begin = false;
  bool end = false;
  Nanos start_utc = 0;        // of the object, since 1970
  Nanos end_utc = 0;          // of its media so far
  Nanos duration = 0;         // of the object's media so far
  std::uint64_t reserve = 0;  // bytes that the end of the object may still need
  Bytes bytes;
};

struct KeyFrameWanted {
  int track;
  const char* reason;  // "start", "late-track", "loss", "drop", "resume", "split", "interval",
                       // "rotation"
};

struct RecordingStarted {
  std::string key;
  Nanos start_utc;
  const char* clock_source;  // "ntp": the sender's reports, "system": this machine, "property"
};

struct TrackRecording {  // the first sample of a track was accepted
  int track;
};

struct TrackStalled {  // nothing came for Recorder::Options::track_timeout
  int track;
};

struct TrackRecovered {
  int track;
};

struct GapMade {
  int track;           // -1: all tracks
  Nanos start;         // on the recording's timeline
  Nanos duration;      // ns
  const char* reason;  // "mute", "loss", "dtx", "late", "stall", "drop", "pause"
  bool filled;         // audio: with silence, video: by the last picture
};

struct RecordingStopped {
  std::uint32_t objects;
  std::uint64_t bytes;
  std::uint64_t lost_samples;  // accepted and never handed to a store
};

using Output = std::variant<ClaimName, ObjectUnit, KeyFrameWanted, RecordingStarted, TrackRecording,
                            TrackStalled, TrackRecovered, GapMade, RecordingStopped>;

}  // namespace rec::recording
