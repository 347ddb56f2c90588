// SPDX-License-Identifier: LGPL-2.1-or-later
//
// prft, the wall clock in front of a moof (ISO/IEC 14496-12, 8.16.5; NTP: RFC 5905, 6).
#include <algorithm>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTolerance = 1'000'000;                    // ns
constexpr std::int64_t kUnixOfNtp = 2'208'988'800;                // 1970, in seconds since 1900
constexpr std::int64_t kUnixOfEra1 = 4'294'967'296 - kUnixOfNtp;  // 2036, in seconds since 1970

// Who receives a call sees neither the encoder nor the camera's clock: of the standard's flags only
// these two can be true (arbitrary but consistent; at a small distance from what was captured).
constexpr std::uint32_t kKnownFlags = 0x1f;
constexpr std::uint32_t kConsistent = 8;
constexpr std::uint32_t kCaptured = 24;

// Seconds whose highest bit is clear are of era 1 (RFC 4330, 3).
std::int64_t unix_nanos(std::uint32_t seconds, std::uint32_t fraction) {
  const std::int64_t since_1970 = seconds >> 31 ? seconds - kUnixOfNtp : seconds + kUnixOfEra1;
  return since_1970 * kSecond +
         static_cast<std::int64_t>((fraction * std::uint64_t{kSecond} + (1ULL << 31)) >> 32);
}

std::int64_t presentation_nanos(const Mp4Track& track, std::uint64_t media_time) {
  std::int64_t cut = 0;
  for (const auto& edit : track.edits) cut = std::max(cut, edit.media_time);
  const auto ticks = static_cast<std::int64_t>(media_time) - cut;
  const std::int64_t scale = track.timescale;
  return ticks / scale * kSecond + ticks % scale * kSecond / scale;
}

void violation(Context& ctx, const PendingReference& pending, const std::string& what) {
  ctx.violation(pending.box_offset, "prft", what);
}

// [first, end) of what the moof presents of the track.
void check_media_time(Context& ctx, const PendingFragment& pending, const TrackFragment& samples) {
  const auto media_time = static_cast<std::int64_t>(pending.reference->reference.media_time);
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = 0;
  auto dts = static_cast<std::int64_t>(samples.tfdt);
  for (const auto& run : samples.runs) {
    for (const auto& sample : run.samples) {
      const std::int64_t pts = dts + static_cast<std::int64_t>(sample.dts) + sample.cts_offset;
      first = std::min(first, pts);
      end = std::max(end, pts + sample.duration);
    }
    dts += static_cast<std::int64_t>(run.duration);
  }
  if (media_time >= first && media_time < end) return;
  violation(ctx, *pending.reference,
            "media_time " + std::to_string(media_time) + " is not in the moof, which presents " +
                std::to_string(first) + " to " + std::to_string(end));
}

// One clock for the whole file. It may step forward: nothing is written during a pause. It is held
// against the first reference behind the last step, so that small errors cannot add up.
void check_clock(Context& ctx, const PendingReference& pending) {
  const std::int64_t origin = pending.reference.origin;
  if (!ctx.origin || origin > *ctx.origin + kTolerance) ctx.origin = origin;
  if (origin >= *ctx.origin - kTolerance) return;
  violation(
      ctx, pending,
      "the clock goes back by " + std::to_string(*ctx.origin - origin) + " ns against media time");
}

}  // namespace

PendingReference read_prft(Context& ctx, const Box& prft) {
  PendingReference pending;
  pending.box_offset = prft.offset;
  auto& reference = pending.reference;
  Fields f(ctx, prft);
  const auto header = f.full_header(1, kKnownFlags);
  if (header.version == 0) f.violation("version 0 wraps after hours: must be 1");
  reference.flags = header.flags;
  if (header.flags != kConsistent && header.flags != kCaptured)
    f.violation("flags are " + std::to_string(header.flags) + ", must be 8 or 24");
  reference.track = f.u32();
  const std::uint32_t seconds = f.u32();
  reference.utc = unix_nanos(seconds, f.u32());
  reference.media_time = f.number(header.version == 0 ? 4 : 8);
  f.done();
  for (std::size_t i = 0; i < ctx.file.tracks.size(); ++i)
    if (ctx.file.tracks[i].id == reference.track) pending.track = i;
  if (pending.track == kMany)
    f.violation("reference_track_ID " + std::to_string(reference.track) +
                " is not declared in moov");
  if (reference.media_time >> 62) f.violation("media_time wrapped below 0");
  return pending;
}

void finish_reference(Context& ctx, const PendingFragment& pending) {
  PendingReference found = *pending.reference;
  auto& reference = found.reference;
  if (found.track == kMany || reference.media_time >> 62) return;  // named already
  const Mp4Track& track = ctx.file.tracks[found.track];
  if (track.timescale == 0) return;
  reference.fragment = ctx.file.fragments.size() - 1;
  reference.origin = reference.utc - presentation_nanos(track, reference.media_time);
  const auto samples = std::find_if(pending.tracks.begin(), pending.tracks.end(),
                                    [&](const TrackFragment& t) { return t.track == found.track; });
  if (samples == pending.tracks.end())
    violation(ctx, found, "its track has no samples in the moof that follows");
  else
    check_media_time(ctx, pending, *samples);
  check_clock(ctx, found);
  ctx.file.references.push_back(reference);
}

}  // namespace rec::test::mp4
