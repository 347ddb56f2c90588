// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns H.264 as it arrives at a track into what an MP4 file with an avc3 sample entry holds; see
// NalStream.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/codec/h264.h"
#include "lib/codec/nal_stream.h"

namespace rec::codec {

class H264Stream final : public NalStream {  // one per track, one thread
 public:
  H264Stream() : NalStream("H.264") {}

  // Known once an SPS and a PPS that refers to it were seen. Its avcC holds the active SPS and all
  // PPS that refer to it.
  const std::optional<H264Config>& config() const { return config_; }
  // Of the active SPS; 0 until it is known.
  int max_num_reorder_frames() const { return max_num_reorder_frames_; }

 private:
  Role role(Nal nal) const override;
  Result<SetIds> parse_set(Nal nal) const override;
  Result<Record> parse_record(std::span<const std::uint8_t> data) const override;
  std::optional<std::uint8_t> pps_id(Nal slice) const override;
  bool starts_picture(Nal slice) const override;
  bool is_random_access(Nal slice, const std::vector<Nal>& nals) const override;
  Update set_config(const SetsInUse& sets) override;

  std::optional<H264Config> config_;
  int max_num_reorder_frames_ = 0;
};

}  // namespace rec::codec
