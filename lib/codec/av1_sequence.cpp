// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/av1_sequence.h"

#include <array>
#include <cstdio>

#include "lib/codec/av1_obu.h"
#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::uint8_t kUnspecified = 2;
constexpr std::uint8_t kBt709 = 1;
constexpr std::uint8_t kSrgb = 13;
constexpr std::uint8_t kIdentity = 0;
constexpr std::uint32_t kSelect = 2;  // SELECT_SCREEN_CONTENT_TOOLS

struct DecoderModel {  // 5.5.4
  bool present = false;
  unsigned delay_bits = 0;
};

DecoderModel read_timing(BitReader& r) {  // 5.5.1, timing_info_present_flag
  DecoderModel model;
  if (!r.flag()) return model;
  r.skip(32 + 32);       // num_units_in_display_tick, time_scale
  if (r.flag()) r.ue();  // num_ticks_per_picture_minus_1: uvlc() is ue(v) up to 2^32 - 2
  model.present = r.flag();
  if (!model.present) return model;
  model.delay_bits = r.bits(5) + 1;
  r.skip(32 + 5 + 5);  // num_units_in_decoding_tick, lengths of times in frame headers
  return model;
}

void read_operating_points(BitReader& r, Av1Sequence& sequence) {
  const DecoderModel model = read_timing(r);
  const bool display_delay = r.flag();
  const std::uint32_t count = r.bits(5) + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    r.skip(12);  // operating_point_idc
    const auto level_idx = static_cast<std::uint8_t>(r.bits(5));
    const bool tier = level_idx > 7 && r.flag();
    if (model.present && r.flag()) r.skip(std::size_t{model.delay_bits} * 2 + 1);
    if (display_delay && r.flag()) r.skip(4);
    if (i > 0) continue;
    sequence.level_idx = level_idx;
    sequence.high_tier = tier;
  }
}

void skip_tools(BitReader& r) {  // from enable_interintra_compound to order_hint_bits_minus_1
  r.skip(4);
  const bool order_hint = r.flag();
  if (order_hint) r.skip(2);
  const std::uint32_t screen_content = r.flag() ? kSelect : r.bits(1);
  if (screen_content > 0 && !r.flag()) r.skip(1);  // seq_force_integer_mv
  if (order_hint) r.skip(3);
}

void read_subsampling(BitReader& r, Av1Sequence& sequence) {
  sequence.subsampling_x = sequence.profile != 1;
  sequence.subsampling_y = sequence.profile == 0;
  if (sequence.profile != 2 || sequence.bit_depth != 12) return;
  sequence.subsampling_x = r.flag();
  sequence.subsampling_y = sequence.subsampling_x && r.flag();
}

void read_colour(BitReader& r, Av1Sequence& sequence) {  // 5.5.2
  const bool high_bitdepth = r.flag();
  const bool twelve_bit = sequence.profile == 2 && high_bitdepth && r.flag();
  sequence.bit_depth = twelve_bit ? 12 : high_bitdepth ? 10 : 8;
  sequence.monochrome = sequence.profile != 1 && r.flag();
  if (r.flag()) {  // color_description_present_flag
    sequence.primaries = static_cast<std::uint8_t>(r.bits(8));
    sequence.transfer = static_cast<std::uint8_t>(r.bits(8));
    sequence.matrix = static_cast<std::uint8_t>(r.bits(8));
  }
  if (sequence.monochrome) {
    sequence.full_range = r.flag();
    return;
  }
  if (sequence.primaries == kBt709 && sequence.transfer == kSrgb && sequence.matrix == kIdentity) {
    sequence.full_range = true;
    sequence.subsampling_x = sequence.subsampling_y = false;
  } else {
    sequence.full_range = r.flag();
    read_subsampling(r, sequence);
    if (sequence.subsampling_x && sequence.subsampling_y)
      sequence.chroma_sample_position = static_cast<std::uint8_t>(r.bits(2));
  }
  r.skip(1);  // separate_uv_delta_q
}

void read_sequence(BitReader& r, Av1Sequence& sequence) {  // 5.5.1
  sequence.profile = static_cast<std::uint8_t>(r.bits(3));
  if (sequence.profile > 2) r.fail();
  r.skip(1);  // still_picture
  sequence.reduced_still_picture_header = r.flag();
  if (sequence.reduced_still_picture_header)
    sequence.level_idx = static_cast<std::uint8_t>(r.bits(5));
  else
    read_operating_points(r, sequence);
  const unsigned width_bits = r.bits(4) + 1;
  const unsigned height_bits = r.bits(4) + 1;
  sequence.width = r.bits(width_bits) + 1;
  sequence.height = r.bits(height_bits) + 1;
  // frame_id_numbers_present_flag
  if (!sequence.reduced_still_picture_header && r.flag()) r.skip(4 + 3);
  r.skip(3);  // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!sequence.reduced_still_picture_header) skip_tools(r);
  r.skip(3);  // enable_superres, enable_cdef, enable_restoration
  read_colour(r, sequence);
  r.skip(1);  // film_grain_params_present
}

}  // namespace

Result<Av1Sequence> parse_av1_sequence(std::span<const std::uint8_t> payload) {
  BitReader r(payload);
  Av1Sequence sequence;
  read_sequence(r, sequence);
  if (!r.ok())
    return Error{Error::Kind::kInvalidData,
                 "AV1 sequence header of " + std::to_string(payload.size()) + " bytes is damaged",
                 "Check the encoder, or what lies between it and this element"};
  return sequence;
}

Bytes make_av1c(const Av1Sequence& s, std::span<const std::uint8_t> payload) {
  const auto bit = [](bool value, unsigned shift) { return (value ? 1u : 0u) << shift; };
  Bytes av1c = {
      0x81,  // marker, version 1
      static_cast<std::uint8_t>(s.profile << 5 | s.level_idx),
      static_cast<std::uint8_t>(bit(s.high_tier, 7) | bit(s.bit_depth > 8, 6) |
                                bit(s.bit_depth == 12, 5) | bit(s.monochrome, 4) |
                                bit(s.subsampling_x, 3) | bit(s.subsampling_y, 2) |
                                s.chroma_sample_position),
      0,  // no initial_presentation_delay
  };
  constexpr std::array<std::uint8_t, 1> kHeader = {static_cast<unsigned>(ObuType::kSequenceHeader)
                                                   << 3};
  append_obu(av1c, {ObuType::kSequenceHeader, kHeader, payload});
  return av1c;
}

std::string av1_rfc6381(const Av1Sequence& s) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "av01.%u.%02u%c.%02u", s.profile, s.level_idx,
                s.high_tier ? 'H' : 'M', s.bit_depth);
  std::string out = text.data();
  const bool colour_default = s.primaries == kUnspecified && s.transfer == kUnspecified &&
                              s.matrix == kUnspecified && !s.full_range;
  if (colour_default && !s.monochrome && s.subsampling_x && s.subsampling_y &&
      s.chroma_sample_position == 0)
    return out;
  std::snprintf(text.data(), text.size(), ".%u.%u%u%u.%02u.%02u.%02u.%u", s.monochrome ? 1u : 0u,
                s.subsampling_x ? 1u : 0u, s.subsampling_y ? 1u : 0u, s.chroma_sample_position,
                s.primaries, s.transfer, s.matrix, s.full_range ? 1u : 0u);
  return out + text.data();
}

}  // namespace rec::codec
