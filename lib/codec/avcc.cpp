// SPDX-License-Identifier: LGPL-2.1-or-later
//
// AVCDecoderConfigurationRecord, ISO/IEC 14496-15, 5.3.3.1.
#include <array>
#include <utility>

#include "lib/codec/h264.h"
#include "lib/codec/h264_profile.h"

namespace rec::codec {
namespace {

constexpr std::size_t kMaxSps = 31;   // five bits
constexpr std::size_t kMaxPps = 255;  // eight bits

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check codec_data in the caps, or use stream-format=byte-stream"};
}

}  // namespace

Result<AvccRecord> parse_avcc(std::span<const std::uint8_t> data) {
  if (data.size() < 7 || data[0] != 1)
    return invalid("Not an AVCDecoderConfigurationRecord of version 1 (" +
                   std::to_string(data.size()) + " bytes)");
  AvccRecord record;
  record.nal_length_size = (data[4] & 3u) + 1;
  if (record.nal_length_size == 3) return invalid("NAL unit sizes of 3 bytes do not exist");
  const std::size_t sps_count = data[5] & 0x1fu;
  auto rest = data.subspan(6);
  if (!read_sets(rest, sps_count, record.sps) || rest.empty())
    return invalid("AVCDecoderConfigurationRecord ends within its sequence parameter sets");
  const std::size_t pps_count = rest[0];
  rest = rest.subspan(1);
  if (!read_sets(rest, pps_count, record.pps))
    return invalid("AVCDecoderConfigurationRecord ends within its picture parameter sets");
  return record;
}

Result<Bytes> make_avcc(const std::vector<Bytes>& sps, const std::vector<Bytes>& pps) {
  if (sps.empty() || sps.size() > kMaxSps || pps.size() > kMaxPps)
    return invalid(std::to_string(sps.size()) + " SPS and " + std::to_string(pps.size()) +
                   " PPS do not fit an AVCDecoderConfigurationRecord");
  for (const auto* sets : {&sps, &pps})
    for (const Bytes& set : *sets)
      if (set.empty() || set.size() > kMaxSetBytes)
        return invalid("A parameter set of " + std::to_string(set.size()) +
                       " bytes does not fit an AVCDecoderConfigurationRecord");
  auto first = parse_sps(sps.front());
  if (!first) return first.error();
  const H264Sps& info = first.value();

  Bytes out = {1,
               info.profile_idc,
               info.constraint_flags,
               info.level_idc,
               0xff,  // reserved, lengthSizeMinusOne = 3
               static_cast<std::uint8_t>(0xe0 | sps.size())};
  append_sets(out, sps);
  out.push_back(static_cast<std::uint8_t>(pps.size()));
  append_sets(out, pps);
  if (has_chroma_format(info.profile_idc)) {
    const std::array<std::uint8_t, 4> extension = {
        static_cast<std::uint8_t>(0xfc | info.chroma_format_idc),
        static_cast<std::uint8_t>(0xf8 | (info.bit_depth_luma - 8)),
        static_cast<std::uint8_t>(0xf8 | (info.bit_depth_chroma - 8)),
        0};  // no SPS extensions: they are for auxiliary pictures (alpha)
    out.insert(out.end(), extension.begin(), extension.end());
  }
  return out;
}

}  // namespace rec::codec
