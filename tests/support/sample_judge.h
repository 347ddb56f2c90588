// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a single sample holds, judged from its bytes alone: NAL units of one H.264 or H.265 access
// unit, the duration of one Opus packet. Written apart from lib/codec, which it helps to test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rec::test {

struct AvcSampleFacts {
  bool idr = false;
  bool sps = false;
  bool pps = false;
  bool sets_before_slice = true;     // every SPS and PPS comes before the first slice
  std::vector<std::string> defects;  // empty: well-formed
};

// A sample with 4-byte NAL unit lengths (ISO/IEC 14496-15, 5.3.2).
AvcSampleFacts judge_avc_sample(std::span<const std::uint8_t> bytes);

struct HevcSampleFacts {
  bool irap = false;
  bool vps = false;
  bool sps = false;
  bool pps = false;
  bool sets_before_slice = true;     // every VPS, SPS and PPS comes before the first slice
  std::vector<std::string> defects;  // empty: well-formed
};

// Likewise, ISO/IEC 14496-15, 8.3.2.
HevcSampleFacts judge_hevc_sample(std::span<const std::uint8_t> bytes);

struct OpusPacketFacts {
  std::uint32_t duration = 0;  // samples at 48 kHz
  bool stereo = false;
  std::string defect;  // empty: well-formed (RFC 6716, 3.4)
};

OpusPacketFacts judge_opus_packet(std::span<const std::uint8_t> packet);

}  // namespace rec::test
