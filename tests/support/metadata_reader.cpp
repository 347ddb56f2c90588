// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a track is shown (ISO/IEC 14496-12: the matrix of 8.3.2, pasp and colr of 12.1) and what is
// said of a movie: udta (8.10.1) with a meta (8.11.1) as iTunes writes it.
#include <algorithm>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

constexpr std::int64_t kOne = 0x10000;  // 16.16
constexpr std::uint32_t kUtf8 = 1;      // "well-known type" of QuickTime's metadata

std::int64_t read_fixed(Fields& f) { return static_cast<std::int32_t>(f.u32()); }

}  // namespace

Matrix read_matrix(Fields& f) {
  Matrix m;
  m.a = read_fixed(f);
  m.b = read_fixed(f);
  f.expect(f.u32(), 0, "matrix u");
  m.c = read_fixed(f);
  m.d = read_fixed(f);
  f.expect(f.u32(), 0, "matrix v");
  m.tx = f.u32();  // a picture is not moved up or to the left, but may be 65535 wide
  m.ty = f.u32();
  f.expect(f.u32(), 0x40000000, "matrix w");  // 2.30
  return m;
}

// Only quarter turns, mirrored or not, are of use to a player.
void read_orientation(Fields& f, const Matrix& m, std::uint32_t width, std::uint32_t height,
                      Mp4Track& track) {
  track.mirrored = m.a * m.d - m.b * m.c < 0;
  const std::int64_t a = track.mirrored ? -m.a : m.a;
  const std::int64_t b = track.mirrored ? -m.b : m.b;
  if (a == kOne && b == 0 && m.c == 0 && m.d == kOne)
    track.rotation = 0;
  else if (a == 0 && b == kOne && m.c == -kOne && m.d == 0)
    track.rotation = 90;
  else if (a == -kOne && b == 0 && m.c == 0 && m.d == -kOne)
    track.rotation = 180;
  else if (a == 0 && b == -kOne && m.c == kOne && m.d == 0)
    track.rotation = 270;
  else
    return f.violation("matrix is not a quarter turn");
  const auto leftmost = [](std::int64_t across, std::int64_t down, std::int64_t w, std::int64_t h) {
    return std::min<std::int64_t>(across / kOne * w, 0) +
           std::min<std::int64_t>(down / kOne * h, 0);
  };
  if (leftmost(m.a, m.c, width, height) + m.tx != 0 ||
      leftmost(m.b, m.d, width, height) + m.ty != 0)
    f.violation("matrix moves the picture");
}

void read_picture_format(Context& ctx, const Box& box, Mp4Track& track) {
  Fields f(ctx, box);
  if (box.type == "pasp") {  // 12.1.4
    track.pixel_width = f.u32();
    track.pixel_height = f.u32();
    if (track.pixel_width == 0 || track.pixel_height == 0) {
      f.violation("a spacing is 0");
      track.pixel_width = track.pixel_height = 1;
    }
  } else if (box.type == "colr") {  // 12.1.5
    if (f.type() != "nclx") return f.violation("colour_type is not nclx");
    track.colour = {f.u16(), f.u16(), f.u16(), 0};
    const std::uint8_t range = f.u8();
    if (range & 0x7f) f.violation("reserved must be 0");
    track.colour[3] = range >> 7;
  }
  f.done();
}

void read_udta(Context& ctx, const Box& udta) {
  const auto boxes = children(ctx, udta);
  check_children(ctx, udta, boxes, {{"meta", 1, 1}});
  const Box* meta = find(boxes, "meta");
  if (!meta) return;
  Fields f(ctx, *meta);
  f.full_header(0);
  const std::uint64_t at = meta->end() - f.left();
  const auto parts = split_boxes(ctx, f.take(f.left()), at, meta->path);
  check_children(ctx, *meta, parts, {{"hdlr", 1, 1}, {"ilst", 1, 1}});
  if (const Box* hdlr = find(parts, "hdlr")) {
    Fields g(ctx, *hdlr);
    g.full_header(0);
    g.zeros(4, "pre_defined");
    if (g.type() != "mdir") g.violation("handler_type is not mdir");
    if (g.type() != "appl") g.violation("the manufacturer of mdir is appl");
    g.zeros(8 + 1, "reserved and name");
    g.done();
  }
  const Box* ilst = find(parts, "ilst");
  if (!ilst) return;
  const auto items = children(ctx, *ilst);
  if (items.empty()) ctx.violation(*ilst, "no items");
  for (const Box& item : items) {
    const auto data = children(ctx, item);
    check_children(ctx, item, data, {{"data", 1, 1}});
    if (data.empty()) continue;
    Fields g(ctx, data.front());
    g.expect(g.u32(), kUtf8, "type of the value");
    g.zeros(4, "locale");
    const auto text = g.take(g.left());
    if (text.empty()) g.violation("an empty text");
    if (!ctx.file.tags.emplace(item.type, std::string(text.begin(), text.end())).second)
      ctx.violation(item, "occurs twice");
  }
}

}  // namespace rec::test::mp4
