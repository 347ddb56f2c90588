// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp8_stream.h"

#include <string>
#include <utility>

#include "lib/codec/vp_codec.h"

namespace rec::codec {
namespace {

constexpr std::size_t kFrameTag = 3;   // bytes
constexpr std::size_t kKeyHeader = 7;  // bytes that a key frame has behind its tag
constexpr unsigned kHighestVersion = 3;

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check that the caps are video/x-vp8, and that each buffer is one whole frame"};
}

}  // namespace

Result<Vp8Frame> parse_vp8_frame(std::span<const std::uint8_t> frame) {
  if (frame.size() < kFrameTag)
    return invalid("VP8 frame of " + std::to_string(frame.size()) + " bytes");
  const std::uint32_t tag = frame[0] | frame[1] << 8 | frame[2] << 16;
  const std::uint32_t first_partition = tag >> 5;
  Vp8Frame info;
  info.key = (tag & 1) == 0;
  info.version = static_cast<std::uint8_t>(tag >> 1 & 7);
  info.shown = (tag >> 4 & 1) != 0;
  if (info.version > kHighestVersion)
    return invalid("VP8 frame of version " + std::to_string(info.version));
  const std::size_t header = kFrameTag + (info.key ? kKeyHeader : 0);
  if (frame.size() < header || first_partition > frame.size() - header)
    return invalid("VP8 frame of " + std::to_string(frame.size()) +
                   " bytes says that its first partition has " + std::to_string(first_partition));
  if (!info.key) return info;
  if (frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a)
    return invalid("VP8 key frame without start code");
  // The two highest bits are a wish for scaling: no player grants it.
  info.width = static_cast<std::uint16_t>((frame[6] | frame[7] << 8) & 0x3fff);
  info.height = static_cast<std::uint16_t>((frame[8] | frame[9] << 8) & 0x3fff);
  if (info.width == 0 || info.height == 0)
    return invalid("VP8 key frame of " + std::to_string(info.width) + "x" +
                   std::to_string(info.height));
  return info;
}

Result<Vp8Stream::AccessUnit> Vp8Stream::convert(std::span<const std::uint8_t> frame) {
  const auto parsed = parse_vp8_frame(frame);
  if (!parsed) return parsed.error();
  const Vp8Frame& info = parsed.value();
  AccessUnit out{Bytes(frame.begin(), frame.end()), info.key, false, true};
  if (!info.key) return out;
  const std::uint8_t level = vp_level(info.width, info.height, FrameRate{});
  Vp8Config config{info.version, level, info.width, info.height,
                   vp_rfc6381("vp08", info.version, level, 8)};
  out.config_changed = config_ && *config_ != config;
  config_ = std::move(config);
  return out;
}

}  // namespace rec::codec
