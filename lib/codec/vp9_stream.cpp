// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp9_stream.h"

#include <cstdio>
#include <limits>
#include <string>
#include <utility>

namespace rec::codec {
namespace {

constexpr std::uint8_t kUnspecified = 2;

// Primaries, transfer and matrix of ISO/IEC 23091-2 for color_space (7.2.2), as libwebrtc takes
// them.
void set_colour(Vp9Config& config, const Vp9Colour& colour) {
  struct Code {
    std::uint8_t primaries, transfer, matrix;
  };
  static constexpr std::array<Code, 8> kCodes = {{{kUnspecified, kUnspecified, kUnspecified},
                                                  {6, 6, 6},  // BT.601
                                                  {1, 1, 1},  // BT.709
                                                  {6, 6, 6},  // SMPTE 170M
                                                  {7, 7, 7},  // SMPTE 240M
                                                  {9, 1, 9},  // BT.2020
                                                  {kUnspecified, kUnspecified, kUnspecified},
                                                  {1, 13, 0}}};  // sRGB
  const Code& code = kCodes[colour.color_space & 7u];
  config.primaries = code.primaries;
  config.transfer = code.transfer;
  config.matrix = code.matrix;
  if (code.primaries == 9 && colour.bit_depth > 8)  // BT.2020 has two: 10 and 12 bit
    config.transfer = colour.bit_depth == 10 ? 14 : 15;
  config.bit_depth = colour.bit_depth;
  config.full_range = colour.full_range;
  config.chroma_subsampling = colour.subsampling_y ? 1 : colour.subsampling_x ? 2 : 3;
}

// The optional fields appear when the stream has something to say that is not their default.
std::string rfc6381(const Vp9Config& c) {
  std::string text = vp_rfc6381("vp09", c.profile, c.level, c.bit_depth);
  if (c.chroma_subsampling == 1 && !c.full_range && c.primaries == kUnspecified) return text;
  std::array<char, 24> fields{};
  std::snprintf(fields.data(), fields.size(), ".%02u.%02u.%02u.%02u.%02u", c.chroma_subsampling,
                c.primaries, c.transfer, c.matrix, c.full_range ? 1u : 0u);
  return text + fields.data();
}

}  // namespace

void Vp9Stream::set_frame_rate(FrameRate rate) {
  rate_ = rate.numerator == 0 || rate.denominator == 0 ? FrameRate{} : rate;
}

Result<Vp9Stream::AccessUnit> Vp9Stream::convert(std::span<const std::uint8_t> superframe) {
  const auto examined = examine(superframe);
  if (!examined) return examined.error();
  const Facts& facts = examined.value();
  auto config = next_config(facts);
  if (!config) return config.error();
  AccessUnit out{Bytes(superframe.begin(), superframe.end()), facts.first.key, false, true};
  out.config_changed = config_ && config_ != config.value();
  config_ = std::move(config.value());
  slots_ = facts.slots;
  return out;
}

Result<Vp9Stream::Facts> Vp9Stream::examine(std::span<const std::uint8_t> superframe) const {
  const auto split = split_vp9_superframe(superframe);
  if (!split) return split.error();
  Facts facts{{}, {}, slots_};
  for (std::size_t i = 0; i < split.value().count; ++i) {
    const auto parsed = parse_vp9_frame(split.value().frames[i]);
    if (!parsed) return parsed.error();
    const Vp9Frame& frame = parsed.value();
    if (i == 0) facts.first = frame;
    Vp9Size size = frame.size;
    if (frame.show_existing)
      size = facts.slots[frame.frame_to_show];
    else if (size.width == 0)
      size = facts.slots[frame.size_from];
    for (std::size_t slot = 0; slot < facts.slots.size(); ++slot)
      if (frame.refresh >> slot & 1) facts.slots[slot] = size;
    if (frame.shown) facts.shown = size;
  }
  return facts;
}

// The config after a superframe.
Result<std::optional<Vp9Config>> Vp9Stream::next_config(const Facts& facts) const {
  // A superframe that shows nothing shows its key frame later.
  const Vp9Size size = facts.shown.width > 0 ? facts.shown : facts.first.size;
  if (!facts.first.key && (!config_ || facts.shown.width == 0)) return config_;
  if (size.width > std::numeric_limits<std::uint16_t>::max() ||
      size.height > std::numeric_limits<std::uint16_t>::max())
    return Error{Error::Kind::kUnsupported,
                 "VP9 frame of " + std::to_string(size.width) + "x" + std::to_string(size.height),
                 "An MP4 sample entry has no room for more than 65535 pixels"};
  if (!facts.first.key && size.width == config_->width && size.height == config_->height)
    return config_;
  Vp9Config config = facts.first.key ? Vp9Config{} : *config_;
  if (facts.first.key) {
    const Vp9Colour& colour = facts.first.colour;
    if (colour.subsampling_y && !colour.subsampling_x)
      return Error{Error::Kind::kUnsupported, "VP9 with 4:4:0 chroma subsampling",
                   "vpcC has no value for it: let the sender use 4:2:0"};
    config.profile = facts.first.profile;
    set_colour(config, colour);
  }
  config.width = static_cast<std::uint16_t>(size.width);
  config.height = static_cast<std::uint16_t>(size.height);
  config.level = vp_level(size.width, size.height, rate_);
  config.rfc6381 = rfc6381(config);
  return std::optional(std::move(config));
}

}  // namespace rec::codec
