// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/movie_head.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/isobmff/box_parser.h"
#include "lib/isobmff/edits.h"
#include "lib/isobmff/movie_boxes.h"

namespace rec::isobmff {
namespace {

using Span = std::span<const std::uint8_t>;

constexpr std::uint32_t kVersion1 = 1 << 24;  // of a full box, flags 0
// Of version 1, from the begin of the box on.
constexpr std::size_t kMvhdTimescale = 28, kMvhdDuration = 32;
constexpr std::size_t kTkhdDuration = 36;
constexpr std::size_t kMdhdDuration = 32;
constexpr std::array<std::string_view, 4> kTables = {"stts", "stsc", "stsz", "stco"};

bool is_mvhd(const BoxView& box) {  // 8.2.2
  ByteReader reader(box.payload());
  if (box.type != "mvhd" || reader.u32() != kVersion1) return false;
  reader.skip(8 + 8);
  return reader.u32() == kMovieTimescale && reader.u64() == 0 && reader.left().size() == 80;
}

bool read_tkhd(const BoxView& box, MovieHead::Track& track) {  // 8.3.2
  ByteReader reader(box.payload());
  if (reader.u32() >> 24 != 1) return false;
  reader.skip(8 + 8);
  track.id = reader.u32();
  reader.skip(4);
  return track.id != 0 && reader.u64() == 0 && reader.left().size() == 60;
}

bool read_mdhd(const BoxView& box, MovieHead::Track& track) {  // 8.4.2
  ByteReader reader(box.payload());
  if (reader.u32() != kVersion1) return false;
  reader.skip(8 + 8);
  track.timescale = reader.u32();
  return track.timescale != 0 && reader.u64() == 0 && reader.left().size() == 4;
}

// One edit of the whole track, from the pre-skip on (8.6.5, 8.6.6).
bool read_edts(const BoxView& box, MovieHead::Track& track) {
  const auto list = box_of(box.payload());
  if (!list || list->type != "elst") return false;
  ByteReader reader(list->payload());
  if (reader.u32() != 0 || reader.u32() != 1 || reader.u32() != 0) return false;
  track.ahead = static_cast<std::int32_t>(reader.u32());
  reader.skip(4);
  return track.ahead > 0 && reader.done();
}

bool is_hdlr(const BoxView& box) {  // 8.4.3, with the names that init_segment() gives
  ByteReader reader(box.payload());
  reader.skip(4 + 4);
  const std::string_view type = reader.fourcc();
  reader.skip(12);
  const Span name = reader.left();
  const std::string_view expected = type == "vide" ? "Video" : "Audio";
  return (type == "vide" || type == "soun") && name.size() == expected.size() + 1 &&
         std::equal(expected.begin(), expected.end(), name.begin());
}

bool is_empty_stbl(const BoxView& box) {  // 8.5.1
  const auto boxes = boxes_of(box.payload());
  if (!boxes || !only(*boxes, "stsd")) return false;
  return std::all_of(kTables.begin(), kTables.end(), [&](std::string_view type) {
    const BoxView* const table = only(*boxes, type);
    const auto zero = [](std::uint8_t byte) { return byte == 0; };
    return table && std::all_of(table->payload().begin(), table->payload().end(), zero);
  });
}

std::optional<MovieHead::Track> read_trak(const BoxView& trak) {
  MovieHead::Track track;
  const auto boxes = boxes_of(trak.payload());
  if (!boxes) return std::nullopt;
  const BoxView* const tkhd = only(*boxes, "tkhd");
  const BoxView* const edts = only(*boxes, "edts");
  const BoxView* const mdia = only(*boxes, "mdia");
  if (!tkhd || !mdia || !read_tkhd(*tkhd, track)) return std::nullopt;
  if (edts && !read_edts(*edts, track)) return std::nullopt;
  const auto media = boxes_of(mdia->payload());
  if (!media) return std::nullopt;
  const BoxView* const mdhd = only(*media, "mdhd");
  const BoxView* const hdlr = only(*media, "hdlr");
  const BoxView* const minf = only(*media, "minf");
  if (!mdhd || !hdlr || !minf || !read_mdhd(*mdhd, track) || !is_hdlr(*hdlr)) return std::nullopt;
  const auto information = boxes_of(minf->payload());
  const BoxView* const stbl = information ? only(*information, "stbl") : nullptr;
  if (!stbl || !is_empty_stbl(*stbl)) return std::nullopt;
  return track;
}

// One trex a track, all of whose defaults are those of init_segment() (8.8.1, 8.8.3).
bool is_mvex(const BoxView& mvex, const std::vector<MovieHead::Track>& tracks) {
  const auto boxes = boxes_of(mvex.payload());
  if (!boxes || boxes->size() != tracks.size()) return false;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    ByteReader trex((*boxes)[i].payload());
    if ((*boxes)[i].type != "trex") return false;
    for (const std::uint32_t expected : {0u, tracks[i].id, 1u, 0u, 0u, 0u})
      if (trex.u32() != expected) return false;
    if (!trex.done()) return false;
  }
  return true;
}

void patch_u64(BoxWriter& w, std::size_t offset, std::uint64_t value) {
  w.patch_u32(offset, static_cast<std::uint32_t>(value >> 32));
  w.patch_u32(offset + 4, static_cast<std::uint32_t>(value));
}

// The box as it is, but with that duration `at` its byte.
void copy_with_duration(BoxWriter& w, const BoxView& box, std::size_t at, std::uint64_t duration) {
  const std::size_t start = w.size();
  w.bytes(box.bytes);
  patch_u64(w, start + at, duration);
}

struct Finished {
  const Edits edits;
  const SampleIndex& samples;
};

// Writes `box` with its children, of which those with samples or durations in them are made anew.
void write_finished(BoxWriter& w, const BoxView& box, const Finished& track) {
  for (const std::string_view parent : {"trak", "mdia", "minf", "stbl"}) {
    if (box.type != parent) continue;
    auto open = w.box(parent);
    const auto children = boxes_of(box.payload());
    for (const BoxView& child : *children) write_finished(w, child, track);
    if (parent == "stbl") track.samples.write_tables(w, /*whole=*/true);
    return;
  }
  if (box.type == "edts" || std::find(kTables.begin(), kTables.end(), box.type) != kTables.end())
    return;
  if (box.type == "mdhd") {
    const auto& samples = track.samples;
    const auto duration = static_cast<std::uint64_t>(samples.end() - samples.start());
    return copy_with_duration(w, box, kMdhdDuration, duration);
  }
  if (box.type != "tkhd") return w.bytes(box.bytes);
  copy_with_duration(w, box, kTkhdDuration, track.edits.late + track.edits.shown);
  write_edits(w, track.edits);
}

}  // namespace

std::optional<MovieHead> MovieHead::read(Bytes moov) {
  MovieHead head(std::move(moov));
  const auto box = box_of(head.moov_);
  const auto boxes = box && box->type == "moov" ? boxes_of(box->payload()) : std::nullopt;
  if (!boxes || boxes->empty() || !is_mvhd(boxes->front())) return std::nullopt;
  for (const BoxView& child : *boxes) {
    if (child.type != "trak") continue;
    const auto track = read_trak(child);
    const auto same_id = [&](const Track& other) { return track && other.id == track->id; };
    if (!track || std::any_of(head.tracks_.begin(), head.tracks_.end(), same_id))
      return std::nullopt;
    head.tracks_.push_back(*track);
  }
  const BoxView* const mvex = only(*boxes, "mvex");
  if (head.tracks_.empty() || !mvex || !is_mvex(*mvex, head.tracks_)) return std::nullopt;
  return head;
}

std::uint64_t MovieHead::duration(std::span<const SampleIndex> samples) const {
  std::uint64_t duration = 0;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const Edits edits = edits_of(tracks_[i].timescale, tracks_[i].ahead, samples[i]);
    duration = std::max(duration, edits.late + edits.shown);
  }
  return duration;
}

Bytes MovieHead::index(std::span<const SampleIndex> samples) const {
  const auto children = boxes_of(box_of(moov_)->payload());
  BoxWriter w;
  {
    auto moov = w.box("moov");
    std::size_t next = 0;
    for (const BoxView& child : *children) {
      if (child.type == "mvhd") {
        const std::size_t start = w.size();
        copy_with_duration(w, child, kMvhdDuration, duration(samples));
        w.patch_u32(start + kMvhdTimescale, kIndexTimescale);
      } else if (child.type == "trak") {
        const Track& track = tracks_[next];
        const Edits edits = edits_of(track.timescale, track.ahead, samples[next]);
        write_finished(w, child, {edits, samples[next]});
        ++next;
      } else if (child.type != "mvex") {
        w.bytes(child.bytes);
      }
    }
  }
  return w.take();
}

}  // namespace rec::isobmff
