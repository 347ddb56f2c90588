// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NAL unit headers, profiles and the parameter sets of which little is needed.
#include <array>
#include <utility>

#include "lib/codec/bit_reader.h"
#include "lib/codec/h265.h"
#include "lib/codec/h265_profile.h"

namespace rec::codec {
namespace {

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what), "Check the H.265 encoder and its payloader"};
}

std::string hex_digits(std::uint32_t value) {  // without leading zeros, upper case
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  do {
    text.insert(text.begin(), kHex[value & 15]);
    value >>= 4;
  } while (value != 0);
  return text;
}

std::uint32_t reversed(std::uint32_t bits) {
  std::uint32_t out = 0;
  for (int i = 0; i < 32; ++i) out |= (bits >> i & 1u) << (31 - i);
  return out;
}

}  // namespace

std::optional<H265NalType> h265_nal_type(Nal nal) {  // 7.3.1.2
  if (nal.size() < 2 || (nal[0] & 0x80) || (nal[1] & 7) == 0) return std::nullopt;
  const unsigned layer = (nal[0] & 1u) << 5 | nal[1] >> 3;
  if (layer != 0) return std::nullopt;
  return static_cast<H265NalType>(nal[0] >> 1);
}

bool is_irap(H265NalType type) {
  return type >= H265NalType::kFirstIrap && type <= H265NalType::kCra;
}

bool is_h265_slice(H265NalType type) {
  return type <= H265NalType::kLastSubLayerSlice || is_irap(type);
}

H265Profile parse_profile_tier_level(BitReader& r, unsigned temporal_layers) {
  H265Profile profile;
  profile.profile_space = static_cast<std::uint8_t>(r.bits(2));
  profile.high_tier = r.flag();
  profile.profile_idc = static_cast<std::uint8_t>(r.bits(5));
  profile.compatibility_flags = r.bits(32);
  for (std::uint8_t& byte : profile.constraint_flags) byte = static_cast<std::uint8_t>(r.bits(8));
  profile.level_idc = static_cast<std::uint8_t>(r.bits(8));
  std::size_t sub_layer_bits = 0;
  for (unsigned i = 0; i + 1 < temporal_layers; ++i) {
    if (r.flag()) sub_layer_bits += 88;  // sub_layer_profile_present_flag
    if (r.flag()) sub_layer_bits += 8;   // sub_layer_level_present_flag
  }
  if (temporal_layers > 1) r.skip(std::size_t{2} * (9 - temporal_layers));  // reserved
  r.skip(sub_layer_bits);
  return profile;
}

Result<std::uint8_t> parse_h265_vps(Nal nal) {  // 7.3.2.1
  if (h265_nal_type(nal) != H265NalType::kVps) return invalid("Not an H.265 video parameter set");
  const Bytes rbsp = strip_emulation_prevention(nal.subspan(2));
  BitReader r(rbsp);
  const auto id = static_cast<std::uint8_t>(r.bits(4));
  r.skip(2 + 6);  // vps_base_layer_*_flag, vps_max_layers_minus1
  const std::uint32_t sub_layers_minus1 = r.bits(3);
  r.skip(1);  // vps_temporal_id_nesting_flag
  const bool reserved = r.bits(16) == 0xffff;
  parse_profile_tier_level(r, sub_layers_minus1 + 1);
  if (!r.ok() || sub_layers_minus1 > 6 || !reserved)
    return invalid("Broken H.265 video parameter set of " + std::to_string(nal.size()) + " bytes");
  return id;
}

Result<H265Pps> parse_h265_pps(Nal nal) {  // 7.3.2.3
  if (h265_nal_type(nal) != H265NalType::kPps) return invalid("Not an H.265 picture parameter set");
  std::array<std::uint8_t, 8> start{};  // the two ids take 20 bits at most
  const std::size_t size = strip_emulation_prevention(nal.subspan(2), start);
  BitReader r({start.data(), size});
  const std::uint32_t id = r.ue();
  const std::uint32_t sps_id = r.ue();
  if (!r.ok() || id > 63 || sps_id > 15)
    return invalid("Broken H.265 picture parameter set of " + std::to_string(nal.size()) +
                   " bytes");
  return H265Pps{static_cast<std::uint8_t>(id), static_cast<std::uint8_t>(sps_id)};
}

std::string rfc6381(std::string_view fourcc, const H265Profile& profile) {
  static constexpr std::array<std::string_view, 4> kSpaces = {"", "A", "B", "C"};
  std::string text(fourcc);
  text += '.';
  text += kSpaces[profile.profile_space & 3];
  text += std::to_string(profile.profile_idc);
  text += '.' + hex_digits(reversed(profile.compatibility_flags));
  text += profile.high_tier ? ".H" : ".L";
  text += std::to_string(profile.level_idc);
  std::size_t written = profile.constraint_flags.size();
  while (written > 0 && profile.constraint_flags[written - 1] == 0) --written;
  for (std::size_t i = 0; i < written; ++i) text += '.' + hex_digits(profile.constraint_flags[i]);
  return text;
}

}  // namespace rec::codec
