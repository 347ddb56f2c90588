// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boxes of the init segment. Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/movie_boxes.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/isobmff/sample_entry.h"

namespace rec::isobmff {
namespace {

constexpr std::uint32_t kTrackEnabled = 1;     // 8.3.2.3
constexpr std::uint32_t kTrackInMovie = 2;     // 8.3.2.3
constexpr std::uint32_t kDataInThisFile = 1;   // 8.7.2.3
constexpr std::uint32_t kOne16x16 = 0x10000;   // 1.0 in 16.16 fixed point
constexpr std::uint16_t kFullVolume = 0x0100;  // 1.0 in 8.8 fixed point

// 6.2.2: (x, y) becomes (ax + cy + tx, bx + dy + ty).
struct Matrix {
  int a = 1, b = 0, c = 0, d = 1;
  std::uint32_t tx = 0, ty = 0;  // 16.16
};
void write_matrix(BoxWriter& w, const Matrix& m) {
  const auto fixed = [](int value) { return static_cast<std::uint32_t>(value) * kOne16x16; };
  for (const std::uint32_t value : {fixed(m.a), fixed(m.b), 0u, fixed(m.c), fixed(m.d), 0u, m.tx,
                                    m.ty, 0x40000000u})  // the last column is 2.30
    w.u32(value);
}

// Mirrors, then turns clockwise; `width` and `height` (16.16) are those of the picture before. It
// is moved so that its corner comes to lie at 0,0 again.
Matrix matrix_of(const Orientation& orientation, std::uint32_t width, std::uint32_t height) {
  Matrix m;
  switch (orientation.degrees) {
    case 90: m = {0, 1, -1, 0, height, 0}; break;
    case 180: m = {-1, 0, 0, -1, width, height}; break;
    case 270: m = {0, -1, 1, 0, 0, width}; break;
    default: break;
  }
  if (!orientation.mirrored) return m;
  // With width - x in place of x.
  m.tx += static_cast<std::uint32_t>(m.a) * width;
  m.ty += static_cast<std::uint32_t>(m.b) * width;
  m.a = -m.a;
  m.b = -m.b;
  return m;
}

struct Size {
  std::uint16_t width = 0;  // pixels; audio has none
  std::uint16_t height = 0;
};
Size size_of(const CodecConfig& codec) {
  return std::visit(
      [](const auto& config) {
        if constexpr (requires { config.width; })
          return Size{config.width, config.height};
        else
          return Size{};
      },
      codec);
}

// As it is shown, before it is turned; 16.16. Pixels that are not square make it wider or narrower.
std::uint32_t shown_width(const TrackConfig& config) {
  const std::uint64_t width = std::uint64_t{size_of(config.codec).width} * kOne16x16;
  const auto [across, down] = config.picture.pixel_aspect;
  if (across == 0 || down == 0) return static_cast<std::uint32_t>(width);
  constexpr std::uint64_t kWidest = 0xffffffff;
  return static_cast<std::uint32_t>(std::min(width * across / down, kWidest));
}

}  // namespace

void write_ftyp(BoxWriter& w, std::span<const Track> tracks) {  // 4.3
  auto ftyp = w.box("ftyp");
  w.fourcc("iso6");  // tfdt and default-base-is-moof need it; every reader must know both
  w.u32(0);          // minor_version
  w.fourcc("iso6");
  w.fourcc("mp41");  // for programs that look for a file type they have heard of
  const bool av1 = std::any_of(tracks.begin(), tracks.end(), [](const Track& track) {
    return std::holds_alternative<Av1Config>(track.config.codec);
  });
  if (av1) w.fourcc("av01");  // AV1 in ISOBMFF, 2.1 demands it
}

void write_free(BoxWriter& w) {  // 8.1.2
  auto free = w.box("free");
  w.zeros(8);  // the place of an mdat's largesize
}

std::uint64_t since_1904(std::uint64_t seconds_since_1970) {
  return seconds_since_1970 + 2082844800;  // 66 years, 17 of them leap years
}

void write_mvhd(BoxWriter& w, std::uint64_t time_1904, std::uint32_t next_track_id,
                std::uint32_t timescale, std::uint64_t duration) {  // 8.2.2
  auto mvhd = w.full_box("mvhd", 1, 0);
  w.u64(time_1904);  // creation_time
  w.u64(time_1904);  // modification_time
  w.u32(timescale);
  w.u64(duration);
  w.u32(kOne16x16);  // rate
  w.u16(kFullVolume);
  w.zeros(2 + 8);  // reserved
  write_matrix(w, {});
  w.zeros(24);  // pre_defined
  w.u32(next_track_id);
}

void write_tkhd(BoxWriter& w, const Track& track, std::uint64_t time_1904,
                std::uint64_t duration) {  // 8.3.2
  const std::uint32_t width = shown_width(track.config);
  const std::uint32_t height = size_of(track.config.codec).height * kOne16x16;
  const bool video = medium_of(track.config.codec) == Medium::kVideo;
  auto tkhd = w.full_box("tkhd", 1, kTrackEnabled | kTrackInMovie);
  w.u64(time_1904);  // creation_time
  w.u64(time_1904);  // modification_time
  w.u32(track.id);
  w.zeros(4);  // reserved
  w.u64(duration);
  w.zeros(8);  // reserved
  w.u16(0);    // layer
  w.u16(0);    // alternate_group
  w.u16(video ? 0 : kFullVolume);
  w.zeros(2);  // reserved
  write_matrix(w, video ? matrix_of(track.tags.orientation, width, height) : Matrix());
  w.u32(width);
  w.u32(height);
}

std::int64_t media_ahead(const TrackConfig& config) {
  const auto* opus = std::get_if<OpusConfig>(&config.codec);
  if (!opus) return 0;
  constexpr std::uint64_t kOpusRate = 48000;  // the unit of pre_skip
  return static_cast<std::int64_t>(
      (std::uint64_t{opus->pre_skip} * config.timescale + kOpusRate / 2) / kOpusRate);
}

void write_edts(BoxWriter& w, const TrackConfig& config) {  // 8.6.5, 8.6.6
  const std::int64_t ahead = media_ahead(config);
  if (ahead == 0) return;
  auto edts = w.box("edts");
  auto elst = w.full_box("elst", 0, 0);
  w.u32(1);  // entry_count
  w.u32(0);  // segment_duration: as long as the fragments make it
  w.u32(static_cast<std::uint32_t>(ahead));
  w.u32(kOne16x16);  // media_rate
}

void write_mdhd(BoxWriter& w, std::uint32_t timescale, std::uint64_t time_1904,
                std::uint64_t duration, std::string_view language) {  // 8.4.2
  auto mdhd = w.full_box("mdhd", 1, 0);
  w.u64(time_1904);  // creation_time
  w.u64(time_1904);  // modification_time
  w.u32(timescale);
  w.u64(duration);
  std::uint16_t letters = 0;  // 5 bits each: its distance from the one before 'a'
  for (const char c : language)
    letters = static_cast<std::uint16_t>(letters << 5 | ((c - 0x60) & 0x1f));
  w.u16(letters);
  w.zeros(2);  // pre_defined
}

void write_hdlr(BoxWriter& w, Medium medium) {  // 8.4.3
  const bool video = medium == Medium::kVideo;
  const std::string_view name = video ? "Video" : "Audio";
  auto hdlr = w.full_box("hdlr", 0, 0);
  w.zeros(4);  // pre_defined
  w.fourcc(video ? "vide" : "soun");
  w.zeros(12);  // reserved
  for (const char c : name) w.u8(static_cast<std::uint8_t>(c));
  w.u8(0);  // the name ends with a NUL
}

void write_media_header(BoxWriter& w, Medium medium) {
  if (medium == Medium::kVideo) {
    auto vmhd = w.full_box("vmhd", 0, 1);  // 12.1.2; its flags are 1
    w.zeros(2 + 6);                        // graphicsmode copy, opcolor
  } else {
    auto smhd = w.full_box("smhd", 0, 0);  // 12.2.2
    w.zeros(2 + 2);                        // balance centre, reserved
  }
}

void write_dinf(BoxWriter& w) {  // 8.7.1
  auto dinf = w.box("dinf");
  auto dref = w.full_box("dref", 0, 0);  // 8.7.2
  w.u32(1);                              // entry_count
  auto url = w.full_box("url ", 0, kDataInThisFile);
}

void write_stbl(BoxWriter& w, const TrackConfig& config) {  // 8.5.1
  auto stbl = w.box("stbl");
  write_stsd(w, config);
  // All samples are in fragments: the tables have no entry, but must be there.
  for (const std::string_view table : {"stts", "stsc"}) {  // 8.6.1.2, 8.7.4
    auto box = w.full_box(table, 0, 0);
    w.u32(0);  // entry_count
  }
  {
    auto stsz = w.full_box("stsz", 0, 0);  // 8.7.3.2
    w.u32(0);                              // sample_size: it varies
    w.u32(0);                              // sample_count
  }
  auto stco = w.full_box("stco", 0, 0);  // 8.7.5
  w.u32(0);                              // entry_count
}

void write_mvex(BoxWriter& w, std::span<const Track> tracks) {  // 8.8.1
  auto mvex = w.box("mvex");
  for (const Track& track : tracks) {
    auto trex = w.full_box("trex", 0, 0);  // 8.8.3
    w.u32(track.id);
    w.u32(1);  // default_sample_description_index
    // Duration, size and flags: each fragment says them itself, so that it can be understood, and
    // moved, without this box.
    w.zeros(4 + 4 + 4);
  }
}

// 8.10.1, and what iTunes made of meta (8.11.1): ffmpeg, QuickTime and GStreamer look for it there.
void write_udta(BoxWriter& w, const MovieTags& tags) {
  if (tags == MovieTags()) return;
  auto udta = w.box("udta");
  auto meta = w.full_box("meta", 0, 0);
  {
    auto hdlr = w.full_box("hdlr", 0, 0);
    w.zeros(4);  // pre_defined
    w.fourcc("mdir");
    w.fourcc("appl");  // by ISO reserved
    w.zeros(8 + 1);    // reserved, an empty name
  }
  auto ilst = w.box("ilst");
  const auto item = [&w](std::string_view type, const std::string& text) {
    if (text.empty()) return;
    auto box = w.box(type);
    auto data = w.box("data");
    w.u32(1);    // UTF-8
    w.zeros(4);  // locale: any
    for (const char c : text) w.u8(static_cast<std::uint8_t>(c));
  };
  item("\xa9nam", tags.title);
  item(
      "\xa9"
      "cmt",
      tags.comment);
  item("\xa9too", tags.tool);
}

}  // namespace rec::isobmff
