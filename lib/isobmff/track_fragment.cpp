// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boxes of a moof. Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/track_fragment.h"

namespace rec::isobmff {
namespace {

// 8.8.3.1. No claim about sample_is_depended_on: the bitstream's nal_ref_idc is not looked at.
constexpr std::uint32_t kSyncSample = 0x02000000;     // sample_depends_on = 2: on no other
constexpr std::uint32_t kNonSyncSample = 0x01010000;  // sample_depends_on = 1, is_non_sync

std::uint32_t flags_of(const RunSample& sample) {
  return sample.key ? kSyncSample : kNonSyncSample;
}

// Ticks are subtracted, never converted: rounding must not add up between tfdt and trun.
std::uint32_t duration_of(const TrackRun& run, std::size_t i) {
  return static_cast<std::uint32_t>(next_dts(run, i) - run.samples[i].dts);
}

std::uint32_t per_sample_fields(const RunShape& shape) {
  std::uint32_t flags = 0;
  if (!shape.same_duration) flags |= kSampleDuration;
  if (!shape.same_size) flags |= kSampleSize;
  if (!shape.same_flags_after_first) flags |= kSampleFlags;
  if (shape.composition_offsets) flags |= kSampleCompositionTimeOffsets;
  return flags;
}

}  // namespace

RunShape::RunShape(const TrackRun& run) {
  const RunSample& first = run.samples.front();
  for (std::size_t i = 0; i < run.samples.size(); ++i) {
    const RunSample& sample = run.samples[i];
    same_duration = same_duration && duration_of(run, i) == duration_of(run, 0);
    same_size = same_size && sample.size == first.size;
    composition_offsets = composition_offsets || sample.cts_offset != 0;
    if (i == 1) first_flags_differ = sample.key != first.key;
    if (i > 1 && sample.key != run.samples[1].key) same_flags_after_first = false;
  }
  // sample-flags and first-sample-flags exclude each other (8.8.8.1).
  if (!same_flags_after_first) first_flags_differ = false;
}

void write_mfhd(BoxWriter& w, std::uint32_t sequence_number) {  // 8.8.5
  auto mfhd = w.full_box("mfhd", 0, 0);
  w.u32(sequence_number);
}

void write_tfhd(BoxWriter& w, const TrackRun& run, const RunShape& shape) {  // 8.8.7
  std::uint32_t flags = kDefaultBaseIsMoof;
  if (shape.same_duration) flags |= kDefaultSampleDuration;
  if (shape.same_size) flags |= kDefaultSampleSize;
  if (shape.same_flags_after_first) flags |= kDefaultSampleFlags;
  auto tfhd = w.full_box("tfhd", 0, flags);
  w.u32(run.track_id);
  if (shape.same_duration) w.u32(duration_of(run, 0));
  if (shape.same_size) w.u32(run.samples.front().size);
  // The last sample stands for all, or for all but the first.
  if (shape.same_flags_after_first) w.u32(flags_of(run.samples.back()));
}

void write_tfdt(BoxWriter& w, std::uint64_t base_media_decode_time) {  // 8.8.12
  auto tfdt = w.full_box("tfdt", 1, 0);
  w.u64(base_media_decode_time);
}

std::size_t write_trun(BoxWriter& w, const TrackRun& run, const RunShape& shape) {  // 8.8.8
  std::uint32_t flags = kDataOffset | per_sample_fields(shape);
  if (shape.first_flags_differ) flags |= kFirstSampleFlags;
  auto trun = w.full_box("trun", 1, flags);  // version 1: composition offsets are signed
  w.u32(static_cast<std::uint32_t>(run.samples.size()));
  const std::size_t data_offset = w.size();
  w.u32(0);  // data_offset, patched by the caller
  if (shape.first_flags_differ) w.u32(flags_of(run.samples.front()));
  for (std::size_t i = 0; i < run.samples.size(); ++i) {
    const RunSample& sample = run.samples[i];
    if (!shape.same_duration) w.u32(duration_of(run, i));
    if (!shape.same_size) w.u32(sample.size);
    if (!shape.same_flags_after_first) w.u32(flags_of(sample));
    if (shape.composition_offsets) w.i32(sample.cts_offset);
  }
  return data_offset;
}

std::size_t write_traf(BoxWriter& w, const TrackRun& run) {  // 8.8.6
  const RunShape shape(run);
  auto traf = w.box("traf");
  write_tfhd(w, run, shape);
  write_tfdt(w, static_cast<std::uint64_t>(run.samples.front().dts));
  return write_trun(w, run, shape);
}

}  // namespace rec::isobmff
