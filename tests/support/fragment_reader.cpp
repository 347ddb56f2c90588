// SPDX-License-Identifier: LGPL-2.1-or-later
//
// moof and its mdat (ISO/IEC 14496-12, 8.8.4 to 8.8.12, 8.1.1).
#include "tests/support/box_fields.h"

#include "tests/support/sample_check.h"

namespace rec::test::mp4 {
namespace {

// tf_flags, 8.8.7. base-data-offset and duration-is-empty are known to the standard, but a moof
// that names an absolute offset cannot be moved, and an empty traf says nothing: neither is ours.
constexpr std::uint32_t kBaseDataOffset = 0x000001;
constexpr std::uint32_t kDescriptionIndex = 0x000002;
constexpr std::uint32_t kDefaultDuration = 0x000008;
constexpr std::uint32_t kDefaultSize = 0x000010;
constexpr std::uint32_t kDefaultFlags = 0x000020;
constexpr std::uint32_t kBaseIsMoof = 0x020000;

// tr_flags, 8.8.8.
constexpr std::uint32_t kDataOffset = 0x000001;
constexpr std::uint32_t kFirstFlags = 0x000004;
constexpr std::uint32_t kDuration = 0x000100;
constexpr std::uint32_t kSize = 0x000200;
constexpr std::uint32_t kFlags = 0x000400;
constexpr std::uint32_t kCtsOffset = 0x000800;

constexpr std::uint32_t kNonSync = 0x00010000;  // 8.8.3.1

struct TrafState {
  TrackDefaults defaults;
  std::uint64_t moof_offset = 0;
  std::uint64_t next_data = 0;  // where a run without its own offset begins
};

void read_tfhd(Context& ctx, const Box& box, TrackFragment& fragment, TrafState& state) {
  Fields f(ctx, box);
  const auto flags = f.full_header(0, kDescriptionIndex | kDefaultDuration | kDefaultSize |
                                          kDefaultFlags | kBaseIsMoof)
                         .flags;
  if (!(flags & kBaseIsMoof)) f.violation("default-base-is-moof is not set");
  const std::uint32_t id = f.u32();
  for (std::size_t i = 0; i < ctx.file.tracks.size(); ++i) {
    if (ctx.file.tracks[i].id == id) fragment.track = i;
  }
  fragment.id = id;
  if (fragment.track == kMany) {
    f.violation("track_ID " + std::to_string(id) + " is not declared in moov");
  } else {
    state.defaults = ctx.defaults[fragment.track];
  }
  if (flags & kBaseDataOffset) f.u64();
  if (flags & kDescriptionIndex) f.expect(f.u32(), 1, "sample_description_index");
  if (flags & kDefaultDuration) state.defaults.duration = f.u32();
  if (flags & kDefaultSize) state.defaults.size = f.u32();
  if (flags & kDefaultFlags) state.defaults.flags = f.u32();
  f.done();
}

void read_tfdt(Context& ctx, const Box& box, TrackFragment& fragment) {  // 8.8.12
  Fields f(ctx, box);
  const auto version = f.full_header(1).version;
  if (version == 0) f.violation("version 0 wraps after hours: must be 1");
  fragment.tfdt = f.number(version == 1 ? 8 : 4);
  f.done();
}

void check_flags(Fields& f, std::uint32_t flags, std::size_t index) {
  const std::string sample = "sample " + std::to_string(index);
  if (flags >> 28) f.violation(sample + ": reserved bits of its flags are set");
  if (flags >> 17 & 7) f.violation(sample + ": sample_padding_value must be 0");
  const bool sync = !(flags & kNonSync);
  const unsigned depends_on = flags >> 24 & 3;
  if (depends_on == 3) f.violation(sample + ": sample_depends_on is 3, a reserved value");
  if (sync && depends_on == 1) f.violation(sample + ": a sync sample depends on others");
}

Mp4Sample read_sample(Fields& f, const FullHeader& header, const TrackDefaults& defaults,
                      std::uint32_t flags, std::size_t index) {
  Mp4Sample sample;
  sample.duration = header.flags & kDuration ? f.u32() : defaults.duration;
  sample.size = header.flags & kSize ? f.u32() : defaults.size;
  if (header.flags & kFlags) flags = f.u32();
  if (header.flags & kCtsOffset) {
    const std::uint32_t raw = f.u32();
    sample.cts_offset = header.version == 1 ? std::int64_t{static_cast<std::int32_t>(raw)} : raw;
  }
  sample.key = !(flags & kNonSync);
  const std::string name = "sample " + std::to_string(index);
  if (sample.duration == 0) f.violation(name + ": duration is 0");
  if (sample.duration >> 31) f.violation(name + ": duration wrapped below 0");
  if (sample.size == 0) f.violation(name + ": size is 0");
  check_flags(f, flags, index);
  return sample;
}

void read_trun(Context& ctx, const Box& box, TrackFragment& fragment, TrafState& state) {
  Fields f(ctx, box);
  const auto header =
      f.full_header(1, kDataOffset | kFirstFlags | kDuration | kSize | kFlags | kCtsOffset);
  const std::uint32_t count = f.u32();
  Run run;
  run.path = box.path;
  run.box_offset = box.offset;
  run.start = state.next_data;
  if (header.flags & kDataOffset) {
    run.start = state.moof_offset +
                static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(f.u32())});
  }
  std::uint32_t first_flags = state.defaults.flags;
  if (header.flags & kFirstFlags) {
    first_flags = f.u32();
    if (header.flags & kFlags) f.violation("first-sample-flags together with sample-flags");
  }
  std::size_t per_sample = 0;
  for (const auto flag : {kDuration, kSize, kFlags, kCtsOffset})
    per_sample += header.flags & flag ? 4 : 0;
  if (count == 0) f.violation("sample_count is 0");
  // Also keeps a damaged count from asking for gigabytes.
  if (f.left() != count * per_sample)
    return f.violation("sample_count does not fit the size of the box");
  if (per_sample == 0 && count > ctx.bytes.size()) return f.violation("more samples than bytes");
  for (std::uint32_t i = 0; i < count; ++i) {
    Mp4Sample sample =
        read_sample(f, header, state.defaults, i == 0 ? first_flags : state.defaults.flags, i);
    sample.offset = run.start + run.size;
    sample.dts = run.duration;
    run.size += sample.size;
    run.duration += sample.duration;
    run.samples.push_back(sample);
  }
  state.next_data = run.start + run.size;
  fragment.runs.push_back(std::move(run));
}

void read_traf(Context& ctx, const Box& traf, PendingFragment& pending, TrafState& state) {
  const auto boxes = children(ctx, traf);
  check_children(ctx, traf, boxes, {{"tfhd", 1, 1}, {"tfdt", 1, 1}, {"trun", 1, kMany}});
  TrackFragment fragment;
  fragment.path = traf.path;
  fragment.box_offset = traf.offset;
  bool head = false;
  bool time = false;
  for (const auto& box : boxes) {
    if (box.type == "tfhd") {
      if (&box != &boxes.front()) ctx.violation(box, "tfhd must be the first box of traf");
      read_tfhd(ctx, box, fragment, state);
      head = true;
    } else if (box.type == "tfdt") {
      read_tfdt(ctx, box, fragment);
      time = true;
    } else if (box.type == "trun") {
      // 8.8.12.1: tfdt after tfhd and before the first trun.
      if (!head || !time) ctx.violation(box, "trun before tfhd or tfdt");
      read_trun(ctx, box, fragment, state);
    }
  }
  pending.fragment.trafs.push_back(fragment.id);
  pending.tracks.push_back(std::move(fragment));
}

}  // namespace

PendingFragment read_moof(Context& ctx, const Box& moof) {
  const auto boxes = children(ctx, moof);
  check_children(ctx, moof, boxes, {{"mfhd", 1, 1}, {"traf", 1, kMany}});
  PendingFragment pending;
  pending.fragment.offset = pending.fragment.moof = moof.offset;
  TrafState state;
  state.moof_offset = moof.offset;
  state.next_data = moof.offset;
  for (const auto& box : boxes) {
    if (box.type == "mfhd") {  // 8.8.5
      Fields f(ctx, box);
      f.full_header(0);
      pending.fragment.sequence = f.u32();
      f.done();
      const auto& earlier = ctx.file.fragments;
      if (!earlier.empty() && pending.fragment.sequence <= earlier.back().sequence) {
        f.violation("sequence_number " + std::to_string(pending.fragment.sequence) +
                    " does not follow " + std::to_string(earlier.back().sequence));
      }
    } else if (box.type == "traf") {
      // Each traf starts over with the defaults of its own track.
      state.defaults = {};
      read_traf(ctx, box, pending, state);
    }
  }
  return pending;
}

void finish_fragment(Context& ctx, PendingFragment pending, const Box& mdat) {
  pending.fragment.size = mdat.end() - pending.fragment.offset;
  ctx.file.fragments.push_back(pending.fragment);
  check_coverage(ctx, pending, mdat);
  if (pending.reference) finish_reference(ctx, pending);
  for (auto& fragment : pending.tracks) {
    if (fragment.track != kMany) add_samples(ctx, fragment, mdat);
  }
}

}  // namespace rec::test::mp4
