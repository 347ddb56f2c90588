// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns AAC as it arrives at a track (raw with codec_data, or ADTS) into raw frames and the
// configuration that they need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/aac.h"

namespace rec::codec {

class AacStream {  // one per track, one thread
 public:
  enum class Format { kRaw, kAdts };

  // `codec_data` is an AudioSpecificConfig. kRaw needs it; kAdts brings its own and ignores it. May
  // be called again when caps change. An error changes nothing.
  Status set_format(Format format, std::span<const std::uint8_t> codec_data);

  struct Frame {
    std::span<const std::uint8_t> bytes;  // of the input, without ADTS header
    // config() is not the one that the frames before this one had. Never with the first one.
    bool config_changed = false;
  };
  // One frame. An error (no frame, more than one, a format that cannot be recorded) changes no
  // state.
  Result<Frame> convert(std::span<const std::uint8_t> frame);

  // Known after set_format() with kRaw, after the first frame of kAdts.
  const std::optional<AacConfig>& config() const { return config_; }

 private:
  Result<std::span<const std::uint8_t>> strip_adts(std::span<const std::uint8_t> frame);
  void set_config(AacConfig config);

  Format format_ = Format::kRaw;
  std::optional<AacConfig> config_;
  bool config_in_use_ = false;   // a frame was returned while config_ was known
  bool config_changed_ = false;  // since the last frame
};

}  // namespace rec::codec
