// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP8 frames, VP9 superframes, AV1 temporal units.
#include "tests/support/video_judge.h"

#include <cstddef>

namespace rec::test {
namespace {

using ByteSpan = std::span<const std::uint8_t>;

// The sizes at the end of a superframe must add up to what is before them.
std::string judge_index(ByteSpan sample, std::size_t& first_size) {
  const std::uint8_t marker = sample.back();
  const std::size_t bytes = (marker >> 3 & 3u) + 1;
  const std::size_t frames = (marker & 7u) + 1;
  const std::size_t index = 2 + frames * bytes;
  if (sample.size() < index || sample[sample.size() - index] != marker) return "";
  std::size_t sum = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    std::size_t size = 0;
    for (std::size_t b = 0; b < bytes; ++b)
      size |= std::size_t{sample[sample.size() - index + 1 + i * bytes + b]} << 8 * b;
    if (i == 0) first_size = size;
    if (size == 0) return "a superframe with an empty frame";
    sum += size;
  }
  return sum == sample.size() - index ? "" : "a superframe whose sizes do not add up";
}

struct Unit {  // the OBU at the front
  unsigned type = 0;
  ByteSpan payload;
};

// Cuts an OBU from `rest`. The payload of one that is damaged is null.
Unit cut_obu(ByteSpan& rest) {
  const std::uint8_t first = rest[0];
  const std::size_t header = first & 4 ? 2 : 1;
  if (first & 0x80 || !(first & 2) || rest.size() <= header) return {};
  std::size_t size = 0;
  std::size_t at = header;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at >= rest.size()) return {};
    const std::uint8_t byte = rest[at++];
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  if (size > rest.size() - at) return {};
  const Unit unit{first >> 3 & 15u, rest.subspan(at, size)};
  rest = rest.subspan(at + size);
  return unit;
}

}  // namespace

VideoSampleFacts judge_vp8_sample(ByteSpan frame) {
  if (frame.size() < 3) return {false, "no frame tag"};
  if (frame[0] & 1) return {false, ""};
  if (frame.size() < 10) return {true, "a key frame without a header"};
  if (frame[3] != 0x9d || frame[4] != 1 || frame[5] != 0x2a)
    return {true, "a key frame without its start code"};
  const bool sized = (frame[6] | (frame[7] & 0x3f)) && (frame[8] | (frame[9] & 0x3f));
  return {true, sized ? "" : "a key frame without a size"};
}

VideoSampleFacts judge_vp9_sample(ByteSpan superframe) {
  if (superframe.empty()) return {false, "an empty sample"};
  std::size_t first_size = superframe.size();
  if ((superframe.back() & 0xe0) == 0xc0)
    if (auto defect = judge_index(superframe, first_size); !defect.empty()) return {false, defect};
  const unsigned bits = superframe[0];
  if (bits >> 6 != 2) return {false, "no frame marker"};
  const bool profile3 = (bits & 0x30) == 0x30;
  const unsigned rest = profile3 ? bits << 1 : bits;  // one reserved bit more
  const bool key = !(rest & 8) && !(rest & 4);        // show_existing_frame, frame_type
  // Profile 3 has error_resilient_mode in the next byte: its sync code is not on a byte boundary.
  if (key && !profile3 &&
      (first_size < 4 || superframe[1] != 0x49 || superframe[2] != 0x83 || superframe[3] != 0x42))
    return {true, "a key frame without its sync code"};
  return {key, ""};
}

VideoSampleFacts judge_av1_sample(ByteSpan unit) {
  VideoSampleFacts facts;
  bool sequence = false;
  bool frame = false;
  if (unit.empty()) return {false, "an empty sample"};
  while (!unit.empty()) {
    const Unit obu = cut_obu(unit);
    if (!obu.payload.data()) return {facts.key, "an OBU that is damaged or has no size"};
    if (obu.type == 2 || obu.type == 7 || obu.type == 8 || obu.type == 15)
      facts.defect = "an OBU of type " + std::to_string(obu.type);
    if (obu.type == 1) sequence = true;
    if ((obu.type != 3 && obu.type != 6) || frame) continue;
    frame = true;
    if (obu.payload.empty()) return {false, "a frame without a header"};
    // show_existing_frame 0, frame_type KEY_FRAME, show_frame 1
    facts.key = sequence && (obu.payload[0] & 0xf0) == 0x10;
  }
  if (!frame) facts.defect = "no frame";
  return facts;
}

}  // namespace rec::test
