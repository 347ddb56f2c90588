// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs, samples and their times (ISO/IEC 14496-12, 8.8.8 and 8.8.12; 14496-15, 5.4; Opus in ISO
// BMFF, 4.4; the bindings of VP8, VP9 and AV1).
#include "tests/support/sample_check.h"

#include <algorithm>

#include "tests/support/sample_judge.h"
#include "tests/support/video_judge.h"

namespace rec::test::mp4 {
namespace {

std::string sample_name(const std::string& path, std::size_t index) {
  return path + " sample " + std::to_string(index);
}

void check_avc(Context& ctx, const Mp4Track& track, const Mp4Sample& sample,
               const std::string& name) {
  const auto facts = judge_avc_sample(ctx.bytes.subspan(sample.offset, sample.size));
  const auto bad = [&](const std::string& what) { ctx.violation(sample.offset, name, what); };
  for (const auto& defect : facts.defects) bad(defect);
  if (facts.idr != sample.key) {
    bad(facts.idr ? "an IDR picture that is not marked as sync sample"
                  : "a sync sample without IDR picture");
  }
  if (track.samples.empty() && !facts.idr) bad("the first sample of the track is no IDR picture");
  const bool sets = facts.sps && facts.pps && facts.sets_before_slice;
  if (track.entry == "avc3" && facts.idr && !sets)
    bad("an IDR picture without SPS and PPS before it");
  if (track.entry == "avc1" && (facts.sps || facts.pps))
    bad("avc1 with parameter sets in a sample");
}

void check_hevc(Context& ctx, const Mp4Track& track, const Mp4Sample& sample,
                const std::string& name) {
  const auto facts = judge_hevc_sample(ctx.bytes.subspan(sample.offset, sample.size));
  const auto bad = [&](const std::string& what) { ctx.violation(sample.offset, name, what); };
  for (const auto& defect : facts.defects) bad(defect);
  if (facts.irap != sample.key) {
    bad(facts.irap ? "an IRAP picture that is not marked as sync sample"
                   : "a sync sample without IRAP picture");
  }
  if (track.samples.empty() && !facts.irap) bad("the first sample of the track is no IRAP picture");
  const bool sets = facts.vps && facts.sps && facts.pps && facts.sets_before_slice;
  if (track.entry == "hev1" && facts.irap && !sets)
    bad("an IRAP picture without VPS, SPS and PPS before it");
  if (track.entry == "hvc1" && (facts.vps || facts.sps || facts.pps))
    bad("hvc1 with parameter sets in a sample");
}

// The codec says how many samples there are: a frame of AAC, a byte a channel of G.711.
void check_audio(Context& ctx, const Mp4Track& track, const Mp4Sample& sample,
                 const std::string& name, std::uint32_t samples) {
  const auto bad = [&](const std::string& what) { ctx.violation(sample.offset, name, what); };
  if (!sample.key) bad("an audio sample that is not a sync sample");
  if (sample.cts_offset != 0) bad("an audio sample with a composition offset");
  if (sample.size == 0) bad("an empty audio sample");
  const bool trimmed = sample.duration < samples && ctx.options.allow_short_last_audio;
  if (sample.duration != samples && !trimmed)
    bad("duration is " + std::to_string(sample.duration) + " ticks, the sample holds " +
        std::to_string(samples));
  if (track.entry != "mp4a" && sample.size % track.channels != 0)
    bad("the bytes do not divide by the channels");
}

void check_video(Context& ctx, const Mp4Track& track, const Mp4Sample& sample,
                 const std::string& name) {
  const auto bytes = ctx.bytes.subspan(sample.offset, sample.size);
  const auto facts = track.entry == "vp08"   ? judge_vp8_sample(bytes)
                     : track.entry == "vp09" ? judge_vp9_sample(bytes)
                                             : judge_av1_sample(bytes);
  const auto bad = [&](const std::string& what) { ctx.violation(sample.offset, name, what); };
  if (!facts.defect.empty()) bad(facts.defect);
  if (facts.key != sample.key) {
    bad(facts.key ? "a key frame that is not marked as sync sample"
                  : "a sync sample without key frame");
  }
  if (track.samples.empty() && !facts.key) bad("the first sample of the track is no key frame");
  if (sample.cts_offset != 0) bad("a composition offset without reordering");
}

void check_opus(Context& ctx, const Mp4Track& track, const Mp4Sample& sample,
                const std::string& name) {
  const auto facts = judge_opus_packet(ctx.bytes.subspan(sample.offset, sample.size));
  const auto bad = [&](const std::string& what) { ctx.violation(sample.offset, name, what); };
  if (!facts.defect.empty()) return bad(facts.defect);
  if (!sample.key) bad("an audio sample that is not a sync sample");
  if (sample.cts_offset != 0) bad("an audio sample with a composition offset");
  // A shorter packet can only be the trimmed last one: that is known at the end of the track.
  const std::uint64_t got = std::uint64_t{sample.duration} * 48000;
  const std::uint64_t want = std::uint64_t{facts.duration} * track.timescale;
  if (got == want || (got < want && ctx.options.allow_short_last_audio)) return;
  bad("duration is " + std::to_string(sample.duration) + " ticks, the packet holds " +
      std::to_string(facts.duration) + " samples at 48 kHz");
}

// With trimming allowed: every packet but the last must still be whole.
void check_trimmed(Context& ctx, const Mp4Track& track) {
  for (std::size_t i = 0; i + 1 < track.samples.size(); ++i) {
    const auto& sample = track.samples[i];
    const auto facts = judge_opus_packet(ctx.bytes.subspan(sample.offset, sample.size));
    if (std::uint64_t{sample.duration} * 48000 < std::uint64_t{facts.duration} * track.timescale) {
      ctx.violation(sample.offset,
                    "track " + std::to_string(track.id) + " sample " + std::to_string(i),
                    "a packet that is not the last one is trimmed");
    }
  }
}

void check_timeline(Context& ctx, const TrackFragment& fragment, const Mp4Track& track) {
  if (track.samples.empty() || fragment.tfdt == track.end_dts) return;
  const Mp4Jump jump{track.id, ctx.file.fragments.size() - 1, track.end_dts, fragment.tfdt};
  const std::string text =
      "tfdt " + std::to_string(jump.to) + ", the track ended at " + std::to_string(jump.from);
  if (jump.to > jump.from) {
    ctx.file.gaps.push_back(jump);
    if (!track.video() || !ctx.options.allow_video_gaps) {
      ctx.violation(fragment.box_offset, fragment.path, "gap: " + text);
    }
    return;
  }
  ctx.file.overlaps.push_back(jump);
  ctx.violation(fragment.box_offset, fragment.path,
                (jump.to < track.samples.back().dts ? "goes backwards: " : "overlap: ") + text);
}

}  // namespace

void check_coverage(Context& ctx, const PendingFragment& pending, const Box& mdat) {
  std::vector<const Run*> runs;
  for (const auto& fragment : pending.tracks) {
    for (const auto& run : fragment.runs) runs.push_back(&run);
  }
  std::sort(runs.begin(), runs.end(), [](auto* a, auto* b) { return a->start < b->start; });
  std::uint64_t covered = mdat.payload_offset();
  for (const Run* run : runs) {
    if (run->start < mdat.payload_offset() || run->start > mdat.end() ||
        run->size > mdat.end() - run->start) {
      ctx.violation(run->box_offset, run->path, "data lies outside the mdat that follows");
    } else if (run->start < covered) {
      ctx.violation(run->box_offset, run->path, "data overlaps another run");
    } else if (run->start > covered) {
      ctx.violation(covered, "mdat",
                    std::to_string(run->start - covered) + " bytes belong to no sample");
    }
    covered = std::max(covered, run->start + run->size);
  }
  if (covered < mdat.end()) {
    ctx.violation(covered, "mdat",
                  std::to_string(mdat.end() - covered) + " bytes belong to no sample");
  }
}

void add_samples(Context& ctx, TrackFragment& fragment, const Box& mdat) {
  Mp4Track& track = ctx.file.tracks[fragment.track];
  check_timeline(ctx, fragment, track);
  std::uint64_t dts = fragment.tfdt;
  for (const auto& run : fragment.runs) {
    for (std::size_t i = 0; i < run.samples.size(); ++i) {
      Mp4Sample sample = run.samples[i];
      const std::string name = sample_name(run.path, i);
      sample.dts += dts;
      sample.fragment = ctx.file.fragments.size() - 1;
      if (static_cast<std::int64_t>(sample.dts) + sample.cts_offset < 0) {
        ctx.violation(sample.offset, name, "is presented before 0");
      }
      const bool inside = sample.offset >= mdat.payload_offset() && sample.offset <= mdat.end() &&
                          sample.size <= mdat.end() - sample.offset;
      if (inside && track.entry.starts_with("avc")) check_avc(ctx, track, sample, name);
      if (inside && (track.entry == "hev1" || track.entry == "hvc1"))
        check_hevc(ctx, track, sample, name);
      if (inside && track.entry == "mp4a")
        check_audio(ctx, track, sample, name, track.frame_samples);
      if (inside && (track.entry == "ulaw" || track.entry == "alaw") && track.channels > 0)
        check_audio(ctx, track, sample, name, sample.size / track.channels);
      if (inside && (track.entry.starts_with("vp0") || track.entry == "av01"))
        check_video(ctx, track, sample, name);
      if (inside && track.entry == "Opus") check_opus(ctx, track, sample, name);
      // A sample whose bytes are elsewhere is a violation already, and nobody can read it.
      if (inside) track.samples.push_back(sample);
    }
    dts += run.duration;
  }
  track.end_dts = dts;
}

void check_track_end(Context& ctx, const Mp4Track& track) {
  if (track.entry == "Opus" && ctx.options.allow_short_last_audio) check_trimmed(ctx, track);
  std::vector<std::int64_t> times;
  times.reserve(track.samples.size());
  for (const auto& sample : track.samples) {
    times.push_back(static_cast<std::int64_t>(sample.dts) + sample.cts_offset);
  }
  std::sort(times.begin(), times.end());
  const auto twice = std::adjacent_find(times.begin(), times.end());
  if (twice == times.end()) return;
  ctx.violation(0, "track " + std::to_string(track.id),
                "two samples are presented at " + std::to_string(*twice));
}

}  // namespace rec::test::mp4
