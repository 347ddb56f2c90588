// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes the parameter set parsers of H.265 and hvcC. Input: one NAL unit, or one hvcC record.
#include <cstdint>

#include "lib/codec/h265.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::codec;
  const std::span input(data, size);
  if (const auto vps = parse_h265_vps(input)) rec::fuzz::check(vps.value() <= 15);
  if (const auto sps = parse_h265_sps(input)) {
    const H265Sps& s = sps.value();
    rec::fuzz::check(s.id <= 15 && s.vps_id <= 15 && s.width > 0 && s.height > 0);
    rec::fuzz::check(s.temporal_layers >= 1 && s.temporal_layers <= 7);
    rec::fuzz::check(s.max_num_reorder_pics <= 15 && s.bit_depth_luma <= 16);
    rec::fuzz::check(rfc6381("hev1", s.profile).starts_with("hev1."));
  }
  if (const auto pps = parse_h265_pps(input)) rec::fuzz::check(pps.value().sps_id <= 15);
  if (const auto record = parse_hvcc(input)) {
    const auto made = make_hvcc(record.value());
    if (!made) return 0;  // no SPS, or one that cannot be read
    const auto again = parse_hvcc(made.value());
    rec::fuzz::check(again && again.value().vps == record.value().vps &&
                     again.value().sps == record.value().sps &&
                     again.value().pps == record.value().pps && again.value().nal_length_size == 4);
  }
  return 0;
}
