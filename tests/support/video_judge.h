// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a single VP8, VP9 or AV1 sample holds, judged from its bytes alone. Written apart from
// lib/codec, which it helps to test.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace rec::test {

struct VideoSampleFacts {
  bool key = false;    // a sync sample
  std::string defect;  // empty: well-formed
};

VideoSampleFacts judge_vp8_sample(std::span<const std::uint8_t> frame);       // RFC 6386, 9.1
VideoSampleFacts judge_vp9_sample(std::span<const std::uint8_t> superframe);  // 6.2, annex B
VideoSampleFacts judge_av1_sample(std::span<const std::uint8_t> unit);        // AV1 in ISOBMFF, 2.4

}  // namespace rec::test
