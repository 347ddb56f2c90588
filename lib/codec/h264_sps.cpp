// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sequence parameter sets (7.3.2.1.1, Annex E) and the ids of picture parameter sets.
#include <algorithm>
#include <array>
#include <utility>

#include "lib/codec/bit_reader.h"
#include "lib/codec/h264.h"
#include "lib/codec/h264_profile.h"

namespace rec::codec {
namespace {

constexpr std::uint8_t kBaseline = 66;  // profile_idc; no B slices (A.2.1)
constexpr int kMaxDpbFrames = 16;       // A.3.1

struct Size {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
};

struct Frame {
  std::uint64_t mbs = 1;         // macroblocks of a frame
  bool order_is_output = false;  // pic_order_cnt_type 2: decoding order is output order
};

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what), "Check the H.264 encoder and its payloader"};
}

// 7.3.2.1.1.1. The lists themselves are of no interest.
void skip_scaling_list(BitReader& r, int size) {
  int last = 8;
  int next = 8;
  for (int i = 0; i < size && next != 0 && r.ok(); ++i) {
    const std::int32_t delta = r.se();
    if (delta < -128 || delta > 127) return r.fail();
    next = (last + delta + 256) % 256;
    last = next;
  }
}

// chroma_format_idc up to the scaling matrix, of the profiles that have them.
void parse_chroma(BitReader& r, H264Sps& sps) {
  const std::uint32_t chroma_format = r.ue();
  if (chroma_format > 3) r.fail();
  if (chroma_format == 3) r.skip(1);  // separate_colour_plane_flag
  const std::uint32_t luma = r.ue();
  const std::uint32_t chroma = r.ue();
  if (luma > 6 || chroma > 6) r.fail();
  r.skip(1);       // qpprime_y_zero_transform_bypass_flag
  if (r.flag()) {  // seq_scaling_matrix_present_flag
    const int lists = chroma_format != 3 ? 8 : 12;
    for (int i = 0; i < lists && r.ok(); ++i)
      if (r.flag()) skip_scaling_list(r, i < 6 ? 16 : 64);
  }
  if (!r.ok()) return;
  sps.chroma_format_idc = static_cast<std::uint8_t>(chroma_format);
  sps.bit_depth_luma = static_cast<std::uint8_t>(8 + luma);
  sps.bit_depth_chroma = static_cast<std::uint8_t>(8 + chroma);
}

// Returns true if decoding order is output order (8.2.1.3).
bool parse_picture_order(BitReader& r) {
  if (r.ue() > 12) r.fail();  // log2_max_frame_num_minus4
  const std::uint32_t type = r.ue();
  if (type > 2) r.fail();
  if (type == 0 && r.ue() > 12) r.fail();  // log2_max_pic_order_cnt_lsb_minus4
  if (type == 1) {
    r.skip(1);  // delta_pic_order_always_zero_flag
    r.se();     // offset_for_non_ref_pic
    r.se();     // offset_for_top_to_bottom_field
    const std::uint32_t cycle = r.ue();
    if (cycle > 255) r.fail();
    for (std::uint32_t i = 0; i < cycle && r.ok(); ++i) r.se();  // offset_for_ref_frame
  }
  return type == 2;
}

// pic_width_in_mbs_minus1 up to the cropping rectangle. Returns the macroblocks of a frame.
std::uint64_t parse_frame_size(BitReader& r, H264Sps& sps) {
  const Size map_units = {std::uint64_t{r.ue()} + 1, std::uint64_t{r.ue()} + 1};
  const bool frame_mbs_only = r.flag();
  if (!frame_mbs_only) r.skip(1);  // mb_adaptive_frame_field_flag
  r.skip(1);                       // direct_8x8_inference_flag
  const std::uint64_t field_factor = frame_mbs_only ? 1 : 2;
  const Size mbs = {map_units.width, map_units.height * field_factor};
  Size crop;
  if (r.flag()) {
    const std::uint64_t left = r.ue();
    const std::uint64_t right = r.ue();
    const std::uint64_t top = r.ue();
    const std::uint64_t bottom = r.ue();
    // Equations 7-19 to 7-22. Separate colour planes (4:4:4 only) change nothing: one sample too.
    const bool half_width = sps.chroma_format_idc == 1 || sps.chroma_format_idc == 2;
    const bool half_height = sps.chroma_format_idc == 1;
    crop.width = (left + right) * (half_width ? 2 : 1);
    crop.height = (top + bottom) * (half_height ? 2 : 1) * field_factor;
  }
  const Size coded = {mbs.width * 16, mbs.height * 16};
  if (coded.width > 0xffff || coded.height > 0xffff || crop.width >= coded.width ||
      crop.height >= coded.height)
    r.fail();
  if (!r.ok()) return 1;
  sps.width = static_cast<std::uint16_t>(coded.width - crop.width);
  sps.height = static_cast<std::uint16_t>(coded.height - crop.height);
  sps.interlaced = !frame_mbs_only;
  return mbs.width * mbs.height;
}

void skip_hrd(BitReader& r) {  // E.1.2
  const std::uint32_t cpb_count = r.ue() + 1;
  if (cpb_count > 32) r.fail();
  r.skip(8);  // bit_rate_scale, cpb_size_scale
  for (std::uint32_t i = 0; i < cpb_count && r.ok(); ++i) {
    r.ue();     // bit_rate_value_minus1
    r.ue();     // cpb_size_value_minus1
    r.skip(1);  // cbr_flag
  }
  r.skip(20);  // four lengths of 5 bits
}

// Returns max_num_reorder_frames if the stream states it.
std::optional<int> parse_vui(BitReader& r, H264Sps& sps) {
  sps.vui = parse_vui_start(r);
  if (r.flag()) r.skip(32 + 32 + 1);  // timing
  const bool nal_hrd = r.flag();
  if (nal_hrd) skip_hrd(r);
  const bool vcl_hrd = r.flag();
  if (vcl_hrd) skip_hrd(r);
  if (nal_hrd || vcl_hrd) r.skip(1);  // low_delay_hrd_flag
  r.skip(1);                          // pic_struct_present_flag
  if (!r.flag()) return std::nullopt;
  r.skip(1);  // motion_vectors_over_pic_boundaries_flag
  for (int i = 0; i < 4; ++i) r.ue();
  const std::uint32_t reorder = r.ue();
  r.ue();  // max_dec_frame_buffering
  if (reorder > kMaxDpbFrames) r.fail();
  return static_cast<int>(reorder);
}

// MaxDpbFrames of A.3.1 h) and A.3.2 f), from MaxDpbMbs of Table A-1.
int max_dpb_frames(const H264Sps& sps, std::uint64_t frame_mbs) {
  struct Level {
    std::uint8_t idc;
    std::uint32_t max_dpb_mbs;
  };
  static constexpr std::array<Level, 20> kLevels = {
      {{9, 396},     {10, 396},    {11, 900},    {12, 2376},   {13, 2376},
       {20, 2376},   {21, 4752},   {22, 8100},   {30, 8100},   {31, 18000},
       {32, 20480},  {40, 32768},  {41, 32768},  {42, 34816},  {50, 110400},
       {51, 184320}, {52, 184320}, {60, 696320}, {61, 696320}, {62, 696320}}};
  const bool old_profile = sps.profile_idc == 66 || sps.profile_idc == 77 || sps.profile_idc == 88;
  const bool level_1b = old_profile && sps.level_idc == 11 && (sps.constraint_flags & 0x10);
  const std::uint8_t idc = level_1b ? 9 : sps.level_idc;
  const auto level = std::find_if(kLevels.begin(), kLevels.end(),
                                  [idc](const Level& candidate) { return candidate.idc == idc; });
  if (level == kLevels.end()) return kMaxDpbFrames;
  const std::uint64_t frames = level->max_dpb_mbs / frame_mbs;
  return static_cast<int>(std::min<std::uint64_t>(frames, kMaxDpbFrames));
}

// The value that E.2.1 infers for a stream that does not state it.
int inferred_reorder_frames(const H264Sps& sps, const Frame& frame) {
  if (frame.order_is_output) return 0;
  static constexpr std::array<std::uint8_t, 6> kIntraWithConstraint3 = {44, 86, 100, 110, 122, 244};
  const bool constraint_set3 = sps.constraint_flags & 0x10;
  if (constraint_set3 &&
      std::count(kIntraWithConstraint3.begin(), kIntraWithConstraint3.end(), sps.profile_idc) > 0)
    return 0;
  return max_dpb_frames(sps, frame.mbs);
}

bool has_header(std::span<const std::uint8_t> nal, NalType type) {
  return !nal.empty() && (nal[0] & 0x80) == 0 && nal_type(nal) == type;
}

}  // namespace

Result<H264Sps> parse_sps(std::span<const std::uint8_t> nal) {
  if (!has_header(nal, NalType::kSps)) return invalid("Not an H.264 sequence parameter set");
  const Bytes rbsp = strip_emulation_prevention(nal.subspan(1));
  BitReader r(rbsp);
  H264Sps sps;
  sps.profile_idc = static_cast<std::uint8_t>(r.bits(8));
  sps.constraint_flags = static_cast<std::uint8_t>(r.bits(8));
  sps.level_idc = static_cast<std::uint8_t>(r.bits(8));
  const std::uint32_t id = r.ue();
  if (id > 31) r.fail();
  sps.id = static_cast<std::uint8_t>(id);
  if (has_chroma_format(sps.profile_idc)) parse_chroma(r, sps);
  Frame frame;
  frame.order_is_output = parse_picture_order(r);
  if (r.ue() > 16) r.fail();  // max_num_ref_frames
  r.skip(1);                  // gaps_in_frame_num_value_allowed_flag
  frame.mbs = parse_frame_size(r, sps);
  const bool has_vui = r.flag();
  if (!r.ok() || (!has_vui && !r.at_trailing_bits()))
    return invalid("Broken H.264 sequence parameter set of " + std::to_string(nal.size()) +
                   " bytes");
  std::optional<int> reorder;
  if (has_vui) {
    H264Sps with_vui = sps;
    const auto stated = parse_vui(r, with_vui);
    if (r.at_trailing_bits()) {
      sps = with_vui;
      reorder = stated;
    }
  }
  sps.max_num_reorder_frames = reorder ? *reorder : inferred_reorder_frames(sps, frame);
  sps.reorders = sps.profile_idc != kBaseline && !frame.order_is_output && reorder != 0;
  return sps;
}

Result<H264Pps> parse_pps(std::span<const std::uint8_t> nal) {
  if (!has_header(nal, NalType::kPps)) return invalid("Not an H.264 picture parameter set");
  std::array<std::uint8_t, 16> start{};  // the longest two ids take 26 bits
  const std::size_t size = strip_emulation_prevention(nal.subspan(1), start);
  BitReader r({start.data(), size});
  const std::uint32_t id = r.ue();
  const std::uint32_t sps_id = r.ue();
  if (!r.ok() || id > 255 || sps_id > 31)
    return invalid("Broken H.264 picture parameter set of " + std::to_string(nal.size()) +
                   " bytes");
  return H264Pps{static_cast<std::uint8_t>(id), static_cast<std::uint8_t>(sps_id)};
}

std::string rfc6381(std::string_view fourcc, const H264Sps& sps) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(fourcc);
  text += '.';
  for (const std::uint8_t byte : {sps.profile_idc, sps.constraint_flags, sps.level_idc}) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace rec::codec
