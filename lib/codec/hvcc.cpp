// SPDX-License-Identifier: LGPL-2.1-or-later
//
// HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1.
#include <array>
#include <utility>

#include "lib/codec/h265.h"

namespace rec::codec {
namespace {

constexpr std::size_t kFixedBytes = 23;         // up to numOfArrays
constexpr std::size_t kMaxSetsOfType = 0xffff;  // sixteen bits

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check codec_data in the caps, or use stream-format=byte-stream"};
}

void append_array(Bytes& out, H265NalType type, const std::vector<Bytes>& sets) {
  out.push_back(static_cast<std::uint8_t>(type));  // array_completeness 0
  out.push_back(static_cast<std::uint8_t>(sets.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(sets.size()));
  append_sets(out, sets);
}

Status check_sizes(const std::vector<Bytes>& sets) {
  if (sets.size() > kMaxSetsOfType)
    return invalid(std::to_string(sets.size()) + " parameter sets do not fit an hvcC record");
  for (const Bytes& set : sets)
    if (set.empty() || set.size() > kMaxSetBytes)
      return invalid("A parameter set of " + std::to_string(set.size()) +
                     " bytes does not fit an hvcC record");
  return ok();
}

}  // namespace

Result<HvccRecord> parse_hvcc(std::span<const std::uint8_t> data) {
  if (data.size() < kFixedBytes || data[0] != 1)
    return invalid("Not an HEVCDecoderConfigurationRecord of version 1 (" +
                   std::to_string(data.size()) + " bytes)");
  HvccRecord record;
  record.nal_length_size = (data[21] & 3u) + 1;
  if (record.nal_length_size == 3) return invalid("NAL unit sizes of 3 bytes do not exist");
  const unsigned arrays = data[22];
  auto rest = data.subspan(kFixedBytes);
  for (unsigned i = 0; i < arrays; ++i) {
    if (rest.size() < 3) return invalid("hvcC ends before its arrays do");
    const auto type = static_cast<H265NalType>(rest[0] & 0x3f);
    const std::size_t count = static_cast<std::size_t>(rest[1]) << 8 | rest[2];
    rest = rest.subspan(3);
    std::vector<Bytes> others;
    std::vector<Bytes>& sets = type == H265NalType::kVps   ? record.vps
                               : type == H265NalType::kSps ? record.sps
                               : type == H265NalType::kPps ? record.pps
                                                           : others;
    if (!read_sets(rest, count, sets)) return invalid("hvcC ends before its arrays do");
  }
  return record;
}

Result<Bytes> make_hvcc(const HvccRecord& sets) {
  for (const auto* list : {&sets.vps, &sets.sps, &sets.pps})
    if (auto fits = check_sizes(*list); !fits) return fits.error();
  if (sets.sps.empty()) return invalid("An hvcC record needs a sequence parameter set");
  const auto first = parse_h265_sps(sets.sps.front());
  if (!first) return first.error();
  const H265Sps& sps = first.value();
  const H265Profile& profile = sps.profile;

  Bytes out = {1, static_cast<std::uint8_t>(profile.profile_space << 6 |
                                            (profile.high_tier ? 0x20 : 0) | profile.profile_idc)};
  for (const int shift : {24, 16, 8, 0})
    out.push_back(static_cast<std::uint8_t>(profile.compatibility_flags >> shift));
  out.insert(out.end(), profile.constraint_flags.begin(), profile.constraint_flags.end());
  const std::array<std::uint8_t, 11> rest = {
      profile.level_idc,
      0xf0,  // reserved, min_spatial_segmentation_idc: 0, nothing is known
      0x00,
      0xfc,  // reserved, parallelismType: 0, unknown
      static_cast<std::uint8_t>(0xfc | sps.chroma_format_idc),
      static_cast<std::uint8_t>(0xf8 | (sps.bit_depth_luma - 8)),
      static_cast<std::uint8_t>(0xf8 | (sps.bit_depth_chroma - 8)),
      0,  // avgFrameRate: unspecified
      0,
      // constantFrameRate 0: unknown; numTemporalLayers, temporalIdNested, lengthSizeMinusOne 3
      static_cast<std::uint8_t>(sps.temporal_layers << 3 | (sps.temporal_id_nesting ? 4 : 0) | 3),
      3,  // numOfArrays
  };
  out.insert(out.end(), rest.begin(), rest.end());
  append_array(out, H265NalType::kVps, sets.vps);
  append_array(out, H265NalType::kSps, sets.sps);
  append_array(out, H265NalType::kPps, sets.pps);
  return out;
}

}  // namespace rec::codec
