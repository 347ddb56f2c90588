// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes H265Stream with a sequence of calls; see nal_stream_feed.h for the input.
#include "lib/codec/h265_stream.h"
#include "tests/fuzz/nal_stream_feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rec::fuzz::feed_nal_stream<rec::codec::H265Stream>(
      {data, size}, [](const rec::H265Config& config) {
        return static_cast<bool>(rec::codec::parse_hvcc(config.hvcc));
      });
  return 0;
}
