// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP8 as it arrives at a track, one frame a buffer: which frames are keys, and how large they are
// (RFC 6386, 9.1). A frame goes into a file as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::codec {

struct Vp8Frame {
  bool key = false;
  bool shown = false;
  std::uint8_t version = 0;  // 0 to 3
  std::uint16_t width = 0;   // key frames: pixels, before scaling
  std::uint16_t height = 0;  // key frames: pixels, before scaling
};

// An empty frame, a first partition that is longer than the frame and a key frame without start
// code or without a size are errors.
Result<Vp8Frame> parse_vp8_frame(std::span<const std::uint8_t> frame);

class Vp8Stream {  // one per track, one thread
 public:
  struct AccessUnit {
    Bytes bytes;       // the frame
    bool key = false;  // a decoder that got nothing before can start here
    // config() is not the one that the frames before this one had. Never with the first one.
    bool config_changed = false;
    bool picture = false;  // always true: the signature of the other codecs
  };
  // An error changes no state.
  Result<AccessUnit> convert(std::span<const std::uint8_t> frame);

  const std::optional<Vp8Config>& config() const { return config_; }  // of the last key frame

 private:
  std::optional<Vp8Config> config_;
};

}  // namespace rec::codec
