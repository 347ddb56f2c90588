// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.265 as it is written in the bitstream: NAL units, parameter sets and the decoder configuration
// record. Clauses are those of ITU-T H.265 unless another standard is named. Only the base layer is
// understood: NAL units of other layers (nuh_layer_id above 0) are none of the types here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/nal.h"
#include "lib/codec/vui.h"

namespace rec::codec {

// nal_unit_type, Table 7-1: the ones that are told apart here.
enum class H265NalType : std::uint8_t {
  kLastSubLayerSlice = 9,  // RASL_R: 0 to 9 are slices of pictures that are no IRAP
  kFirstIrap = 16,         // BLA_W_LP
  kIdrWithRadl = 19,
  kIdrNoLeading = 20,
  kCra = 21,
  kLastReservedIrap = 23,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kAccessUnitDelimiter = 35,
  kFiller = 38,
};
// Nothing for a NAL unit of another layer, or one without a whole header.
std::optional<H265NalType> h265_nal_type(Nal nal);
bool is_irap(H265NalType type);  // BLA, IDR, CRA: without the reserved ones
bool is_h265_slice(H265NalType type);

struct H265Profile {               // profile_tier_level(), 7.3.3, general part
  std::uint8_t profile_space = 0;  // 0 to 3
  bool high_tier = false;
  std::uint8_t profile_idc = 0;
  std::uint32_t compatibility_flags = 0;           // flag 0 in the top bit
  std::array<std::uint8_t, 6> constraint_flags{};  // from general_progressive_source_flag on
  std::uint8_t level_idc = 0;                      // 30 times the level
};

struct H265Sps {
  std::uint8_t id = 0;
  std::uint8_t vps_id = 0;
  std::uint8_t temporal_layers = 1;  // sps_max_sub_layers_minus1 + 1
  bool temporal_id_nesting = false;
  H265Profile profile;
  std::uint16_t width = 0;             // luma samples of the conformance window
  std::uint16_t height = 0;            // luma samples of the conformance window
  std::uint8_t chroma_format_idc = 1;  // 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
  std::uint8_t bit_depth_luma = 8;
  std::uint8_t bit_depth_chroma = 8;
  // How many pictures may precede a picture in decoding order and follow it in output order, in the
  // highest temporal layer.
  std::uint8_t max_num_reorder_pics = 0;
  VuiStart vui;
};

struct H265Pps {
  std::uint8_t id = 0;
  std::uint8_t sps_id = 0;
};

// All take one NAL unit with its header and without a start code.
Result<std::uint8_t> parse_h265_vps(Nal nal);  // its id: the SPS repeats the rest
// What is damaged from the VUI on leaves the set usable, as in H.264: it is then not believed.
Result<H265Sps> parse_h265_sps(Nal nal);
// Only what ties the set to others.
Result<H265Pps> parse_h265_pps(Nal nal);

// ISO/IEC 14496-15, E.3: "hev1.1.6.L93.B0".
std::string rfc6381(std::string_view fourcc, const H265Profile& profile);

// HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1.
struct HvccRecord {
  unsigned nal_length_size = 4;  // bytes: 1, 2 or 4
  std::vector<Bytes> vps;        // NAL units; none is usual for hev1
  std::vector<Bytes> sps;
  std::vector<Bytes> pps;
};
// SEI arrays are not kept.
Result<HvccRecord> parse_hvcc(std::span<const std::uint8_t> data);
// Sizes are 4 bytes long; the arrays are not complete, because more sets may come in band. Profile,
// level and format are those of the first SPS; one is required.
Result<Bytes> make_hvcc(const HvccRecord& sets);

}  // namespace rec::codec
