// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One request pad of recordmux.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <string>

#include "gst/common/handles.h"
#include "gst/common/timers.h"
#include "gst/record/track_input.h"

namespace rec::record {

struct MuxPad {
  MuxPad(GstPad* gst_pad, std::string pad_name) : pad(gst_pad), name(std::move(pad_name)) {}

  GstPad* const pad;  // not owned: lives at least as long
  const std::string name;

  Ref<GstCaps> declared;  // given when the pad was requested; constant

  // Streaming thread of the pad (its STREAM_LOCK).
  GstSegment segment{};
  std::unique_ptr<CodecInput> input;  // nullptr: not recorded
  bool reported = false;              // an error of this track was posted since its last caps
  std::string stream_id;              // of its stream-start

  // Under Mux::lock_.
  std::optional<TrackConfig> config;  // as the recorder knows it
  const char* codec = nullptr;        // of `config`
  std::optional<Nanos> key_asked;     // when a key frame was last asked for
  int track = -1;                     // the recorder's number
  TrackTags tags;                     // of the stream, whatever its caps
  bool tags_told = false;             // the recorder knows them
  std::optional<int> last_track;      // the same, also of one that has ended
  bool started = false;               // a stream-start came: somebody is there
  bool unsupported = false;
  bool stalled = false;  // as the recorder says
  bool ended = false;
  std::uint64_t gaps = 0;  // for stats, as the next ones
  Nanos gap_duration = 0;

  // Counters of buffers.
  std::atomic<std::uint64_t> samples{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> before_key_frame{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> paused{0};   // came while the recording was paused
  std::atomic<std::uint64_t> refused{0};  // not recordable: unsupported, broken

  void forget_stream();  // with the STREAM_LOCK, or before anybody has the pad
  void forget_run();
  void reset_counters();
};

}  // namespace rec::record
