// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.264 as it is written in the bitstream: NAL units, parameter sets and the decoder configuration
// record. Clauses are those of ITU-T H.264 unless another standard is named.
#pragma once

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
enum class NalType : std::uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdrSlice = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kAccessUnitDelimiter = 9,
  kFiller = 12,
};
inline NalType nal_type(std::span<const std::uint8_t> nal) {  // `nal` is not empty
  return static_cast<NalType>(nal[0] & 0x1f);
}

struct H264Sps {
  std::uint8_t id = 0;
  std::uint8_t profile_idc = 0;
  std::uint8_t constraint_flags = 0;  // the whole byte, constraint_set0_flag in its top bit
  std::uint8_t level_idc = 0;
  std::uint16_t width = 0;   // luma samples, after cropping
  std::uint16_t height = 0;  // luma samples of a frame (not of a field), after cropping
  bool interlaced = false;   // pictures may be fields or MBAFF frames: not frame_mbs_only_flag
  std::uint8_t chroma_format_idc = 1;  // 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
  std::uint8_t bit_depth_luma = 8;
  std::uint8_t bit_depth_chroma = 8;
  VuiStart vui;
  // How many frames may precede a frame in decoding order and follow it in output order.
  int max_num_reorder_frames = 0;
  // Pictures may be output in another order than they are decoded in: true unless the profile
  // (Baseline), pic_order_cnt_type 2 or the VUI rules it out.
  bool reorders = true;
};

struct H264Pps {
  std::uint8_t id = 0;
  std::uint8_t sps_id = 0;
};

// Both take one NAL unit with its header byte and without a start code. What is damaged from the
// VUI on leaves the set usable, as it does for decoders: what the VUI says is then not believed.
Result<H264Sps> parse_sps(std::span<const std::uint8_t> nal);
// Only what ties the set to others; the rest cannot be parsed without the SPS.
Result<H264Pps> parse_pps(std::span<const std::uint8_t> nal);

// RFC 6381, 3.3: "avc3.42e01f".
std::string rfc6381(std::string_view fourcc, const H264Sps& sps);

// AVCDecoderConfigurationRecord, ISO/IEC 14496-15, 5.3.3.1.
struct AvccRecord {
  unsigned nal_length_size = 4;  // bytes: 1, 2 or 4
  std::vector<Bytes> sps;        // NAL units; none is usual for avc3
  std::vector<Bytes> pps;
};
// The extension fields at the end are not read: they repeat what the SPS says, and many writers
// leave them out.
Result<AvccRecord> parse_avcc(std::span<const std::uint8_t> data);
// Sizes are 4 bytes long. Profile and level are those of the first SPS; one is required.
Result<Bytes> make_avcc(const std::vector<Bytes>& sps, const std::vector<Bytes>& pps);

}  // namespace rec::codec
