// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/movie_index.h"

#include <algorithm>

#include "lib/isobmff/edits.h"
#include "lib/isobmff/movie_boxes.h"
#include "lib/isobmff/sample_entry.h"

namespace rec::isobmff {
namespace {

Edits edits_of(const Track& track, const SampleIndex& samples) {
  return edits_of(track.config.timescale, media_ahead(track.config), samples);
}

void write_full_trak(BoxWriter& w, const Track& track, const SampleIndex& samples,
                     ParameterSets sets, std::uint64_t time_1904) {
  const Medium medium = medium_of(track.config.codec);
  const Edits edits = edits_of(track, samples);
  auto trak = w.box("trak");
  write_tkhd(w, track, time_1904, edits.late + edits.shown);
  write_edits(w, edits);
  auto mdia = w.box("mdia");  // 8.4.1
  write_mdhd(w, track.config.timescale, time_1904,
             static_cast<std::uint64_t>(samples.end() - samples.start()), track.tags.language);
  write_hdlr(w, medium);
  auto minf = w.box("minf");  // 8.4.4
  write_media_header(w, medium);
  write_dinf(w);
  auto stbl = w.box("stbl");  // 8.5.1
  write_stsd(w, track.config, sets);
  samples.write_tables(w, sets == ParameterSets::kInSamples);
}

}  // namespace

MovieIndex::MovieIndex(std::span<const Track> tracks, std::uint64_t creation_time_s)
    : creation_time_s_(creation_time_s) {
  for (const Track& track : tracks) {
    entries_.push_back({.track = track, .samples = {}});
    // qtdemux takes one size of PCM for QuickTime's: a sample, it thinks, is then one of sound.
    if (std::holds_alternative<G711Config>(track.config.codec))
      entries_.back().samples.list_sizes();
  }
}

void MovieIndex::add(std::span<const TrackRun> runs, std::uint64_t moof, std::uint64_t data) {
  std::uint32_t traf = 0;
  for (const TrackRun& run : runs) {
    if (run.samples.empty()) continue;  // no traf
    ++traf;
    if (Entry* e = entry(run.track_id)) e->samples.add(run, {moof, data, traf});
    for (const RunSample& sample : run.samples) data += sample.size;
  }
}

MovieIndex::Entry* MovieIndex::entry(std::uint32_t track_id) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.track.id == track_id; });
  return found == entries_.end() ? nullptr : &*found;
}

void MovieIndex::leave_out_sets(std::uint32_t track_id) {
  if (Entry* e = entry(track_id)) e->sets = ParameterSets::kOnlyInEntry;
}

bool MovieIndex::writable() const {
  const auto empty = [](const Entry& e) { return e.samples.empty(); };
  const auto fits = [](const Entry& e) { return e.samples.writable(); };
  return !std::all_of(entries_.begin(), entries_.end(), empty) &&
         std::all_of(entries_.begin(), entries_.end(), fits);
}

Bytes MovieIndex::moov(const MovieTags& tags) const {
  const std::uint64_t time_1904 = since_1904(creation_time_s_);
  std::uint32_t highest_id = 0;
  std::uint64_t duration = 0;
  for (const auto& [track, samples, sets] : entries_) {
    highest_id = std::max(highest_id, track.id);
    const Edits edits = edits_of(track, samples);
    duration = std::max(duration, edits.late + edits.shown);
  }
  BoxWriter w;
  {
    auto moov = w.box("moov");  // 8.2.1
    write_mvhd(w, time_1904, highest_id + 1, kIndexTimescale, duration);
    for (const auto& [track, samples, sets] : entries_)
      write_full_trak(w, track, samples, sets, time_1904);
    write_udta(w, tags);
  }
  return w.take();
}

Bytes MovieIndex::mfra() const {
  BoxWriter w;
  {
    auto mfra = w.box("mfra");
    for (const auto& [track, samples, sets] : entries_)
      if (!samples.empty()) samples.write_tfra(w, track.id);
    auto mfro = w.full_box("mfro", 0, 0);  // 8.8.11: the size of mfra, and the file's last bytes
    w.u32(static_cast<std::uint32_t>(w.size() + 4));
  }
  return w.take();
}

std::uint64_t MovieIndex::most_moov_bytes() const {
  constexpr std::uint64_t kBoxes = 4096;  // around the tables of a track, with a large entry
  std::uint64_t bytes = kBoxes;
  for (const Entry& entry : entries_) bytes += kBoxes + entry.samples.most_table_bytes();
  return bytes;
}

std::size_t MovieIndex::bytes() const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.samples.bytes();
  return bytes;
}

std::uint64_t free_offset(std::span<const Track> tracks) {
  BoxWriter w;
  write_ftyp(w, tracks);
  return w.size();
}

Bytes mdat_header(std::uint64_t free_offset, std::uint64_t end) {
  BoxWriter w;
  w.u32(1);  // a 64-bit size follows the type (4.2)
  w.fourcc("mdat");
  w.u64(end - free_offset);
  return w.take();
}

}  // namespace rec::isobmff
