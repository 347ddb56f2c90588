// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.264 access units (ITU-T H.264, 7.3.1 and 7.4.1), H.265 access units (ITU-T H.265, 7.3.1 and
// 7.4.2) and Opus packets (RFC 6716, 3).
#include "tests/support/sample_judge.h"

#include <array>
#include <cstddef>
#include <optional>

namespace rec::test {
namespace {

using ByteSpan = std::span<const std::uint8_t>;

// A NAL unit may hold no start code and no 00 00 00: the encoder escapes them (7.4.1).
bool holds_start_code(ByteSpan nal) {
  for (std::size_t i = 2; i < nal.size(); ++i) {
    if (nal[i] <= 2 && nal[i - 1] == 0 && nal[i - 2] == 0) return true;
  }
  return false;
}

struct AvcAccessUnit {
  AvcSampleFacts facts;
  std::size_t nals = 0;
  std::size_t slices = 0;
  std::size_t pictures = 0;  // slices that begin at macroblock 0

  void add(ByteSpan nal);
  void defect(std::string what) { facts.defects.push_back(std::move(what)); }
};

void AvcAccessUnit::add(ByteSpan nal) {
  const unsigned type = nal[0] & 31u;
  switch (type) {
    case 1:
    case 5:
      ++slices;
      facts.idr = facts.idr || type == 5;
      // first_mb_in_slice is ue(v): a leading 1 bit is 0.
      if (nal.size() < 2)
        defect("a slice without a header");
      else if (nal[1] & 0x80)
        ++pictures;
      break;
    case 7:
    case 8:
      (type == 7 ? facts.sps : facts.pps) = true;
      if (slices > 0) facts.sets_before_slice = false;
      break;
    case 9:
      if (nals > 0) defect("an access unit delimiter that is not first");
      break;
    default:
      // 0 and 24..31 are RTP payload structures and the like (RFC 6184, 5.2), never in a file.
      if (type == 0 || type >= 24) defect("NAL unit type " + std::to_string(type));
  }
  ++nals;
}

struct HevcAccessUnit {
  HevcSampleFacts facts;
  std::size_t nals = 0;
  std::size_t slices = 0;
  std::size_t pictures = 0;  // slices with first_slice_segment_in_pic_flag

  void add(ByteSpan nal);
  void defect(std::string what) { facts.defects.push_back(std::move(what)); }
};

void HevcAccessUnit::add(ByteSpan nal) {
  ++nals;
  if (nal.size() < 3) return defect("a NAL unit of " + std::to_string(nal.size()) + " bytes");
  const unsigned type = nal[0] >> 1;
  if ((nal[0] & 1) || nal[1] >> 3) return;  // another layer
  if ((nal[1] & 7) == 0) defect("nuh_temporal_id_plus1 is 0");
  if (type <= 9 || (type >= 16 && type <= 21)) {
    ++slices;
    facts.irap = facts.irap || type >= 16;
    if (nal[2] & 0x80) ++pictures;
  } else if (type >= 32 && type <= 34) {
    (type == 32 ? facts.vps : type == 33 ? facts.sps : facts.pps) = true;
    if (slices > 0) facts.sets_before_slice = false;
  } else if (type == 35 && nals > 1) {
    defect("an access unit delimiter that is not first");
  } else if (type >= 41 || type < 32) {
    // 48 and up are RTP payload structures (RFC 7798, 4.4) and the like, never in a file.
    defect("NAL unit type " + std::to_string(type));
  }
}

// NAL units with lengths of four bytes, and what is the same in both codecs.
template <class Unit>
void add_nals(ByteSpan bytes, Unit& unit) {
  while (!bytes.empty()) {
    const std::size_t length = bytes.size() < 4
                                   ? 0
                                   : std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 |
                                         std::size_t{bytes[2]} << 8 | bytes[3];
    if (length == 0 || length > bytes.size() - 4) {
      unit.defect("NAL unit lengths do not add up");
      break;
    }
    const ByteSpan nal = bytes.subspan(4, length);
    bytes = bytes.subspan(4 + length);
    if (nal[0] >> 7) unit.defect("forbidden_zero_bit is set");
    if (nal.back() == 0) unit.defect("a NAL unit ends with a zero byte");
    if (holds_start_code(nal)) unit.defect("a start code inside a NAL unit");
    unit.add(nal);
  }
  if (unit.slices == 0) unit.defect("no slice");
  if (unit.pictures > 1) unit.defect("more than one access unit");
}

constexpr std::uint32_t kMaxPacket = 5760;  // 120 ms at 48 kHz: R5

// TOC byte, table 2.
std::uint32_t frame_duration(std::uint8_t toc) {
  const unsigned config = toc >> 3;
  static constexpr std::array<std::uint32_t, 4> kSilk = {480, 960, 1920, 2880};
  static constexpr std::array<std::uint32_t, 2> kHybrid = {480, 960};
  static constexpr std::array<std::uint32_t, 4> kCelt = {120, 240, 480, 960};
  if (config < 12) return kSilk[config % 4];
  if (config < 16) return kHybrid[config % 2];
  return kCelt[config % 4];
}

// A frame length of one or two bytes (3.2.1); cuts it from `rest`.
std::optional<std::size_t> frame_length(ByteSpan& rest) {
  if (rest.empty()) return std::nullopt;
  std::size_t length = rest[0];
  std::size_t used = 1;
  if (length >= 252) {
    if (rest.size() < 2) return std::nullopt;
    length += std::size_t{rest[1]} * 4;
    used = 2;
  }
  rest = rest.subspan(used);
  return length;
}

// Padding of code 3 (3.2.5): 255 stands for 254 bytes and another length byte.
bool cut_padding(ByteSpan& rest) {
  std::size_t padding = 0;
  for (;;) {
    if (rest.empty()) return false;
    const std::size_t byte = rest[0];
    rest = rest.subspan(1);
    padding += byte == 255 ? 254 : byte;
    if (byte != 255) break;
  }
  if (padding > rest.size()) return false;
  rest = rest.first(rest.size() - padding);
  return true;
}

std::string judge_many_frames(ByteSpan rest, std::uint32_t frame, std::uint32_t& frames) {
  if (rest.empty()) return "code 3 without a frame count";
  const std::uint8_t count = rest[0];
  rest = rest.subspan(1);
  frames = count & 63u;
  if (frames == 0 || frames * frame > kMaxPacket)
    return "code 3 with " + std::to_string(frames) + " frames";
  if ((count & 0x40) && !cut_padding(rest)) return "padding is longer than the packet";
  if (!(count & 0x80)) return rest.size() % frames ? "CBR frames do not divide the packet" : "";
  std::size_t sum = 0;
  for (std::uint32_t i = 0; i + 1 < frames; ++i) {
    const auto length = frame_length(rest);
    if (!length) return "a frame length is cut off";
    sum += *length;
  }
  return sum > rest.size() ? "frames are longer than the packet" : "";
}

}  // namespace

AvcSampleFacts judge_avc_sample(ByteSpan bytes) {
  AvcAccessUnit unit;
  add_nals(bytes, unit);
  return std::move(unit.facts);
}

HevcSampleFacts judge_hevc_sample(ByteSpan bytes) {
  HevcAccessUnit unit;
  add_nals(bytes, unit);
  if (unit.pictures == 0) unit.defect("the first slice of the picture is missing");
  return std::move(unit.facts);
}

OpusPacketFacts judge_opus_packet(ByteSpan packet) {
  OpusPacketFacts facts;
  if (packet.empty()) {
    facts.defect = "empty packet";
    return facts;
  }
  const std::uint8_t toc = packet[0];
  const std::uint32_t frame = frame_duration(toc);
  facts.stereo = toc & 4;
  ByteSpan rest = packet.subspan(1);
  std::uint32_t frames = 1;
  switch (toc & 3) {
    case 0: break;
    case 1:
      frames = 2;
      if (rest.size() % 2) facts.defect = "code 1 with frames of unequal size";
      break;
    case 2: {
      frames = 2;
      const auto length = frame_length(rest);
      if (!length || *length > rest.size())
        facts.defect = "the first frame is longer than the packet";
      break;
    }
    default: facts.defect = judge_many_frames(rest, frame, frames);
  }
  facts.duration = frames * frame;
  return facts;
}

}  // namespace rec::test
