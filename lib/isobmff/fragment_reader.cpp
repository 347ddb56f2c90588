// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/fragment_reader.h"

#include <algorithm>
#include <utility>

#include "lib/isobmff/box_parser.h"
#include "lib/isobmff/track_fragment.h"

namespace rec::isobmff {
namespace {

// Beyond any real fragment and time (at 90 kHz: 24 years): what is made of them stays small.
constexpr std::size_t kMostSamples = 1 << 20;
constexpr std::uint64_t kMostTicks = 1ULL << 46;

struct Defaults {  // 8.8.7: of all samples of the run that do not say it themselves
  std::uint32_t duration = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
};

constexpr std::uint32_t kTrunFlags = kDataOffset | kFirstSampleFlags | kSampleDuration |
                                     kSampleSize | kSampleFlags | kSampleCompositionTimeOffsets;

// 8.8.3.1: sample_is_non_sync_sample
bool is_sync(std::uint32_t flags) { return (flags & 0x00010000) == 0; }

bool read_tfhd(std::span<const std::uint8_t> payload, TrackRun& run, std::uint32_t& flags,
               Defaults& defaults) {
  ByteReader reader(payload);
  flags = reader.u32();  // version 0
  run.track_id = reader.u32();
  constexpr std::uint32_t kKnown =
      kDefaultSampleDuration | kDefaultSampleSize | kDefaultSampleFlags | kDefaultBaseIsMoof;
  if ((flags & ~kKnown) != 0 || (flags & kDefaultBaseIsMoof) == 0) return false;
  if (flags & kDefaultSampleDuration) defaults.duration = reader.u32();
  if (flags & kDefaultSampleSize) defaults.size = reader.u32();
  if (flags & kDefaultSampleFlags) defaults.flags = reader.u32();
  return reader.done();
}

// What a sample does not say, tfhd must have said: the trex says nothing.
bool complete(std::uint32_t tfhd, std::uint32_t trun) {
  const auto either = [&](std::uint32_t a, std::uint32_t b) { return (tfhd & a) || (trun & b); };
  return either(kDefaultSampleDuration, kSampleDuration) &&
         either(kDefaultSampleSize, kSampleSize) && either(kDefaultSampleFlags, kSampleFlags);
}

// `offset`: where the run must begin, from the moof on; then where it ends.
bool read_trun(std::span<const std::uint8_t> payload, std::uint64_t dts, std::uint32_t tfhd,
               const Defaults& defaults, TrackRun& run, std::uint64_t& offset) {
  ByteReader reader(payload);
  constexpr std::uint32_t kVersion1 = 1 << 24;
  const std::uint32_t flags = reader.u32() ^ kVersion1;
  const std::uint32_t count = reader.u32();
  if ((flags & ~kTrunFlags) != 0 || (flags & kDataOffset) == 0 || !complete(tfhd, flags))
    return false;
  if (count == 0 || count > kMostSamples || reader.u32() != offset) return false;
  const std::uint32_t first = flags & kFirstSampleFlags ? reader.u32() : defaults.flags;
  run.samples.reserve(std::min<std::size_t>(count, payload.size()));
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    const std::uint32_t duration = flags & kSampleDuration ? reader.u32() : defaults.duration;
    RunSample sample{.dts = static_cast<std::int64_t>(dts)};
    sample.size = flags & kSampleSize ? reader.u32() : defaults.size;
    sample.key = is_sync(flags & kSampleFlags ? reader.u32() : (i == 0 ? first : defaults.flags));
    if (flags & kSampleCompositionTimeOffsets)
      sample.cts_offset = static_cast<std::int32_t>(reader.u32());
    if (sample.size == 0 || sample.dts + sample.cts_offset < 0) return false;
    dts += duration;
    offset += sample.size;
    run.samples.push_back(sample);
  }
  run.end_dts = static_cast<std::int64_t>(dts);
  return reader.done();
}

std::optional<TrackRun> read_traf(std::span<const std::uint8_t> payload, std::uint64_t& offset) {
  const auto boxes = boxes_of(payload);
  if (!boxes || boxes->size() != 3) return std::nullopt;
  const BoxView &tfhd = (*boxes)[0], &tfdt = (*boxes)[1], &trun = (*boxes)[2];
  if (tfhd.type != "tfhd" || tfdt.type != "tfdt" || trun.type != "trun") return std::nullopt;
  TrackRun run;
  Defaults defaults;
  std::uint32_t flags = 0;
  if (!read_tfhd(tfhd.payload(), run, flags, defaults)) return std::nullopt;
  ByteReader time(tfdt.payload());
  if (time.u32() != 1 << 24) return std::nullopt;  // version 1
  const std::uint64_t dts = time.u64();
  if (!time.done() || dts > kMostTicks) return std::nullopt;
  if (!read_trun(trun.payload(), dts, flags, defaults, run, offset)) return std::nullopt;
  return run;
}

}  // namespace

std::optional<MovieFragment> read_fragment(std::span<const std::uint8_t> moof,
                                           std::uint64_t mdat_header, std::uint64_t payload) {
  const auto box = box_of(moof);
  const auto boxes = box ? boxes_of(box->payload()) : std::nullopt;
  if (!boxes || box->type != "moof" || boxes->empty()) return std::nullopt;
  MovieFragment fragment;
  std::uint64_t offset = moof.size() + mdat_header;
  std::size_t samples = 0;
  const std::uint64_t end = offset + payload;
  for (const BoxView& child : *boxes) {
    if (&child == &boxes->front()) {
      ByteReader mfhd(child.payload());
      const std::uint32_t version = mfhd.u32();
      fragment.sequence_number = mfhd.u32();
      if (child.type != "mfhd" || version != 0 || !mfhd.done()) return std::nullopt;
      continue;
    }
    auto run = child.type == "traf" ? read_traf(child.payload(), offset) : std::nullopt;
    if (!run || offset > end || (samples += run->samples.size()) > kMostSamples)
      return std::nullopt;
    fragment.runs.push_back(std::move(*run));
  }
  if (fragment.runs.empty() || offset != end) return std::nullopt;
  return fragment;
}

}  // namespace rec::isobmff
