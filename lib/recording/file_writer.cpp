// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/file_writer.h"

#include <algorithm>

namespace rec::recording {

FileWriter::FileWriter(Container& container, std::string key, std::vector<Track> tracks,
                       Nanos origin, Nanos start_utc)
    : container_(container),
      key_(std::move(key)),
      tracks_(std::move(tracks)),
      origin_(origin),
      start_utc_(start_utc) {}

const TrackConfig* FileWriter::config_of(int track) const {
  const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                  [&](const Track& t) { return t.index == track; });
  return found == tracks_.end() ? nullptr : &found->config;
}

ObjectUnit FileWriter::unit(Bytes bytes) {
  ObjectUnit unit{.key = key_,
                  .offset = size_,
                  .begin = size_ == 0,
                  .end = false,
                  .start_utc = start_utc_,
                  .duration = duration_,
                  .bytes = std::move(bytes)};
  size_ += unit.bytes.size();
  return unit;
}

ObjectUnit FileWriter::header() {
  std::vector<Container::Track> tracks;
  for (const Track& t : tracks_)
    tracks.push_back({static_cast<std::uint32_t>(t.index) + 1, t.config});
  const auto seconds = std::max<Nanos>(start_utc_, 0) / kSecond;
  return unit(container_.header(tracks, static_cast<std::uint64_t>(seconds)));
}

ObjectUnit FileWriter::fragment(std::vector<Fragmenter::Run> runs) {
  std::vector<TrackRun> out;
  for (auto& run : runs) {
    const TrackConfig* config = config_of(run.track);
    if (!config) continue;
    const std::int64_t origin = to_ticks(origin_, config->timescale);
    TrackRun track_run{.track_id = static_cast<std::uint32_t>(run.track) + 1,
                       .end_dts = run.end_dts - origin};
    std::size_t size = 0;
    for (const Sample& s : run.samples) size += s.bytes.size();
    track_run.bytes.reserve(size);
    for (const Sample& s : run.samples) {
      track_run.samples.push_back({.dts = s.dts - origin,
                                   .cts_offset = s.cts_offset,
                                   .size = static_cast<std::uint32_t>(s.bytes.size()),
                                   .key = s.key});
      track_run.bytes.insert(track_run.bytes.end(), s.bytes.begin(), s.bytes.end());
    }
    duration_ = std::max(duration_, to_nanos(track_run.end_dts, config->timescale));
    out.push_back(std::move(track_run));
  }
  return unit(container_.fragment(++sequence_, out));
}

ObjectUnit FileWriter::end() {
  ObjectUnit last = unit({});
  last.end = true;
  return last;
}

}  // namespace rec::recording
