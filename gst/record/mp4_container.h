// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MP4 as a recorder's container: joins lib/isobmff and lib/codec to lib/recording.
#pragma once

#include <optional>
#include <vector>

#include "lib/codec/in_band_sets.h"
#include "lib/isobmff/movie_index.h"
#include "lib/recording/container.h"

namespace rec::record {

class Mp4Container final : public recording::Container {
 public:
  static constexpr char kContentType[] = "video/mp4";

  // An hour of video and audio takes less than 1 MB.
  static constexpr std::size_t kMostIndexBytes = 16 << 20;

  // `indexed`: a file that is finished gets an index of all its samples. A file whose index takes
  // `most_index_bytes` of memory is full; one that grows to twice that gets none.
  explicit Mp4Container(bool indexed, std::size_t most_index_bytes = kMostIndexBytes)
      : indexed_(indexed), most_index_bytes_(most_index_bytes) {}

  void set_tags(const MovieTags& tags) override { tags_ = tags; }
  Bytes header(std::span<const Track> tracks, std::uint64_t utc_seconds) override;
  Bytes fragment(std::uint32_t sequence, std::span<TrackRun> runs,
                 const std::optional<Reference>& reference) override;
  Ending finish(std::uint64_t rewrite_below) override;
  bool full() const override;
  std::uint64_t most_ending_bytes() const override;
  std::int64_t silence_grid(const TrackConfig& config) override;
  std::optional<Silence> silence(const TrackConfig& config, std::int64_t at_most) override;

 private:
  struct Declared {
    std::uint32_t id;
    // An edit cuts the pre-skip, so media time is ahead of PTS by it; ticks.
    std::int64_t media_ahead;
    codec::InBandSets sets;
    bool needs_sets = false;  // a sample has some that the configuration lacks
  };
  Declared* declared(std::uint32_t track_id);
  static void note_sets(Declared& track, TrackRun& run);

  const bool indexed_;
  const std::size_t most_index_bytes_;
  MovieTags tags_;
  // Of the file that header() began.
  std::vector<Declared> declared_;
  std::optional<isobmff::MovieIndex> index_;
  // In memory, after the last fragment: full() is asked for each sample.
  std::size_t index_bytes_ = 0;
  std::uint64_t free_offset_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace rec::record
