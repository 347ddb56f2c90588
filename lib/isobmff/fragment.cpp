// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A movie fragment. Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/fragment.h"

#include <algorithm>
#include <limits>
#include <string>

#include "lib/isobmff/track_fragment.h"

namespace rec::isobmff {
namespace {

constexpr std::size_t kMdatHeader = 8;
constexpr std::size_t kLargeMdatHeader = 16;

// Room for everything but the samples, so that a fragment is one allocation.
std::size_t most_header_bytes(std::span<const TrackRun> runs) {
  std::size_t bytes = 8 + 16 + kLargeMdatHeader;  // moof, mfhd, mdat
  for (const TrackRun& run : runs) bytes += kMostTrafBytes + kMostSampleBytes * run.samples.size();
  return bytes;
}

std::uint64_t payload_bytes(const TrackRun& run) {
  std::uint64_t bytes = 0;
  for (const RunSample& sample : run.samples) bytes += sample.size;
  return bytes;
}

Error bad_run(const TrackRun& run, const std::string& what) {
  return {Error::Kind::kInvalidData, "Track " + std::to_string(run.track_id) + ": " + what,
          "Report this: the samples of a fragment contradict each other"};
}

Status check_times(const TrackRun& run) {
  if (run.samples.empty()) return ok();
  if (run.track_id == 0) return bad_run(run, "0 is no track_ID");
  if (run.samples.front().dts < 0)
    return bad_run(run, "dts " + std::to_string(run.samples.front().dts) + " is negative");
  for (std::size_t i = 0; i < run.samples.size(); ++i) {
    const std::int64_t dts = run.samples[i].dts;
    const std::int64_t next = next_dts(run, i);
    if (next < dts || next - dts > std::numeric_limits<std::uint32_t>::max())
      return bad_run(run, "dts " + std::to_string(dts) + " is followed by " + std::to_string(next));
  }
  return ok();
}

// Times, and that every run can be reached by its data_offset.
Status check_layout(std::span<const TrackRun> runs) {
  std::uint64_t offset = most_header_bytes(runs);
  for (const TrackRun& run : runs) {
    if (auto times = check_times(run); !times) return times;
    if (run.samples.empty()) continue;
    if (offset > std::numeric_limits<std::int32_t>::max())
      return bad_run(run, "begins " + std::to_string(offset) + " bytes into the fragment");
    offset += payload_bytes(run);
  }
  return ok();
}

void write_header(BoxWriter& w, std::uint32_t sequence_number, std::span<const TrackRun> runs) {
  const std::size_t moof_start = w.size();
  std::vector<std::size_t> offset_fields;
  {
    auto moof = w.box("moof");  // 8.8.4
    write_mfhd(w, sequence_number);
    for (const TrackRun& run : runs)
      if (!run.samples.empty()) offset_fields.push_back(write_traf(w, run));
  }

  std::uint64_t payload = 0;
  for (const TrackRun& run : runs) payload += payload_bytes(run);
  const bool large = payload + kMdatHeader > std::numeric_limits<std::uint32_t>::max();
  std::uint64_t offset = w.size() - moof_start + (large ? kLargeMdatHeader : kMdatHeader);
  auto field = offset_fields.begin();
  for (const TrackRun& run : runs) {
    if (run.samples.empty()) continue;
    w.patch_u32(*field++, static_cast<std::uint32_t>(offset));
    offset += payload_bytes(run);
  }

  // 8.1.1. A size of 1 says that a 64-bit size follows the type (4.2).
  w.u32(large ? 1 : static_cast<std::uint32_t>(payload + kMdatHeader));
  w.fourcc("mdat");
  if (large) w.u64(payload + kLargeMdatHeader);
}

bool has_samples(std::span<const TrackRun> runs) {
  return std::any_of(runs.begin(), runs.end(),
                     [](const auto& run) { return !run.samples.empty(); });
}

}  // namespace

Status check_runs(std::span<const TrackRun> runs) {
  for (const TrackRun& run : runs)
    if (const auto bytes = payload_bytes(run); bytes != run.bytes())
      return bad_run(run, "the samples have " + std::to_string(bytes) + " bytes, the run " +
                              std::to_string(run.bytes()));
  return check_layout(runs);
}

Bytes fragment(std::uint32_t sequence_number, std::span<const TrackRun> runs,
               const std::optional<ReferenceTime>& reference) {
  if (!has_samples(runs) || !check_runs(runs)) return {};
  std::size_t expected = kPrftBytes + most_header_bytes(runs);
  for (const TrackRun& run : runs) expected += run.bytes();
  BoxWriter w(expected);
  if (reference) write_prft(w, *reference);
  write_header(w, sequence_number, runs);
  for (const TrackRun& run : runs)
    for (const auto& piece : run.pieces) w.bytes(piece);
  return w.take();
}

Bytes fragment_header(std::uint32_t sequence_number, std::span<const TrackRun> runs,
                      const std::optional<ReferenceTime>& reference) {
  if (!has_samples(runs) || !check_layout(runs)) return {};
  BoxWriter w(kPrftBytes + most_header_bytes(runs));
  if (reference) write_prft(w, *reference);
  write_header(w, sequence_number, runs);
  return w.take();
}

}  // namespace rec::isobmff
