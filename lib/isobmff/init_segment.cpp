// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The order of the boxes of the init segment; what is in them is in movie_boxes.cpp.
#include "lib/isobmff/init_segment.h"

#include <algorithm>

#include "lib/isobmff/movie_boxes.h"

namespace rec::isobmff {
namespace {

void write_trak(BoxWriter& w, const Track& track, std::uint64_t time_1904) {  // 8.3.1
  const Medium medium = medium_of(track.config.codec);
  auto trak = w.box("trak");
  write_tkhd(w, track, time_1904);
  write_edts(w, track.config);
  auto mdia = w.box("mdia");  // 8.4.1
  write_mdhd(w, track.config.timescale, time_1904, 0, track.tags.language);
  write_hdlr(w, medium);
  auto minf = w.box("minf");  // 8.4.4
  write_media_header(w, medium);
  write_dinf(w);
  write_stbl(w, track.config);
}

}  // namespace

Bytes init_segment(std::span<const Track> tracks, std::uint64_t creation_time_s,
                   const MovieTags& tags) {
  const std::uint64_t time_1904 = since_1904(creation_time_s);
  std::uint32_t highest_id = 0;
  for (const Track& track : tracks) highest_id = std::max(highest_id, track.id);

  BoxWriter w;
  write_ftyp(w, tracks);
  write_free(w);
  {
    auto moov = w.box("moov");  // 8.2.1
    write_mvhd(w, time_1904, highest_id + 1);
    for (const Track& track : tracks) write_trak(w, track, time_1904);
    write_mvex(w, tracks);
    write_udta(w, tags);
  }
  return w.take();
}

}  // namespace rec::isobmff
