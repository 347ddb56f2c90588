// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns H.265 as it arrives at a track into what an MP4 file with an hev1 sample entry holds; see
// NalStream.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/codec/h265.h"
#include "lib/codec/nal_stream.h"

namespace rec::codec {

class H265Stream final : public NalStream {  // one per track, one thread
 public:
  H265Stream() : NalStream("H.265") {}

  // Known once an SPS, its VPS and a PPS that refers to it were seen. Its hvcC holds the active
  // SPS, its VPS and all PPS that refer to it.
  const std::optional<H265Config>& config() const { return config_; }

 private:
  Role role(Nal nal) const override;
  Result<SetIds> parse_set(Nal nal) const override;
  Result<Record> parse_record(std::span<const std::uint8_t> data) const override;
  std::optional<std::uint8_t> pps_id(Nal slice) const override;
  bool starts_picture(Nal slice) const override;
  bool is_random_access(Nal slice, const std::vector<Nal>& nals) const override;
  Update set_config(const SetsInUse& sets) override;

  std::optional<H265Config> config_;
};

}  // namespace rec::codec
