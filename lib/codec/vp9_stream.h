// SPDX-License-Identifier: LGPL-2.1-or-later
//
// VP9 as it arrives at a track, one superframe (or frame) a buffer: where a decoder can start, and
// how large the picture is. It goes into a file as it is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/vp9_header.h"
#include "lib/codec/vp_codec.h"

namespace rec::codec {

class Vp9Stream {  // one per track, one thread
 public:
  // What config().level reckons with, from the next key frame or size on. Until it is called, or if
  // it is 0 (variable), that is 30 frames a second: what WebRTC senders aim at.
  void set_frame_rate(FrameRate rate);

  struct AccessUnit {
    Bytes bytes;       // the superframe
    bool key = false;  // it begins with a key frame
    // config() is not the one that the samples before this one had. Never with the first one. Not
    // only at keys: an inter frame may be larger or smaller than its references.
    bool config_changed = false;
    bool picture = false;  // always true: the signature of the other codecs
  };
  // An error changes no state.
  Result<AccessUnit> convert(std::span<const std::uint8_t> superframe);

  // Known from the first key frame on. Its size is that of the last frame that was shown.
  const std::optional<Vp9Config>& config() const { return config_; }

 private:
  using Slots = std::array<Vp9Size, 8>;  // the sizes of the reference frames
  struct Facts {                         // of one superframe
    Vp9Frame first;
    Vp9Size shown;  // of the last frame that is shown; 0 if that is unknown, or none is
    Slots slots;    // as they are after it
  };
  Result<Facts> examine(std::span<const std::uint8_t> superframe) const;
  Result<std::optional<Vp9Config>> next_config(const Facts& facts) const;

  FrameRate rate_;
  Slots slots_{};
  std::optional<Vp9Config> config_;
};

}  // namespace rec::codec
