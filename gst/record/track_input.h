// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What arrives at one pad, as a recorder takes it: caps become a track configuration, buffers
// become inputs. Belongs to the streaming thread of its pad.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/base/result.h"
#include "lib/recording/sample.h"

namespace rec::record {

class CodecInput {
 public:
  virtual ~CodecInput() = default;
  virtual Medium medium() const = 0;
  virtual const char* codec() const = 0;  // "h264"
  virtual Status set_caps(const GstStructure* caps) = 0;
  // nullopt: nothing to write (parameter sets alone). A picture whose beginning is missing is never
  // a key picture, and says rtp.damaged.
  virtual Result<std::optional<recording::Input>> convert(std::span<const std::uint8_t> bytes) = 0;
  // Known once the track can be declared. Changes only within convert() and set_caps().
  virtual const std::optional<TrackConfig>& config() const = 0;

  // The input for these caps; an error says what is wrong with them.
  static Result<std::unique_ptr<CodecInput>> create(const GstCaps* caps);
};

// Fills in the times of `buffer`: running time by `segment`, RTP and the sender's wall
// clock by its metas. Of what convert() said of RTP it keeps `damaged`, if there is RTP.
void set_times(recording::Input& input, GstBuffer* buffer, const GstSegment& segment,
               std::uint32_t timescale);

}  // namespace rec::record
