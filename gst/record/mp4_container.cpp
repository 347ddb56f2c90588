// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/mp4_container.h"

#include <algorithm>
#include <array>

#include "lib/codec/aac.h"
#include "lib/codec/g711.h"
#include "lib/codec/opus.h"
#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"
#include "lib/isobmff/movie_boxes.h"
#include "lib/isobmff/reference_time.h"

namespace rec::record {
namespace {

using Silence = recording::Container::Silence;

constexpr std::array<std::uint32_t, 4> kSilences = {960, 480, 240, 120};  // samples at 48 kHz
// G.711 can be silent for any number of samples; these are the packets of senders, and the shortest
// hole that is one: less is a clock that was read at another moment.
constexpr std::uint32_t kG711PacketsPerSecond = 50;
constexpr std::uint32_t kG711GridsPerSecond = 400;

std::optional<Silence> silence_of_opus(std::int64_t at_most) {
  for (const std::uint32_t samples : kSilences) {
    if (samples > at_most) continue;
    const auto packet = codec::opus_silence(samples);
    return Silence{Bytes(packet.begin(), packet.end()), samples};
  }
  return std::nullopt;
}

std::optional<Silence> silence_of_aac(const AacConfig& aac, std::int64_t at_most) {
  if (aac.frame_samples > at_most) return std::nullopt;
  Bytes frame = codec::aac_silence(aac);
  if (frame.empty()) return std::nullopt;
  return Silence{std::move(frame), aac.frame_samples};
}

std::int64_t grid_of_g711(const G711Config& g711) {
  return std::max<std::int64_t>(g711.sample_rate / kG711GridsPerSecond, 1);
}

std::optional<Silence> silence_of_g711(const G711Config& g711, std::int64_t at_most) {
  if (at_most < grid_of_g711(g711)) return std::nullopt;
  const auto packet = std::max<std::int64_t>(g711.sample_rate / kG711PacketsPerSecond, 1);
  const auto samples = static_cast<std::size_t>(std::min(packet, at_most));
  return Silence{Bytes(samples * g711.channels, codec::g711_silence(g711)),
                 static_cast<std::int64_t>(samples)};
}

// The bytes of a run, sample by sample.
class SampleReader {
 public:
  explicit SampleReader(const TrackRun& run) : pieces_(run.pieces) {}

  std::span<const std::uint8_t> next(std::size_t size) {
    for (; !pieces_.empty() && at_ == pieces_.front().size(); at_ = 0) pieces_ = pieces_.subspan(1);
    if (pieces_.empty() || pieces_.front().size() - at_ < size) return {};
    at_ += size;
    return pieces_.front().subspan(at_ - size, size);
  }

 private:
  std::span<const std::span<const std::uint8_t>> pieces_;
  std::size_t at_ = 0;  // in the first piece
};

}  // namespace

Bytes Mp4Container::header(std::span<const Track> tracks, std::uint64_t utc_seconds) {
  std::vector<isobmff::Track> declared;
  declared_.clear();
  for (const Track& t : tracks) {
    declared.push_back({t.id, t.config, t.tags});
    declared_.push_back({.id = t.id,
                         .media_ahead = isobmff::media_ahead(t.config),
                         .sets = codec::InBandSets(t.config.codec)});
  }
  Bytes bytes = isobmff::init_segment(declared, utc_seconds, tags_);
  if (indexed_) index_.emplace(declared, utc_seconds);
  index_bytes_ = 0;
  free_offset_ = isobmff::free_offset(declared);
  size_ = bytes.size();
  return bytes;
}

Bytes Mp4Container::fragment(std::uint32_t sequence, std::span<TrackRun> runs,
                             const std::optional<Reference>& reference) {
  std::optional<isobmff::ReferenceTime> clock;
  if (reference) {
    const Declared* const track = declared(reference->track_id);
    const std::int64_t media_time = reference->pts + (track ? track->media_ahead : 0);
    // The box cannot say a time before the file: better none than a wrong one.
    if (media_time >= 0)
      clock = {reference->track_id, static_cast<std::uint64_t>(media_time), reference->utc,
               reference->of_sender};
  }
  std::uint64_t data_bytes = 0;
  for (TrackRun& run : runs) {
    Declared* const track = declared(run.track_id);
    const std::int64_t ahead = track ? track->media_ahead : 0;
    run.end_dts += ahead;
    for (RunSample& sample : run.samples) sample.dts += ahead;
    if (index_ && track) note_sets(*track, run);
    data_bytes += run.bytes();
  }
  Bytes bytes = isobmff::fragment(sequence, runs, clock);
  if (index_ && !bytes.empty()) {
    index_->add(runs, size_ + (clock ? isobmff::kPrftBytes : 0), size_ + bytes.size() - data_bytes);
    index_bytes_ = index_->bytes();
    if (index_bytes_ >= 2 * most_index_bytes_) index_.reset();
  }
  size_ += bytes.size();
  return bytes;
}

// Which of the parameter sets in the samples a finished file can do without.
void Mp4Container::note_sets(Declared& track, TrackRun& run) {
  SampleReader reader(run);
  for (RunSample& sample : run.samples) {
    const auto sets = track.sets.dispensable(reader.next(sample.size));
    sample.sets = static_cast<std::uint32_t>(sets.value_or(0));
    track.needs_sets = track.needs_sets || !sets;
  }
}

recording::Container::Ending Mp4Container::finish(std::uint64_t rewrite_below) {
  if (!index_ || !index_->writable()) return {};
  Bytes header = isobmff::mdat_header(free_offset_, size_);
  if (free_offset_ + header.size() > rewrite_below) return {.append = index_->mfra()};
  for (const Declared& track : declared_)
    if (!track.needs_sets) index_->leave_out_sets(track.id);
  return {
      .append = index_->moov(tags_), .rewrite_offset = free_offset_, .rewrite = std::move(header)};
}

bool Mp4Container::full() const { return index_ && index_bytes_ >= most_index_bytes_; }

std::uint64_t Mp4Container::most_ending_bytes() const {
  return index_ ? index_->most_moov_bytes() : 0;
}

Mp4Container::Declared* Mp4Container::declared(std::uint32_t track_id) {
  const auto track = std::find_if(declared_.begin(), declared_.end(),
                                  [&](const Declared& each) { return each.id == track_id; });
  return track == declared_.end() ? nullptr : &*track;
}

std::int64_t Mp4Container::silence_grid(const TrackConfig& config) {
  if (std::holds_alternative<OpusConfig>(config.codec)) return kSilences.back();
  if (const auto* g711 = std::get_if<G711Config>(&config.codec)) return grid_of_g711(*g711);
  const auto* aac = std::get_if<AacConfig>(&config.codec);
  return aac && !codec::aac_silence(*aac).empty() ? aac->frame_samples : 0;
}

std::optional<recording::Container::Silence> Mp4Container::silence(const TrackConfig& config,
                                                                   std::int64_t at_most) {
  if (std::holds_alternative<OpusConfig>(config.codec)) return silence_of_opus(at_most);
  if (const auto* aac = std::get_if<AacConfig>(&config.codec)) return silence_of_aac(*aac, at_most);
  if (const auto* g711 = std::get_if<G711Config>(&config.codec))
    return silence_of_g711(*g711, at_most);
  return std::nullopt;
}

}  // namespace rec::record
