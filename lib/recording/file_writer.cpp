// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/file_writer.h"

#include <algorithm>

namespace rec::recording {
namespace {

constexpr Nanos kLongSilence = 60 * kSecond;  // more is spread over several fragments
// No container counts the duration of a sample in more than 32 bits.
constexpr std::int64_t kLongestSample = 0xffffffff;  // track ticks

// Cuts `run` where a sample would last too long and returns what follows; empty: nothing does.
Fragmenter::Run split_long(Fragmenter::Run& run) {
  Fragmenter::Run rest{run.track, {}, run.end_dts};
  auto& samples = run.samples;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool last = i + 1 == samples.size();
    const std::int64_t end = last ? run.end_dts : samples[i + 1].dts;
    if (end - samples[i].dts <= kLongestSample) continue;
    run.end_dts = samples[i].dts + kLongestSample;
    const auto cut = samples.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    rest.samples.assign(std::make_move_iterator(cut), std::make_move_iterator(samples.end()));
    samples.erase(cut, samples.end());
    break;
  }
  return rest;
}

}  // namespace

FileWriter::FileWriter(Container& container, std::string key, const std::vector<Track>& tracks,
                       Nanos origin, const UtcMap& utc, bool fill_audio, bool references)
    : container_(container),
      key_(std::move(key)),
      origin_(origin),
      utc_(utc),
      fill_audio_(fill_audio),
      references_(references) {
  for (const Track& t : tracks)
    entries_.push_back(
        {t, HoleFiller(container, t.config), to_ticks(origin, t.config.timescale), {}});
}

FileWriter::Entry* FileWriter::entry(int track) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.track.index == track; });
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<std::int64_t> FileWriter::end_of(int track) const {
  for (const Entry& e : entries_)
    if (e.track.index == track) return e.end;
  return std::nullopt;
}

const Orientation& FileWriter::orientation(int track) const {
  static const Orientation kAsItIs;
  for (const Entry& e : entries_)
    if (e.track.index == track) return e.track.tags.orientation;
  return kAsItIs;
}

ObjectUnit FileWriter::unit(Bytes bytes) {
  ObjectUnit unit{.key = key_,
                  .offset = size_,
                  .begin = size_ == 0,
                  .end = false,
                  .start_utc = utc_.of_start(origin_),
                  .end_utc = utc_.of_end(origin_ + duration_),
                  .duration = duration_,
                  .bytes = std::move(bytes)};
  size_ += unit.bytes.size();
  return unit;
}

ObjectUnit FileWriter::header() {
  std::vector<Container::Track> tracks;
  for (const Entry& e : entries_)
    tracks.push_back({static_cast<std::uint32_t>(e.track.index) + 1, e.track.config, e.track.tags});
  const auto seconds = std::max<Nanos>(utc_.of_start(origin_), 0) / kSecond;
  return unit(container_.header(tracks, static_cast<std::uint64_t>(seconds)));
}

TrackRun FileWriter::track_run(Entry& entry, const Fragmenter::Run& run) {
  TrackRun out{.track_id = static_cast<std::uint32_t>(run.track) + 1,
               .end_dts = run.end_dts - entry.origin};
  out.samples.reserve(run.samples.size());
  out.pieces.reserve(run.samples.size());
  for (const Sample& s : run.samples) {
    out.samples.push_back({.dts = s.dts - entry.origin,
                           .cts_offset = s.cts_offset,
                           .size = static_cast<std::uint32_t>(s.bytes.size()),
                           .key = s.key});
    out.pieces.emplace_back(s.bytes);
  }
  entry.end = run.end_dts;
  duration_ = std::max(duration_, to_nanos(out.end_dts, entry.track.config.timescale));
  return out;
}

ObjectUnit FileWriter::fragment(const std::vector<Fragmenter::Run>& runs) {
  std::vector<TrackRun> out;
  for (const auto& run : runs)
    if (Entry* e = entry(run.track); e && !run.samples.empty()) out.push_back(track_run(*e, run));
  ObjectUnit fragment = unit(container_.fragment(++sequence_, out, reference(out)));
  fragment.reserve = container_.most_ending_bytes();
  return fragment;
}

// The wall clock of the first sample.
std::optional<Container::Reference> FileWriter::reference(std::span<const TrackRun> runs) const {
  if (!references_ || runs.empty()) return std::nullopt;
  const TrackRun& run = runs.front();
  const auto of_run = [&](const Entry& e) {
    return static_cast<std::uint32_t>(e.track.index) + 1 == run.track_id;
  };
  const auto entry = std::find_if(entries_.begin(), entries_.end(), of_run);
  const std::int64_t pts = run.samples.front().dts + run.samples.front().cts_offset;
  const Nanos at = to_nanos(entry->origin + pts, entry->track.config.timescale);
  return Container::Reference{run.track_id, pts, utc_.of_start(at), utc_.of_sender()};
}

void FileWriter::write_long_silence(Entry& entry, std::int64_t on, std::int64_t until,
                                    std::vector<ObjectUnit>& units) {
  const std::int64_t most = to_ticks(kLongSilence, entry.track.config.timescale);
  if (!entry.end) entry.end = entry.holes.on_grid(on, entry.origin);
  while (until - *entry.end > most) {
    Fragmenter::Run silence{entry.track.index, {}, 0};
    entry.holes.extend(silence, *entry.end, *entry.end + most);
    if (silence.samples.empty()) return;
    units.push_back(fragment({silence}));
  }
}

std::vector<ObjectUnit> FileWriter::fragments(std::vector<Fragmenter::Run> runs,
                                              std::span<const Rest> rests) {
  std::vector<ObjectUnit> units;
  for (auto& run : runs) {
    Entry* e = entry(run.track);
    if (!e || !fillable(*e)) continue;
    const std::int64_t first = run.samples.front().dts;
    write_long_silence(*e, first, first, units);
    e->holes.fill(run, *e->end);
  }
  for (const Rest& rest : rests) {
    Entry* e = entry(rest.track);
    if (!e || !fillable(*e)) continue;
    auto run = std::find_if(runs.begin(), runs.end(),
                            [&](const Fragmenter::Run& r) { return r.track == rest.track; });
    if (run != runs.end()) {
      e->holes.extend(*run, run->end_dts, rest.until);
      continue;
    }
    write_long_silence(*e, rest.grid.value_or(e->origin), rest.until, units);
    Fragmenter::Run silence{rest.track, {}, *e->end};
    e->holes.extend(silence, *e->end, rest.until);
    runs.push_back(std::move(silence));
  }
  while (std::any_of(runs.begin(), runs.end(),
                     [](const Fragmenter::Run& r) { return !r.samples.empty(); })) {
    std::vector<Fragmenter::Run> rest;
    rest.reserve(runs.size());
    for (auto& run : runs) rest.push_back(split_long(run));
    units.push_back(fragment(runs));
    runs = std::move(rest);
  }
  return units;
}

std::vector<ObjectUnit> FileWriter::end(std::uint64_t rewrite_below) {
  Container::Ending ending = container_.finish(rewrite_below);
  std::vector<ObjectUnit> units;
  if (!ending.append.empty()) units.push_back(unit(std::move(ending.append)));
  if (!ending.rewrite.empty()) {
    ObjectUnit rewrite = unit({});
    rewrite.offset = ending.rewrite_offset;
    rewrite.bytes = std::move(ending.rewrite);
    units.push_back(std::move(rewrite));
  }
  units.push_back(unit({}));
  units.back().end = true;
  return units;
}

}  // namespace rec::recording
