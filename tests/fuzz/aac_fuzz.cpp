// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes AudioSpecificConfig, ADTS and AacStream. Input: one configuration, or one frame.
#include <cstdint>

#include "lib/codec/aac_stream.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::codec;
  const std::span input(data, size);
  if (const auto config = parse_audio_specific_config(input)) {
    const rec::AacConfig& c = config.value();
    rec::fuzz::check(c.sample_rate > 0 && c.channels > 0);
    rec::fuzz::check(c.frame_samples >= 480 && c.frame_samples <= 1024);
    rec::fuzz::check(c.rfc6381.starts_with("mp4a.40."));
    rec::fuzz::check(aac_silence(c).size() <= 64);
  }
  AacStream stream;
  if (!stream.set_format(AacStream::Format::kAdts, {})) rec::fuzz::check(false);
  if (const auto frame = stream.convert(input)) {
    const auto bytes = frame.value().bytes;
    rec::fuzz::check(stream.config() && !bytes.empty());
    rec::fuzz::check(bytes.data() >= data && bytes.data() + bytes.size() == data + size);
  } else {
    rec::fuzz::check(!stream.config());
  }
  return 0;
}
