// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes the parameter set parsers and the NAL unit walk of lib/codec. Input: one NAL unit.
#include <cstdint>

#include "lib/codec/h264.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::codec;
  const std::span input(data, size);
  if (const auto sps = parse_sps(input)) {
    rec::fuzz::check(sps.value().id <= 31 && sps.value().width > 0 && sps.value().height > 0);
    rec::fuzz::check(sps.value().max_num_reorder_frames <= 16);
    rec::fuzz::check(rfc6381("avc3", sps.value()).size() == 11);
  }
  if (const auto pps = parse_pps(input)) rec::fuzz::check(pps.value().sps_id <= 31);
  for (const unsigned length_size : {0u, 1u, 2u, 4u}) {
    auto cursor = length_size == 0 ? NalCursor::byte_stream(input)
                                   : NalCursor::length_prefixed(input, length_size);
    std::size_t total = 0;
    while (const auto nal = cursor.next()) {
      rec::fuzz::check(!nal->empty() && nal->data() >= data &&
                       nal->data() + nal->size() <= data + size);
      total += nal->size();
    }
    rec::fuzz::check(total <= size);
  }
  return 0;
}
