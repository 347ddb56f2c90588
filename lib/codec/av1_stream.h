// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns AV1 as it arrives at a track (OBU stream, one temporal unit a buffer) into what an MP4 file
// with an av01 sample entry holds: every OBU with its size, no temporal delimiters, a sequence
// header in every sample that a decoder can start at.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/av1_obu.h"
#include "lib/codec/av1_sequence.h"

namespace rec::codec {

class Av1Stream {  // one per track, one thread
 public:
  enum class Format { kObuStream, kAnnexB };

  // `codec_data` is an AV1CodecConfigurationRecord; it may be empty, which leaves the sequence
  // header as it is. May be called again when caps change. kAnnexB is refused. An error changes
  // nothing.
  Status set_format(Format format, std::span<const std::uint8_t> codec_data);

  struct AccessUnit {
    Bytes bytes;  // the OBUs of one temporal unit
    // A decoder that got nothing before can start here: the first frame is a key frame that is
    // shown, and the sequence header comes before it.
    bool key = false;
    // config() is not the one that the units before this one had. Never with the first one.
    bool config_changed = false;
    // False: there is no frame. A sequence header is remembered and comes back with the next key
    // unit, so the caller need not write this one.
    bool picture = false;
  };
  // An error (bytes that are no OBUs, two temporal units, a damaged sequence header) changes no
  // state.
  Result<AccessUnit> convert(std::span<const std::uint8_t> temporal_unit);

  // Known once a sequence header was seen.
  const std::optional<Av1Config>& config() const { return config_; }

 private:
  struct Sequence {
    Bytes payload;  // of the OBU
    Av1Sequence info;
  };
  // What the temporal unit in obus_ holds.
  struct Contents {
    std::optional<Obu> sequence;     // the last one
    std::optional<Obu> first_frame;  // frame header OBU or frame OBU
    bool sequence_leads = false;     // a sequence header comes before first_frame
  };

  Result<Contents> collect(std::span<const std::uint8_t> temporal_unit);
  static Result<Sequence> read_sequence(std::span<const std::uint8_t> payload);
  void accept(Sequence sequence);

  std::optional<Sequence> sequence_;  // the latest
  std::optional<Av1Config> config_;
  bool config_in_use_ = false;   // a unit with a frame was returned while config_ was known
  bool config_changed_ = false;  // since the last frame
  std::vector<Obu> obus_;        // borrowed within convert(); a member for its capacity
};

}  // namespace rec::codec
