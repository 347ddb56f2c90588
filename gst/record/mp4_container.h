// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MP4 as a recorder's container: joins lib/isobmff and lib/codec to lib/recording.
#pragma once

#include <map>

#include "lib/recording/container.h"

namespace rec::record {

class Mp4Container final : public recording::Container {
 public:
  static constexpr char kContentType[] = "video/mp4";

  Bytes header(std::span<const Track> tracks, std::uint64_t utc_seconds) override;
  Bytes fragment(std::uint32_t sequence, std::span<const TrackRun> runs,
                 const std::optional<Reference>& reference) override;
  std::int64_t silence_grid(const TrackConfig& config) override;
  std::optional<Silence> silence(const TrackConfig& config, std::int64_t at_most) override;

 private:
  std::int64_t ahead_of(std::uint32_t track_id) const;

  // An edit cuts the pre-skip of these tracks, so their media time is ahead of their PTS by it.
  std::map<std::uint32_t, std::int64_t> media_ahead_;  // track id, ticks
};

}  // namespace rec::record
