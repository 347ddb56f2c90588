// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers in comments are clauses of ISO/IEC 14496-12:2015.
#include "lib/isobmff/sample_index.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace rec::isobmff {
namespace {

constexpr auto kMost32 = std::numeric_limits<std::uint32_t>::max();

std::uint32_t u32_of(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t u32_of(std::int64_t value) { return static_cast<std::uint32_t>(value); }

void write_stsc(BoxWriter& w, const RunLengthList& chunk_samples) {  // 8.7.4
  auto stsc = w.full_box("stsc", 0, 0);
  w.u32(u32_of(chunk_samples.runs()));
  std::uint64_t chunk = 1;
  chunk_samples.for_each_run([&](std::uint64_t count, std::int64_t samples) {
    w.u32(u32_of(chunk));
    w.u32(u32_of(samples));
    w.u32(1);  // sample_description_index
    chunk += count;
  });
}

void write_chunk_offsets(BoxWriter& w, const std::vector<std::uint64_t>& offsets) {  // 8.7.5
  const bool large = !offsets.empty() && offsets.back() > kMost32;
  auto box = w.full_box(large ? "co64" : "stco", 0, 0);
  w.u32(u32_of(offsets.size()));
  for (const std::uint64_t offset : offsets) large ? w.u64(offset) : w.u32(u32_of(offset));
}

}  // namespace

void SampleIndex::add(const TrackRun& run, const Place& place) {
  if (run.samples.empty()) return;
  for (std::size_t i = 0; i < run.samples.size(); ++i) {
    const RunSample& sample = run.samples[i];
    const bool last = i + 1 == run.samples.size();
    if (empty()) {
      start_ = sample.dts;
      first_shown_ = sample.dts + sample.cts_offset;
      first_size_ = sample.size;
    } else {
      durations_.push(sample.dts - last_dts_);
      writable_ = writable_ && sample.dts - last_dts_ <= kMost32;
    }
    last_dts_ = sample.dts;
    end_ = last ? run.end_dts : run.samples[i + 1].dts;
    first_shown_ = std::min(first_shown_, sample.dts + sample.cts_offset);
    last_shown_ = std::max(last_shown_, end_ + sample.cts_offset);
    cts_offsets_.push(sample.cts_offset);
    negative_offsets_ = negative_offsets_ || sample.cts_offset < 0;
    sync_.push(sample.key ? 1 : 0);
    sync_samples_ += sample.key ? 1 : 0;
    sets_.push(sample.sets);
    samples_with_sets_ += sample.sets > 0 ? 1 : 0;
    sizes_.push(std::int64_t{sample.size} - last_size_);
    same_size_ = same_size_ && sample.size == first_size_;
    last_size_ = sample.size;
  }
  chunk_samples_.push(static_cast<std::int64_t>(run.samples.size()));
  chunk_moofs_.push(static_cast<std::int64_t>(place.moof - last_moof_));
  chunk_data_.push(static_cast<std::int64_t>(place.data - place.moof));
  chunk_trafs_.push(place.traf);
  last_moof_ = place.moof;
}

std::size_t SampleIndex::bytes() const {
  return durations_.bytes() + cts_offsets_.bytes() + sync_.bytes() + sets_.bytes() +
         sizes_.bytes() + chunk_samples_.bytes() + chunk_moofs_.bytes() + chunk_data_.bytes() +
         chunk_trafs_.bytes();
}

void SampleIndex::write_tables(BoxWriter& w, bool whole) const {
  write_stts(w);
  write_ctts(w);
  write_stss(w);
  if (whole || samples_with_sets_ == 0) {
    const Chunks chunks = runs_as_chunks();
    write_stsc(w, chunks.samples);
    write_stsz(w);
    return write_chunk_offsets(w, chunks.offsets);
  }
  const std::vector<std::uint32_t> sizes = this->sizes();
  std::vector<std::uint32_t> sets;
  sets.reserve(sizes.size());
  sets_.for_each([&](std::int64_t bytes) { sets.push_back(u32_of(bytes)); });
  const Chunks chunks = chunks_without_sets(sizes, sets);
  write_stsc(w, chunks.samples);
  write_stsz_without_sets(w, sizes, sets);
  write_chunk_offsets(w, chunks.offsets);
}

std::uint64_t SampleIndex::most_table_bytes() const {
  constexpr std::uint64_t kHeaders = 6 * 20;  // of six tables
  const std::uint64_t chunks = chunk_moofs_.count() + samples_with_sets_;
  return kHeaders + 8 * (durations_.runs() + 1) +
         (cts_offsets_.all(0) ? 0 : 8) * cts_offsets_.runs() +
         (sync_.all(1) ? 0 : 4) * sync_samples_ + (same_size_ ? 0 : 4) * sizes_.count() +
         12 * std::min(chunks, chunk_samples_.runs() + 2 * samples_with_sets_) + 8 * chunks;
}

void SampleIndex::write_stts(BoxWriter& w) const {  // 8.6.1.2
  RunLengthList durations = durations_;
  if (!empty()) durations.push(end_ - last_dts_);
  auto stts = w.full_box("stts", 0, 0);
  w.u32(u32_of(durations.runs()));
  durations.for_each_run([&w](std::uint64_t count, std::int64_t duration) {
    w.u32(u32_of(count));
    w.u32(u32_of(duration));
  });
}

void SampleIndex::write_ctts(BoxWriter& w) const {  // 8.6.1.3; without it, all offsets are 0
  if (cts_offsets_.all(0)) return;
  // Offsets are signed in version 1 only, which QuickTime's older readers do not know.
  auto ctts = w.full_box("ctts", negative_offsets_ ? 1 : 0, 0);
  w.u32(u32_of(cts_offsets_.runs()));
  cts_offsets_.for_each_run([&w](std::uint64_t count, std::int64_t offset) {
    w.u32(u32_of(count));
    w.u32(u32_of(offset));
  });
}

void SampleIndex::write_stss(BoxWriter& w) const {  // 8.6.2; without it, all are sync samples
  if (sync_.all(1)) return;
  auto stss = w.full_box("stss", 0, 0);
  const std::size_t entry_count = w.size();
  w.u32(0);
  std::uint32_t entries = 0;
  std::uint32_t number = 0;  // of the sample, from 1 on
  sync_.for_each([&](std::int64_t sync) {
    ++number;
    if (sync == 0) return;
    w.u32(number);
    ++entries;
  });
  w.patch_u32(entry_count, entries);
}

void SampleIndex::write_stsz(BoxWriter& w) const {  // 8.7.3.2
  auto stsz = w.full_box("stsz", 0, 0);
  const bool same = same_size_ && !empty();
  w.u32(same ? first_size_ : 0);
  w.u32(u32_of(sizes_.count()));
  if (same) return;
  PackedList::Reader reader(sizes_);
  std::int64_t size = 0;
  for (std::size_t i = 0; i < sizes_.count(); ++i) w.u32(u32_of(size += reader.next()));
}

void SampleIndex::write_stsz_without_sets(BoxWriter& w, const std::vector<std::uint32_t>& sizes,
                                          const std::vector<std::uint32_t>& sets) const {
  auto stsz = w.full_box("stsz", 0, 0);
  w.u32(0);
  w.u32(u32_of(sizes.size()));
  for (std::size_t i = 0; i < sizes.size(); ++i) w.u32(sizes[i] - sets[i]);
}

std::vector<std::uint32_t> SampleIndex::sizes() const {
  std::vector<std::uint32_t> sizes;
  sizes.reserve(sizes_.count());
  PackedList::Reader reader(sizes_);
  std::int64_t size = 0;
  while (sizes.size() < sizes_.count()) sizes.push_back(u32_of(size += reader.next()));
  return sizes;
}

SampleIndex::Chunks SampleIndex::runs_as_chunks() const {
  Chunks chunks{chunk_samples_, {}};
  chunks.offsets.reserve(chunk_moofs_.count());
  PackedList::Reader moofs(chunk_moofs_);
  PackedList::Reader data(chunk_data_);
  std::int64_t moof = 0;
  for (std::size_t i = 0; i < chunk_moofs_.count(); ++i) {
    moof += moofs.next();
    chunks.offsets.push_back(static_cast<std::uint64_t>(moof + data.next()));
  }
  return chunks;
}

SampleIndex::Chunks SampleIndex::chunks_without_sets(const std::vector<std::uint32_t>& sizes,
                                                     const std::vector<std::uint32_t>& sets) const {
  const Chunks runs = runs_as_chunks();
  Chunks chunks;
  std::size_t run = 0;
  std::size_t sample = 0;
  runs.samples.for_each([&](std::int64_t count) {
    std::uint64_t offset = runs.offsets[run++];
    std::int64_t in_chunk = 0;
    for (; count > 0; --count, ++sample) {
      if (in_chunk == 0 || sets[sample] > 0) {
        if (in_chunk > 0) chunks.samples.push(in_chunk);
        chunks.offsets.push_back(offset + sets[sample]);
        in_chunk = 0;
      }
      ++in_chunk;
      offset += sizes[sample];
    }
    chunks.samples.push(in_chunk);
  });
  return chunks;
}

void SampleIndex::write_tfra(BoxWriter& w, std::uint32_t track_id) const {
  struct Chunk {
    std::uint64_t moof;
    std::uint32_t traf;
    std::uint64_t samples;
  };
  std::vector<Chunk> chunks;
  PackedList::Reader moofs(chunk_moofs_);
  std::uint64_t moof = 0;
  chunk_samples_.for_each([&](std::int64_t samples) {
    moof += static_cast<std::uint64_t>(moofs.next());
    chunks.push_back({moof, 0, static_cast<std::uint64_t>(samples)});
  });
  std::size_t next = 0;
  chunk_trafs_.for_each(
      [&](std::int64_t traf) { chunks[next++].traf = static_cast<std::uint32_t>(traf); });

  std::vector<std::int64_t> dts{start_};
  durations_.for_each([&](std::int64_t duration) { dts.push_back(dts.back() + duration); });
  std::vector<std::int64_t> shown = dts;
  std::size_t sample = 0;
  cts_offsets_.for_each([&](std::int64_t offset) { shown[sample++] += offset; });

  const bool only_first = sync_.all(1);
  auto tfra = w.full_box("tfra", 1, 0);  // version 1: 64-bit times and offsets
  w.u32(track_id);
  w.u32(2 << 4 | 2 << 2 | 3);  // traf_number and trun_number in 3 bytes, sample_number in 4
  const std::size_t entry_count = w.size();
  w.u32(0);
  std::uint32_t entries = 0;
  sample = 0;
  auto chunk = chunks.begin();
  std::uint32_t number = 0;  // of the sample in its run, from 1 on
  sync_.for_each([&](std::int64_t sync) {
    const std::size_t i = sample++;
    if (++number > chunk->samples) {
      ++chunk;
      number = 1;
    }
    if (sync == 0 || (only_first && number > 1)) return;
    w.u64(static_cast<std::uint64_t>(shown[i]));
    w.u64(chunk->moof);
    w.u24(chunk->traf);
    w.u24(1);
    w.u32(number);
    ++entries;
  });
  w.patch_u32(entry_count, entries);
}

}  // namespace rec::isobmff
