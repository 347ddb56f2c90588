// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp9_header.h"

#include <string>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::uint32_t kFrameMarker = 2;
constexpr std::uint32_t kSyncCode = 0x498342;
constexpr std::uint8_t kRgb = 7;  // color_space

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check that the caps are video/x-vp9 with alignment=super-frame (or frame)"};
}

void require(BitReader& r, bool condition) {
  if (!condition) r.fail();
}

Vp9Colour read_colour(BitReader& r, std::uint8_t profile) {
  const bool any_subsampling = profile == 1 || profile == 3;
  Vp9Colour colour;
  if (profile >= 2) colour.bit_depth = r.flag() ? 12 : 10;
  colour.color_space = static_cast<std::uint8_t>(r.bits(3));
  if (colour.color_space == kRgb) {
    require(r, any_subsampling);
    colour.full_range = true;
    colour.subsampling_x = colour.subsampling_y = false;
  } else {
    colour.full_range = r.flag();
    if (any_subsampling) {
      colour.subsampling_x = r.flag();
      colour.subsampling_y = r.flag();
      require(r, !colour.subsampling_x || !colour.subsampling_y);
    }
  }
  if (any_subsampling) require(r, r.bits(1) == 0);  // reserved_zero
  return colour;
}

Vp9Size read_size(BitReader& r) {  // 6.2.3
  Vp9Size size;
  size.width = r.bits(16) + 1;
  size.height = r.bits(16) + 1;
  return size;
}

// 6.2.5: the size of one of the references, or its own.
void read_size_with_refs(BitReader& r, Vp9Frame& frame) {
  for (const std::uint8_t ref : frame.refs) {
    if (r.flag()) {
      frame.size_from = ref;
      return;
    }
  }
  frame.size = read_size(r);
}

void read_inter(BitReader& r, Vp9Frame& frame) {
  frame.refresh = static_cast<std::uint8_t>(r.bits(8));
  for (std::uint8_t& ref : frame.refs) {
    ref = static_cast<std::uint8_t>(r.bits(3));
    r.skip(1);  // ref_frame_sign_bias
  }
  read_size_with_refs(r, frame);
}

void read_frame(BitReader& r, Vp9Frame& frame) {  // 6.2, as far as the size
  require(r, r.bits(2) == kFrameMarker);
  frame.profile = static_cast<std::uint8_t>(r.bits(1) | r.bits(1) << 1);
  if (frame.profile == 3) require(r, r.bits(1) == 0);  // reserved_zero
  frame.show_existing = r.flag();
  if (frame.show_existing) {
    frame.frame_to_show = static_cast<std::uint8_t>(r.bits(3));
    frame.shown = true;
    return;
  }
  frame.key = r.bits(1) == 0;
  frame.shown = r.flag();
  const bool error_resilient = r.flag();
  if (frame.key) {
    require(r, r.bits(24) == kSyncCode);
    frame.colour = read_colour(r, frame.profile);
    frame.size = read_size(r);
    frame.refresh = 0xff;
    return;
  }
  frame.intra_only = !frame.shown && r.flag();
  if (!error_resilient) r.skip(2);  // reset_frame_context
  if (!frame.intra_only) return read_inter(r, frame);
  require(r, r.bits(24) == kSyncCode);
  if (frame.profile > 0) frame.colour = read_colour(r, frame.profile);
  frame.refresh = static_cast<std::uint8_t>(r.bits(8));
  frame.size = read_size(r);
}

}  // namespace

Result<Vp9Superframe> split_vp9_superframe(std::span<const std::uint8_t> sample) {
  if (sample.empty()) return invalid("VP9 frame of 0 bytes");
  Vp9Superframe out;
  const std::uint8_t marker = sample.back();
  const std::size_t count = (marker & 7u) + 1;
  const std::size_t size_bytes = (marker >> 3 & 3u) + 1;
  const std::size_t index = 2 + count * size_bytes;
  // Only with the same byte on both sides is it an index.
  if ((marker & 0xe0u) != 0xc0 || sample.size() < index ||
      sample[sample.size() - index] != marker) {
    out.frames[0] = sample;
    out.count = 1;
    return out;
  }
  auto sizes = sample.subspan(sample.size() - index + 1);
  auto rest = sample.first(sample.size() - index);
  for (; out.count < count; ++out.count) {
    std::size_t size = 0;
    for (std::size_t i = size_bytes; i-- > 0;) size = size << 8 | sizes[i];
    sizes = sizes.subspan(size_bytes);
    if (size == 0 || size > rest.size())
      return invalid("VP9 superframe of " + std::to_string(sample.size()) +
                     " bytes says that frame " + std::to_string(out.count) + " has " +
                     std::to_string(size));
    out.frames[out.count] = rest.first(size);
    rest = rest.subspan(size);
  }
  return out;
}

Result<Vp9Frame> parse_vp9_frame(std::span<const std::uint8_t> frame) {
  BitReader r(frame);
  Vp9Frame out;
  read_frame(r, out);
  if (!r.ok())
    return invalid("VP9 frame of " + std::to_string(frame.size()) +
                   " bytes without a valid header");
  return out;
}

}  // namespace rec::codec
