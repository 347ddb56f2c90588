// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes AVCDecoderConfigurationRecord: what is read and written again reads the same.
#include <cstdint>

#include "lib/codec/h264.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::codec;
  const auto record = parse_avcc({data, size});
  if (!record) return 0;
  const unsigned length_size = record.value().nal_length_size;
  rec::fuzz::check(length_size == 1 || length_size == 2 || length_size == 4);
  const auto made = make_avcc(record.value().sps, record.value().pps);
  if (!made) return 0;  // no SPS, or one that cannot be read
  const auto again = parse_avcc(made.value());
  rec::fuzz::check(again && again.value().sps == record.value().sps &&
                   again.value().pps == record.value().pps && again.value().nal_length_size == 4);
  return 0;
}
