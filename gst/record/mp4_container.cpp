// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/mp4_container.h"

#include <algorithm>
#include <array>

#include "lib/codec/aac.h"
#include "lib/codec/g711.h"
#include "lib/codec/opus.h"
#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"

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

}  // namespace

Bytes Mp4Container::header(std::span<const Track> tracks, std::uint64_t utc_seconds) {
  std::vector<isobmff::Track> declared;
  media_ahead_.clear();
  for (const Track& t : tracks) {
    declared.push_back({t.id, t.config});
    if (const auto* opus = std::get_if<OpusConfig>(&t.config.codec); opus && opus->pre_skip > 0)
      media_ahead_[t.id] = opus->pre_skip;
  }
  Bytes bytes = isobmff::init_segment(declared, utc_seconds);
  if (indexed_) index_.emplace(declared, utc_seconds);
  free_offset_ = isobmff::free_offset(declared);
  size_ = bytes.size();
  return bytes;
}

Bytes Mp4Container::fragment(std::uint32_t sequence, std::span<const TrackRun> runs,
                             const std::optional<Reference>& reference) {
  std::optional<isobmff::ReferenceTime> clock;
  if (reference) {
    const std::int64_t media_time = reference->pts + ahead_of(reference->track_id);
    // The box cannot say a time before the file: better none than a wrong one.
    if (media_time >= 0)
      clock = {reference->track_id, static_cast<std::uint64_t>(media_time), reference->utc,
               reference->of_sender};
  }
  if (media_ahead_.empty()) return write_fragment(sequence, runs, clock);
  std::vector<TrackRun> shifted(runs.begin(), runs.end());
  for (TrackRun& run : shifted) {
    const std::int64_t ahead = ahead_of(run.track_id);
    run.end_dts += ahead;
    for (RunSample& sample : run.samples) sample.dts += ahead;
  }
  return write_fragment(sequence, shifted, clock);
}

Bytes Mp4Container::write_fragment(std::uint32_t sequence, std::span<const TrackRun> runs,
                                   const std::optional<isobmff::ReferenceTime>& clock) {
  Bytes bytes = isobmff::fragment(sequence, runs, clock);
  if (index_ && !bytes.empty()) {
    std::uint64_t samples = 0;
    for (const TrackRun& run : runs) samples += run.bytes();
    const std::uint64_t moof = size_ + (clock ? isobmff::kPrftBytes : 0);
    index_->add(runs, moof, size_ + bytes.size() - samples);
  }
  size_ += bytes.size();
  return bytes;
}

recording::Container::Ending Mp4Container::finish(std::uint64_t rewrite_below) {
  if (!index_ || !index_->writable()) return {};
  Bytes header = isobmff::mdat_header(free_offset_, size_);
  if (free_offset_ + header.size() > rewrite_below) return {.append = index_->mfra()};
  return {.append = index_->moov(), .rewrite_offset = free_offset_, .rewrite = std::move(header)};
}

std::int64_t Mp4Container::ahead_of(std::uint32_t track_id) const {
  const auto ahead = media_ahead_.find(track_id);
  return ahead == media_ahead_.end() ? 0 : ahead->second;
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
