// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sequence parameter sets (7.3.2.2, Annex E).
#include <array>
#include <utility>

#include "lib/codec/bit_reader.h"
#include "lib/codec/h265.h"
#include "lib/codec/h265_profile.h"

namespace rec::codec {
namespace {

constexpr std::uint32_t kMaxDpbSize = 16;           // A.4.2
constexpr std::uint32_t kMaxShortTermSets = 64;     // 7.4.3.2.1
constexpr std::uint32_t kMaxLongTermPictures = 32;  // 7.4.3.2.1

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what), "Check the H.265 encoder and its payloader"};
}

std::uint32_t ue_up_to(BitReader& r, std::uint32_t max) {
  const std::uint32_t value = r.ue();
  if (value <= max) return value;
  r.fail();
  return 0;
}

// chroma_format_idc up to the conformance window.
void parse_picture_size(BitReader& r, H265Sps& sps) {
  const std::uint32_t chroma_format = ue_up_to(r, 3);
  if (chroma_format == 3) r.skip(1);  // separate_colour_plane_flag
  const std::uint64_t width = r.ue();
  const std::uint64_t height = r.ue();
  std::uint64_t crop_width = 0;
  std::uint64_t crop_height = 0;
  if (r.flag()) {  // conformance_window_flag
    const std::uint64_t left = r.ue();
    const std::uint64_t right = r.ue();
    const std::uint64_t top = r.ue();
    const std::uint64_t bottom = r.ue();
    crop_width = (left + right) * (chroma_format == 1 || chroma_format == 2 ? 2 : 1);  // Table 6-1
    crop_height = (top + bottom) * (chroma_format == 1 ? 2 : 1);
  }
  if (width > 0xffff || height > 0xffff || crop_width >= width || crop_height >= height) r.fail();
  if (!r.ok()) return;
  sps.chroma_format_idc = static_cast<std::uint8_t>(chroma_format);
  sps.width = static_cast<std::uint16_t>(width - crop_width);
  sps.height = static_cast<std::uint16_t>(height - crop_height);
}

// sps_max_num_reorder_pics of the highest layer, which is the last one written.
std::uint8_t parse_sub_layer_ordering(BitReader& r, unsigned temporal_layers) {
  const unsigned written = r.flag() ? temporal_layers : 1;
  std::uint32_t reorder = 0;
  for (unsigned i = 0; i < written; ++i) {
    const std::uint32_t last_picture =
        ue_up_to(r, kMaxDpbSize - 1);  // max_dec_pic_buffering_minus1
    reorder = ue_up_to(r, last_picture);
    r.ue();  // max_latency_increase_plus1
  }
  return static_cast<std::uint8_t>(reorder);
}

void skip_scaling_lists(BitReader& r) {  // 7.3.4
  for (unsigned size_id = 0; size_id < 4; ++size_id) {
    for (unsigned matrix_id = 0; matrix_id < 6 && r.ok(); matrix_id += size_id == 3 ? 3 : 1) {
      if (!r.flag()) {  // scaling_list_pred_mode_flag
        ue_up_to(r, matrix_id);
        continue;
      }
      if (size_id > 1) r.se();  // scaling_list_dc_coef_minus8
      const unsigned coefficients = size_id == 0 ? 16 : 64;
      for (unsigned i = 0; i < coefficients && r.ok(); ++i) r.se();
    }
  }
}

// 7.3.7. Returns NumDeltaPocs; `previous` is that of the set before, which this one may be
// predicted from.
std::uint32_t skip_short_term_set(BitReader& r, bool first, std::uint32_t previous) {
  std::uint32_t pictures = 0;
  if (!first && r.flag()) {  // inter_ref_pic_set_prediction_flag
    r.skip(1);               // delta_rps_sign
    ue_up_to(r, 0x7fff);     // abs_delta_rps_minus1
    for (std::uint32_t i = 0; i <= previous && r.ok(); ++i) {
      const bool used = r.flag();           // used_by_curr_pic_flag
      if (used || r.flag()) pictures += 1;  // use_delta_flag
    }
  } else {
    const std::uint32_t negative = ue_up_to(r, kMaxDpbSize);
    const std::uint32_t positive = ue_up_to(r, kMaxDpbSize);
    pictures = negative + positive;
    for (std::uint32_t i = 0; i < pictures && r.ok(); ++i) {
      r.ue();     // delta_poc_s0_minus1, delta_poc_s1_minus1
      r.skip(1);  // used_by_curr_pic_s0_flag, used_by_curr_pic_s1_flag
    }
  }
  if (pictures > kMaxDpbSize) r.fail();
  return pictures;
}

// log2_min_luma_coding_block_size_minus3 up to strong_intra_smoothing_enabled_flag.
void skip_coding_tools(BitReader& r, unsigned poc_lsb_bits) {
  for (int i = 0; i < 6; ++i) r.ue();  // sizes of blocks, depths of transforms
  if (r.flag() && r.flag()) skip_scaling_lists(r);
  r.skip(2);       // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (r.flag()) {  // pcm_enabled_flag
    r.skip(8);     // bit depths
    r.ue();
    r.ue();
    r.skip(1);  // pcm_loop_filter_disabled_flag
  }
  const std::uint32_t short_term_sets = ue_up_to(r, kMaxShortTermSets);
  std::uint32_t pictures = 0;
  for (std::uint32_t i = 0; i < short_term_sets && r.ok(); ++i)
    pictures = skip_short_term_set(r, i == 0, pictures);
  if (r.flag()) {  // long_term_ref_pics_present_flag
    const std::uint32_t long_term = ue_up_to(r, kMaxLongTermPictures);
    r.skip(std::size_t{long_term} * (poc_lsb_bits + 1));
  }
  r.skip(2);  // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

void skip_hrd(BitReader& r, unsigned temporal_layers) {  // E.2.2, E.2.3
  const bool nal = r.flag();
  const bool vcl = r.flag();
  bool sub_picture = false;
  if (nal || vcl) {
    sub_picture = r.flag();
    if (sub_picture) r.skip(8 + 5 + 1 + 5);
    r.skip(4 + 4);  // bit_rate_scale, cpb_size_scale
    if (sub_picture) r.skip(4);
    r.skip(5 + 5 + 5);
  }
  for (unsigned i = 0; i < temporal_layers && r.ok(); ++i) {
    const bool fixed_general = r.flag();
    const bool fixed_within_cvs = fixed_general || r.flag();
    bool low_delay = false;
    if (fixed_within_cvs)
      r.ue();  // elemental_duration_in_tc_minus1
    else
      low_delay = r.flag();
    const std::uint32_t buffers = low_delay ? 1 : ue_up_to(r, 31) + 1;
    const std::uint32_t entries = buffers * ((nal ? 1 : 0) + (vcl ? 1 : 0));
    for (std::uint32_t k = 0; k < entries && r.ok(); ++k) {
      for (int value = 0; value < (sub_picture ? 4 : 2); ++value) r.ue();
      r.skip(1);  // cbr_flag
    }
  }
}

VuiStart parse_vui(BitReader& r, unsigned temporal_layers) {  // E.2.1
  const VuiStart vui = parse_vui_start(r);
  r.skip(3);       // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (r.flag()) {  // default_display_window_flag
    for (int i = 0; i < 4; ++i) r.ue();
  }
  if (r.flag()) {  // vui_timing_info_present_flag
    r.skip(32 + 32);
    if (r.flag()) r.ue();  // vui_num_ticks_poc_diff_one_minus1
    if (r.flag()) skip_hrd(r, temporal_layers);
  }
  if (r.flag()) {  // bitstream_restriction_flag
    r.skip(3);
    for (int i = 0; i < 5; ++i) r.ue();
  }
  return vui;
}

// Extensions (of range, screen content and the like) are the only thing that may follow the VUI.
bool at_end(BitReader& r) {
  const bool extension = r.flag();
  return r.ok() && (extension || r.at_trailing_bits());
}

}  // namespace

Result<H265Sps> parse_h265_sps(Nal nal) {
  if (h265_nal_type(nal) != H265NalType::kSps)
    return invalid("Not an H.265 sequence parameter set");
  const Bytes rbsp = strip_emulation_prevention(nal.subspan(2));
  BitReader r(rbsp);
  H265Sps sps;
  sps.vps_id = static_cast<std::uint8_t>(r.bits(4));
  const std::uint32_t sub_layers_minus1 = r.bits(3);
  if (sub_layers_minus1 > 6) r.fail();
  sps.temporal_layers = static_cast<std::uint8_t>(sub_layers_minus1 + 1);
  sps.temporal_id_nesting = r.flag();
  sps.profile = parse_profile_tier_level(r, sps.temporal_layers);
  sps.id = static_cast<std::uint8_t>(ue_up_to(r, 15));
  parse_picture_size(r, sps);
  sps.bit_depth_luma = static_cast<std::uint8_t>(8 + ue_up_to(r, 8));
  sps.bit_depth_chroma = static_cast<std::uint8_t>(8 + ue_up_to(r, 8));
  const unsigned poc_lsb_bits = 4 + ue_up_to(r, 12);
  sps.max_num_reorder_pics = parse_sub_layer_ordering(r, sps.temporal_layers);
  skip_coding_tools(r, poc_lsb_bits);
  const bool has_vui = r.flag();
  if (!r.ok() || (!has_vui && !at_end(r)))
    return invalid("Broken H.265 sequence parameter set of " + std::to_string(nal.size()) +
                   " bytes");
  if (has_vui) {
    const VuiStart vui = parse_vui(r, sps.temporal_layers);
    if (at_end(r)) sps.vui = vui;
  }
  return sps;
}

}  // namespace rec::codec
