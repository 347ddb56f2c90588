// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the sample tables of one track need to know, compactly (ISO/IEC 14496-12, 8.6 and 8.7), and
// the tables made of it. A chunk is a run of a fragment.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/media.h"
#include "lib/isobmff/box_writer.h"
#include "lib/isobmff/packed_list.h"

namespace rec::isobmff {

class SampleIndex {
 public:
  struct Place {
    std::uint64_t moof;  // of the fragment, in the file
    std::uint64_t data;  // of the run's first byte, in the file
    std::uint32_t traf;  // of the run in its moof, from 1 on
  };
  // Samples follow those of the run before; a hole between them prolongs the last sample.
  void add(const TrackRun& run, const Place& place);
  // In front of the first: stsz lists the sizes even if all are equal.
  void list_sizes() { same_size_ = false; }

  bool empty() const { return sizes_.count() == 0; }
  // Durations fit their tables: no hole is as long as 2^32 ticks.
  bool writable() const { return writable_; }
  // Ticks, as tfdt counts them.
  std::int64_t start() const { return start_; }              // dts of the first sample
  std::int64_t end() const { return end_; }                  // of the last sample
  std::int64_t first_shown() const { return first_shown_; }  // of all samples
  std::int64_t last_shown() const { return last_shown_; }    // its end
  std::size_t bytes() const;

  // stts, ctts, stss, stsc, stsz, and stco or co64. `whole`: samples are as their moofs say, else
  // without the parameter sets in front of them.
  void write_tables(BoxWriter& w, bool whole) const;
  std::uint64_t most_table_bytes() const;  // that write_tables() can need
  // tfra, 8.8.10: the sync samples of a track that has others, else the first of each run.
  void write_tfra(BoxWriter& w, std::uint32_t track_id) const;

 private:
  void write_stts(BoxWriter& w) const;
  void write_ctts(BoxWriter& w) const;
  void write_stss(BoxWriter& w) const;
  struct Chunks {
    RunLengthList samples;
    std::vector<std::uint64_t> offsets;  // in the file
  };
  Chunks runs_as_chunks() const;
  // Where sets are left out in front of a sample, it begins a chunk.
  Chunks chunks_without_sets(const std::vector<std::uint32_t>& sizes,
                             const std::vector<std::uint32_t>& sets) const;
  std::vector<std::uint32_t> sizes() const;
  void write_stsz_without_sets(BoxWriter& w, const std::vector<std::uint32_t>& sizes,
                               const std::vector<std::uint32_t>& sets) const;
  void write_stsz(BoxWriter& w) const;

  RunLengthList durations_;  // of all samples but the last
  RunLengthList cts_offsets_;
  RunLengthList sync_;  // 1: sync sample
  RunLengthList sets_;  // bytes of parameter sets at the start of each sample
  PackedList sizes_;    // difference to the size before
  RunLengthList chunk_samples_;
  PackedList chunk_moofs_;  // difference to the one before
  PackedList chunk_data_;   // from the moof on
  RunLengthList chunk_trafs_;
  std::uint32_t first_size_ = 0;
  std::uint32_t last_size_ = 0;
  bool same_size_ = true;
  std::uint64_t samples_with_sets_ = 0;
  std::uint64_t sync_samples_ = 0;
  std::uint64_t last_moof_ = 0;
  std::int64_t start_ = 0;  // track ticks, as tfdt counts them
  std::int64_t last_dts_ = 0;
  std::int64_t end_ = 0;
  std::int64_t first_shown_ = 0;
  std::int64_t last_shown_ = 0;
  bool negative_offsets_ = false;
  bool writable_ = true;
};

}  // namespace rec::isobmff
