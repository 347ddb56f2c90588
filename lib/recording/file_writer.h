// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One open object: turns the fragments of a recording into units with offsets. Its time starts at
// the first sample of the file; within it, the runs of an audio track join without a hole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/recording/container.h"
#include "lib/recording/fragmenter.h"
#include "lib/recording/holes.h"
#include "lib/recording/output.h"
#include "lib/recording/utc_map.h"

namespace rec::recording {

class FileWriter {
 public:
  struct Track {
    int index;  // as numbered by the Fragmenter; its id in the file is one more
    TrackConfig config;
    TrackTags tags;
  };
  // `utc` may get pauses, and lives longer. `references`: each fragment says what its UTC is.
  FileWriter(Container& container, std::string key, const std::vector<Track>& tracks, Nanos origin,
             const UtcMap& utc, bool fill_audio, bool references);

  ObjectUnit header();
  // Silence that ends an audio track's part of a fragment.
  struct Rest {
    int track;
    std::int64_t until;                // track ticks; not passed
    std::optional<std::int64_t> grid;  // a tick on the grid of the track, if it has one yet
  };
  // Usually one unit; more where a hole is very long.
  std::vector<ObjectUnit> fragments(std::vector<Fragmenter::Run> runs, std::span<const Rest> rests);
  // What the container still has to say, and the end of the object.
  std::vector<ObjectUnit> end(std::uint64_t rewrite_below);

  // Where the track's next sample would follow; nullopt: nothing was written yet.
  std::optional<std::int64_t> end_of(int track) const;
  // How a track that the file declares is shown.
  const Orientation& orientation(int track) const;
  const std::string& key() const { return key_; }
  std::uint64_t size() const { return size_; }  // bytes
  Nanos origin() const { return origin_; }      // running time

 private:
  struct Entry {
    Track track;
    HoleFiller holes;
    std::int64_t origin;              // of the file, track ticks
    std::optional<std::int64_t> end;  // track ticks
  };
  Entry* entry(int track);
  bool fillable(const Entry& entry) const {
    return fill_audio_ && medium_of(entry.track.config.codec) == Medium::kAudio &&
           entry.holes.can_fill();
  }
  std::optional<Container::Reference> reference(std::span<const TrackRun> runs) const;
  void write_long_silence(Entry& entry, std::int64_t on, std::int64_t until,
                          std::vector<ObjectUnit>& units);
  ObjectUnit fragment(const std::vector<Fragmenter::Run>& runs);
  TrackRun track_run(Entry& entry, const Fragmenter::Run& run);
  ObjectUnit unit(Bytes bytes);

  Container& container_;
  const std::string key_;
  std::vector<Entry> entries_;
  const Nanos origin_;
  const UtcMap& utc_;
  const bool fill_audio_;
  const bool references_;
  std::uint64_t size_ = 0;
  std::uint32_t sequence_ = 0;
  Nanos duration_ = 0;
};

}  // namespace rec::recording
