// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boxes of a moof (ISO/IEC 14496-12, 8.8). Used by fragment.cpp, fragment_reader.cpp
// and their tests; the runs have passed check_runs().
#pragma once

#include <cstdint>

#include "lib/isobmff/box_writer.h"

namespace rec::isobmff {

enum TfhdFlag : std::uint32_t {  // 8.8.7.1
  kDefaultSampleDuration = 0x000008,
  kDefaultSampleSize = 0x000010,
  kDefaultSampleFlags = 0x000020,
  kDefaultBaseIsMoof = 0x020000,
};

enum TrunFlag : std::uint32_t {  // 8.8.8.1
  kDataOffset = 0x000001,
  kFirstSampleFlags = 0x000004,
  kSampleDuration = 0x000100,
  kSampleSize = 0x000200,
  kSampleFlags = 0x000400,
  kSampleCompositionTimeOffsets = 0x000800,
};

inline constexpr std::size_t kMostTrafBytes = 8 + 28 + 20 + 24;  // traf, tfhd, tfdt, trun
inline constexpr std::size_t kMostSampleBytes = 16;              // duration, size, flags, offset

// End of sample `i`: the dts of the next, or the end of the run.
inline std::int64_t next_dts(const TrackRun& run, std::size_t i) {
  return i + 1 < run.samples.size() ? run.samples[i + 1].dts : run.end_dts;
}

// What the samples of a run have in common, and so need not say one by one.
struct RunShape {
  explicit RunShape(const TrackRun& run);

  bool same_duration = true;
  bool same_size = true;
  bool same_flags_after_first = true;
  bool first_flags_differ = false;  // a key frame and what depends on it: the usual video run
  bool composition_offsets = false;
};

void write_mfhd(BoxWriter& w, std::uint32_t sequence_number);
void write_tfhd(BoxWriter& w, const TrackRun& run, const RunShape& shape);
void write_tfdt(BoxWriter& w, std::uint64_t base_media_decode_time);
// Returns where trun's data_offset is, which only the whole moof's size settles.
[[nodiscard]] std::size_t write_trun(BoxWriter& w, const TrackRun& run, const RunShape& shape);
[[nodiscard]] std::size_t write_traf(BoxWriter& w, const TrackRun& run);

}  // namespace rec::isobmff
