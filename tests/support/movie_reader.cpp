// SPDX-License-Identifier: LGPL-2.1-or-later
//
// moov (ISO/IEC 14496-12, 8.2 to 8.8.3): of a fragmented MP4 the tracks and no samples, of a
// finished file the index behind the fragments.
#include <algorithm>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

constexpr std::uint32_t kOne = 0x00010000;  // 16.16

// Creation and modification; nobody modifies these files. Returns seconds since 1904.
std::uint64_t read_times(Fields& f, std::uint8_t version) {
  const std::size_t wide = version == 1 ? 8 : 4;
  const std::uint64_t creation = f.number(wide);
  f.expect(f.number(wide), creation, "modification_time");
  return creation;
}

void read_track_times(Context& ctx, Fields& f, std::uint8_t version) {
  if (read_times(f, version) != ctx.file.creation_time)
    f.violation("creation_time is not that of the movie");
}

// A moov without samples lasts 0, or all ones for "unknown" (8.2.2.3).
std::uint64_t read_duration(Context& ctx, Fields& f, std::uint8_t version) {
  const std::uint64_t duration = f.number(version == 1 ? 8 : 4);
  if (ctx.full_index) return duration;
  const std::uint64_t unknown = version == 1 ? ~0ULL : 0xffffffffULL;
  if (duration != 0 && duration != unknown) {
    f.violation("duration is " + std::to_string(duration) + " but moov has no samples");
  }
  return duration;
}

std::uint32_t read_mvhd(Context& ctx, const Box& box) {  // 8.2.2; returns next_track_ID
  Fields f(ctx, box);
  const auto version = f.full_header(1).version;
  ctx.file.creation_time = read_times(f, version);
  ctx.file.movie_timescale = f.u32();
  if (ctx.file.movie_timescale == 0) f.violation("timescale is 0");
  ctx.file.movie_duration = read_duration(ctx, f, version);
  f.expect(f.u32(), kOne, "rate");
  f.expect(f.u16(), 0x0100, "volume");
  f.zeros(10, "reserved");
  if (read_matrix(f) != Matrix()) f.violation("matrix is not unity");
  f.zeros(24, "pre_defined");
  const std::uint32_t next = f.u32();
  f.done();
  return next;
}

struct TrackHeader {
  std::uint32_t width = 0;  // 16.16
  std::uint32_t height = 0;
  std::uint16_t volume = 0;
};

TrackHeader read_tkhd(Context& ctx, const Box& box, Mp4Track& track) {  // 8.3.2
  Fields f(ctx, box);
  const auto [version, flags] = f.full_header(1, 0x00000f);
  if (!(flags & 1)) f.violation("track is not enabled");
  read_track_times(ctx, f, version);
  track.id = f.u32();
  if (track.id == 0) f.violation("track_ID is 0");
  f.zeros(4, "reserved");
  track.track_duration = read_duration(ctx, f, version);
  f.zeros(8, "reserved");
  f.take(4);  // layer, alternate_group
  TrackHeader header;
  header.volume = f.u16();
  f.zeros(2, "reserved");
  const Matrix matrix = read_matrix(f);
  header.width = f.u32();
  header.height = f.u32();
  read_orientation(f, matrix, header.width, header.height, track);
  f.done();
  return header;
}

void check_track_header(Context& ctx, const Box& tkhd, const TrackHeader& h, const Mp4Track& t) {
  if (t.video()) {
    if (h.volume != 0) ctx.violation(tkhd, "volume of a video track must be 0");
    // 8.3.2: as it is presented, before the matrix. One 65536th of a pixel is rounding.
    const std::uint64_t width = (std::uint64_t{t.width} << 16) * t.pixel_width / t.pixel_height;
    if ((h.width != width && h.width != width + 1) || h.height != std::uint32_t{t.height} << 16)
      ctx.violation(tkhd, "width and height differ from the sample entry's");
  } else {
    if (h.volume != 0x0100) ctx.violation(tkhd, "volume of an audio track must be 1.0");
    if (h.width || h.height) ctx.violation(tkhd, "an audio track has a width or a height");
  }
}

void read_mdhd(Context& ctx, const Box& box, Mp4Track& track) {  // 8.4.2
  Fields f(ctx, box);
  const auto version = f.full_header(1).version;
  read_track_times(ctx, f, version);
  track.timescale = f.u32();
  if (track.timescale == 0) f.violation("timescale is 0");
  track.media_duration = read_duration(ctx, f, version);
  const std::uint16_t language = f.u16();
  bool letters = (language & 0x8000) == 0;
  for (const int shift : {10, 5, 0}) {  // ISO 639-2/T, each letter less 0x60
    const int letter = language >> shift & 31;
    letters = letters && letter >= 1 && letter <= 26;
    track.language += static_cast<char>(letter + 0x60);
  }
  if (!letters) f.violation("language is not three packed letters");
  f.zeros(2, "pre_defined");
  f.done();
}

void read_hdlr(Context& ctx, const Box& box, Mp4Track& track) {  // 8.4.3
  Fields f(ctx, box);
  f.full_header(0);
  f.zeros(4, "pre_defined");
  track.handler = f.type();
  if (track.handler != "vide" && track.handler != "soun") {
    f.violation("handler_type '" + track.handler + "' is neither vide nor soun");
  }
  f.zeros(12, "reserved");
  const auto name = f.take(f.left());
  const auto end = std::find(name.begin(), name.end(), 0);
  if (name.empty() || end != name.end() - 1) f.violation("name must end with its only NUL");
}

void read_media_header(Context& ctx, const Box& box) {
  Fields f(ctx, box);
  if (box.type == "vmhd") {  // 12.1.2: the flag is 1 for historical reasons
    f.expect(f.full_header(0, 1).flags, 1, "flags");
    f.zeros(8, "graphicsmode and opcolor");
  } else {  // smhd, 12.2.2
    f.full_header(0);
    f.zeros(4, "balance and reserved");
  }
  f.done();
}

void read_dinf(Context& ctx, const Box& dinf) {  // 8.7.1, 8.7.2: the media is in this file
  const auto boxes = children(ctx, dinf);
  check_children(ctx, dinf, boxes, {{"dref", 1, 1}});
  const Box* dref = find(boxes, "dref");
  if (!dref) return;
  Fields f(ctx, *dref);
  f.full_header(0);
  f.expect(f.u32(), 1, "entry_count");
  const std::size_t used = dref->payload.size() - f.left();
  const auto entries =
      split_boxes(ctx, f.take(f.left()), dref->payload_offset() + used, dref->path);
  check_children(ctx, *dref, entries, {{"url ", 1, 1}});
  if (const Box* url = find(entries, "url ")) {
    Fields g(ctx, *url);
    g.expect(g.full_header(0, 1).flags, 1, "flags (self-contained)");
    g.done();
  }
}

void read_stbl(Context& ctx, const Box& stbl, Mp4Track& track) {
  const auto boxes = children(ctx, stbl);
  if (ctx.full_index) {
    check_children(ctx, stbl, boxes,
                   {{"stsd", 1, 1},
                    {"stts", 1, 1},
                    {"ctts", 0, 1},
                    {"stss", 0, 1},
                    {"stsc", 1, 1},
                    {"stsz", 1, 1},
                    {"stco", 0, 1},
                    {"co64", 0, 1}});
    if (const Box* stsd = find(boxes, "stsd")) read_stsd(ctx, *stsd, track);
    return read_tables(ctx, stbl, boxes, track);
  }
  check_children(ctx, stbl, boxes,
                 {{"stsd", 1, 1}, {"stts", 1, 1}, {"stsc", 1, 1}, {"stsz", 1, 1}, {"stco", 1, 1}});
  for (const auto& box : boxes) {
    if (box.type == "stsd") {
      read_stsd(ctx, box, track);
    } else if (box.type == "stts" || box.type == "stsc" || box.type == "stco" ||
               box.type == "stsz") {
      Fields f(ctx, box);
      f.full_header(0);
      if (box.type == "stsz") f.expect(f.u32(), 0, "sample_size");
      f.expect(f.u32(), 0, "entry count of a moov without samples");
      f.done();
    }
  }
}

void read_minf(Context& ctx, const Box& minf, Mp4Track& track) {
  const auto boxes = children(ctx, minf);
  const char* header = track.video() ? "vmhd" : "smhd";
  check_children(ctx, minf, boxes, {{header, 1, 1}, {"dinf", 1, 1}, {"stbl", 1, 1}});
  if (const Box* box = find(boxes, header)) read_media_header(ctx, *box);
  if (const Box* box = find(boxes, "dinf")) read_dinf(ctx, *box);
  if (const Box* box = find(boxes, "stbl")) read_stbl(ctx, *box, track);
}

void read_mdia(Context& ctx, const Box& mdia, Mp4Track& track) {
  const auto boxes = children(ctx, mdia);
  check_children(ctx, mdia, boxes, {{"mdhd", 1, 1}, {"hdlr", 1, 1}, {"minf", 1, 1}});
  if (const Box* box = find(boxes, "mdhd")) read_mdhd(ctx, *box, track);
  if (const Box* box = find(boxes, "hdlr")) read_hdlr(ctx, *box, track);
  if (const Box* box = find(boxes, "minf")) read_minf(ctx, *box, track);
}

void read_edts(Context& ctx, const Box& edts, Mp4Track& track) {  // 8.6.5, 8.6.6
  const auto boxes = children(ctx, edts);
  check_children(ctx, edts, boxes, {{"elst", 1, 1}});
  const Box* elst = find(boxes, "elst");
  if (!elst) return;
  Fields f(ctx, *elst);
  const bool wide = f.full_header(1).version == 1;
  for (std::uint32_t left = f.u32(); left > 0 && !f.short_read(); --left) {
    Mp4Edit edit;
    edit.segment_duration = f.number(wide ? 8 : 4);
    edit.media_time =
        wide ? static_cast<std::int64_t>(f.u64()) : static_cast<std::int32_t>(f.u32());
    if (edit.media_time < -1) f.violation("media_time is negative");
    f.expect(f.u16(), 1, "media_rate_integer");
    f.expect(f.u16(), 0, "media_rate_fraction");
    if (!f.short_read()) track.edits.push_back(edit);
  }
  f.done();
}

void read_trak(Context& ctx, const Box& trak) {
  const auto boxes = children(ctx, trak);
  check_children(ctx, trak, boxes, {{"tkhd", 1, 1}, {"edts", 0, 1}, {"mdia", 1, 1}});
  Mp4Track track;
  TrackHeader header;
  const Box* tkhd = find(boxes, "tkhd");
  if (tkhd) header = read_tkhd(ctx, *tkhd, track);
  const Box* edts = find(boxes, "edts");
  if (edts) read_edts(ctx, *edts, track);
  if (const Box* box = find(boxes, "mdia")) read_mdia(ctx, *box, track);
  for (const auto& edit : track.edits) {
    // Opus in ISO BMFF, 4.4: the edit is what makes a player skip the PreSkip.
    if (track.entry == "Opus" && edit.media_time >= 0 && edit.media_time != track.dops.pre_skip) {
      ctx.violation(*edts, "media_time is not the PreSkip of dOps");
    }
  }
  if (tkhd) check_track_header(ctx, *tkhd, header, track);
  for (const auto& other : ctx.file.tracks) {
    if (other.id == track.id)
      ctx.violation(trak, "track_ID " + std::to_string(track.id) + " occurs twice");
  }
  ctx.file.tracks.push_back(std::move(track));
}

void read_trex(Context& ctx, const Box& box) {  // 8.8.3
  Fields f(ctx, box);
  f.full_header(0);
  const std::uint32_t id = f.u32();
  f.expect(f.u32(), 1, "default_sample_description_index");
  TrackDefaults defaults;
  defaults.seen = true;
  defaults.duration = f.u32();
  defaults.size = f.u32();
  defaults.flags = f.u32();
  f.done();
  for (std::size_t i = 0; i < ctx.file.tracks.size(); ++i) {
    if (ctx.file.tracks[i].id != id) continue;
    if (ctx.defaults[i].seen) f.violation("second trex of track " + std::to_string(id));
    ctx.defaults[i] = defaults;
    return;
  }
  f.violation("track_ID " + std::to_string(id) + " has no trak");
}

void read_mvex(Context& ctx, const Box& mvex) {  // 8.8.1
  const auto boxes = children(ctx, mvex);
  check_children(ctx, mvex, boxes, {{"mehd", 0, 1}, {"trex", 1, kMany}});
  for (const auto& box : boxes) {
    if (box.type == "trex") read_trex(ctx, box);
    if (box.type != "mehd") continue;
    Fields f(ctx, box);  // 8.8.2
    if (f.number(f.full_header(1).version == 1 ? 8 : 4) == 0) f.violation("fragment_duration is 0");
    f.done();
  }
  for (std::size_t i = 0; i < ctx.file.tracks.size(); ++i) {
    if (ctx.defaults[i].seen) continue;
    ctx.violation(mvex, "no trex for track " + std::to_string(ctx.file.tracks[i].id));
  }
}

}  // namespace

void read_moov(Context& ctx, const Box& moov) {
  const auto boxes = children(ctx, moov);
  if (ctx.full_index)
    check_children(ctx, moov, boxes, {{"mvhd", 1, 1}, {"trak", 1, kMany}, {"udta", 0, 1}});
  else
    check_children(ctx, moov, boxes,
                   {{"mvhd", 1, 1}, {"trak", 1, kMany}, {"mvex", 1, 1}, {"udta", 0, 1}});
  ctx.file.has_moov = true;
  std::uint32_t next_id = 0;
  const Box* mvhd = find(boxes, "mvhd");
  if (mvhd) next_id = read_mvhd(ctx, *mvhd);
  for (const auto& box : boxes) {
    if (box.type == "trak") read_trak(ctx, box);
  }
  for (const auto& track : ctx.file.tracks) {
    if (mvhd && next_id <= track.id && !ctx.options.allow_stale_next_track_id)
      ctx.violation(*mvhd, "next_track_ID is not above all tracks");
  }
  ctx.defaults.resize(ctx.file.tracks.size());
  if (const Box* mvex = find(boxes, "mvex")) read_mvex(ctx, *mvex);
  const Box* udta = find(boxes, "udta");
  if (udta && !ctx.options.extra_boxes.contains("udta")) read_udta(ctx, *udta);
}

}  // namespace rec::test::mp4
