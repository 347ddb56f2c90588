// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MP4 as a recorder's container: joins lib/isobmff and lib/codec to lib/recording.
#pragma once

#include <map>
#include <optional>

#include "lib/isobmff/movie_index.h"
#include "lib/isobmff/reference_time.h"
#include "lib/recording/container.h"

namespace rec::record {

class Mp4Container final : public recording::Container {
 public:
  static constexpr char kContentType[] = "video/mp4";

  // `indexed`: a file that is finished gets an index of all its samples.
  explicit Mp4Container(bool indexed) : indexed_(indexed) {}

  Bytes header(std::span<const Track> tracks, std::uint64_t utc_seconds) override;
  Bytes fragment(std::uint32_t sequence, std::span<const TrackRun> runs,
                 const std::optional<Reference>& reference) override;
  Ending finish(std::uint64_t rewrite_below) override;
  std::int64_t silence_grid(const TrackConfig& config) override;
  std::optional<Silence> silence(const TrackConfig& config, std::int64_t at_most) override;

 private:
  Bytes write_fragment(std::uint32_t sequence, std::span<const TrackRun> runs,
                       const std::optional<isobmff::ReferenceTime>& clock);
  std::int64_t ahead_of(std::uint32_t track_id) const;

  // An edit cuts the pre-skip of these tracks, so their media time is ahead of their PTS by it.
  std::map<std::uint32_t, std::int64_t> media_ahead_;  // track id, ticks
  const bool indexed_;
  // Of the file that header() began.
  std::optional<isobmff::MovieIndex> index_;
  std::uint64_t free_offset_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace rec::record
