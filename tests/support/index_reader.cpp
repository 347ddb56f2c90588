// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a finished file has behind its fragments: a moov with sample tables, which must say of every
// sample what its moof says (ISO/IEC 14496-12, 8.6, 8.7), or an mfra (8.8.9 to 8.8.11).
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {
namespace {

struct Tables {
  std::vector<std::uint32_t> durations;
  std::vector<std::int64_t> cts_offsets;
  std::vector<bool> sync;
  std::vector<std::uint32_t> sizes;
  struct Samples {  // an entry of stsc
    std::uint32_t first_chunk;
    std::uint32_t samples;
  };
  std::vector<Samples> chunks;
  std::vector<std::uint64_t> offsets;
};

// Keeps a damaged count from asking for gigabytes.
bool sane(Context& ctx, Fields& f, std::uint64_t more) {
  if (more <= ctx.bytes.size()) return true;
  f.violation("more samples than bytes");
  return false;
}

void read_table(Context& ctx, const Box& box, Tables& tables) {
  Fields f(ctx, box);
  const auto version = f.full_header(box.type == "ctts" ? 1 : 0).version;
  if (box.type == "stsz") {  // 8.7.3.2
    const std::uint32_t size = f.u32();
    const std::uint32_t count = f.u32();
    if (!sane(ctx, f, count)) return;
    for (std::uint32_t i = 0; i < count && !f.short_read(); ++i)
      tables.sizes.push_back(size ? size : f.u32());
    return f.done();
  }
  std::uint32_t last = 0;
  for (std::uint32_t left = f.u32(); left > 0 && !f.short_read(); --left) {
    if (box.type == "stts" || box.type == "ctts") {  // 8.6.1.2, 8.6.1.3
      const std::uint32_t count = f.u32();
      const std::uint32_t value = f.u32();
      if (count == 0) f.violation("an entry of no samples");
      if (!sane(ctx, f, tables.durations.size() + tables.cts_offsets.size() + count)) return;
      if (box.type == "stts")
        tables.durations.insert(tables.durations.end(), count, value);
      else
        tables.cts_offsets.insert(
            tables.cts_offsets.end(), count,
            version == 1 ? std::int64_t{static_cast<std::int32_t>(value)} : std::int64_t{value});
    } else if (box.type == "stss") {  // 8.6.2
      const std::uint32_t number = f.u32();
      if (number <= last || number > tables.sync.size()) {
        f.violation("sample number " + std::to_string(number));
        continue;
      }
      tables.sync[number - 1] = true;
      last = number;
    } else if (box.type == "stsc") {  // 8.7.4
      const std::uint32_t chunk = f.u32();
      if (chunk <= last || (last == 0 && chunk != 1))
        f.violation("first_chunk " + std::to_string(chunk));
      last = chunk;
      tables.chunks.push_back({chunk, f.u32()});
      f.expect(f.u32(), 1, "sample_description_index");
    } else {  // stco, co64: 8.7.5
      tables.offsets.push_back(f.number(box.type == "co64" ? 8 : 4));
    }
  }
  f.done();
}

// Where each sample is.
std::vector<std::uint64_t> offsets_of(const Tables& tables) {
  std::vector<std::uint64_t> result;
  std::size_t entry = 0;
  for (std::size_t chunk = 0; chunk < tables.offsets.size(); ++chunk) {
    while (entry + 1 < tables.chunks.size() && tables.chunks[entry + 1].first_chunk <= chunk + 1)
      ++entry;
    if (entry >= tables.chunks.size()) break;
    std::uint64_t offset = tables.offsets[chunk];
    for (std::uint32_t i = 0; i < tables.chunks[entry].samples; ++i) {
      if (result.size() >= tables.sizes.size()) return {};  // too many
      offset += i ? tables.sizes[result.size() - 1] : 0;
      result.push_back(offset);
    }
  }
  return result;
}

// When media time 0 is shown, in ticks of the track; nullopt: these are no edits of ours.
struct Edits {
  bool known = true;
  double late = 0;
  std::int64_t media_time = 0;
  std::uint64_t duration = 0;  // of all, movie ticks
  std::uint64_t shown = 0;     // of the last, movie ticks
};
Edits edits_of(const Mp4Track& track, std::uint32_t movie_timescale) {
  Edits edits;
  for (std::size_t i = 0; i < track.edits.size(); ++i) {
    const Mp4Edit& edit = track.edits[i];
    const bool last = i + 1 == track.edits.size();
    edits.known = edits.known && track.edits.size() <= 2 && last == (edit.media_time >= 0);
    edits.duration += edit.segment_duration;
    if (last) {
      edits.media_time = edit.media_time;
      edits.shown = edit.segment_duration;
    } else if (movie_timescale) {
      edits.late = static_cast<double>(edit.segment_duration) * track.timescale / movie_timescale;
    }
  }
  return edits;
}

void check_durations(Context& ctx, const Box& moov, const Mp4File& index, const Mp4Track& track,
                     const Edits& edits) {
  const auto bad = [&](const std::string& what) {
    ctx.violation(moov, "track " + std::to_string(track.id) + ": " + what);
  };
  std::uint64_t sum = 0;
  std::int64_t end = 0;
  for (const auto& sample : track.samples) {
    end = std::max(end, static_cast<std::int64_t>(sum + sample.duration) + sample.cts_offset);
    sum += sample.duration;
  }
  if (track.media_duration != sum)
    bad("mdhd lasts " + std::to_string(track.media_duration) + " ticks, its samples " +
        std::to_string(sum));
  if (!edits.known) return bad("edits that are neither an empty one nor one of the whole track");
  if (!track.edits.empty() && edits.duration != track.track_duration)
    bad("tkhd and the edits differ in duration");
  const double shown =
      static_cast<double>(track.edits.empty() ? track.track_duration : edits.shown);
  const double wanted = static_cast<double>(end - edits.media_time) / track.timescale;
  const double got = shown / index.movie_timescale;
  if (!track.samples.empty() && (got < wanted || got > wanted + 1))
    bad("shows " + std::to_string(got) + " s of " + std::to_string(wanted) + " s");
  if (index.movie_duration < track.track_duration) bad("lasts longer than the movie");
}

// avc1 and hvc1: what their samples lack in front must be parameter sets that their record has.
void check_left_out(Context& ctx, const Box& moov, const Mp4Track& ours, const Mp4Sample& a,
                    const Mp4Sample& b, const std::function<void(const std::string&)>& bad) {
  const bool hevc = ours.entry == "hvc1";
  const bool same_end = a.offset >= b.offset && a.offset + a.size == b.offset + b.size;
  if ((ours.entry != "avc1" && !hevc) || !same_end) return bad("size");
  const auto index = ctx.bytes.subspan(moov.offset, moov.end() - moov.offset);
  auto rest = ctx.bytes.subspan(b.offset, a.offset - b.offset);
  while (!rest.empty()) {
    if (rest.size() < 5) return bad("what is in front of it");
    const std::size_t size = std::size_t{rest[0]} << 24 | std::size_t{rest[1]} << 16 |
                             std::size_t{rest[2]} << 8 | rest[3];
    if (size == 0 || size > rest.size() - 4) return bad("what is in front of it");
    const auto nal = rest.subspan(4, size);
    const int type = hevc ? nal[0] >> 1 & 63 : nal[0] & 31;
    const bool delimiter = type == (hevc ? 35 : 9);
    const bool set = hevc ? type >= 32 && type <= 34 : type == 7 || type == 8;
    if (!delimiter && !set) return bad("what is in front of it");
    if (set && std::search(index.begin(), index.end(), nal.begin(), nal.end()) == index.end())
      return bad("a parameter set in front of it");
    rest = rest.subspan(4 + size);
  }
}

// The moofs know when a sample is shown, what it is and where; so must the tables.
void check_samples(Context& ctx, const Box& moov, const Mp4File& index, const Mp4Track& ours,
                   const Mp4Track& fragments, const Edits& edits) {
  const std::string name = "track " + std::to_string(ours.id);
  if (ours.samples.size() != fragments.samples.size()) {
    ctx.violation(moov, name + ": the index has " + std::to_string(ours.samples.size()) +
                            " samples, the fragments " + std::to_string(fragments.samples.size()));
    return;
  }
  const std::int64_t skipped = fragments.edits.empty() ? 0 : fragments.edits.back().media_time;
  const double tolerance = 1 + static_cast<double>(ours.timescale) / index.movie_timescale;
  for (std::size_t i = 0; i < ours.samples.size(); ++i) {
    const Mp4Sample& a = ours.samples[i];
    const Mp4Sample& b = fragments.samples[i];
    const bool last = i + 1 == ours.samples.size();
    const auto bad = [&](const std::string& what) {
      ctx.violation(
          moov, name + " sample " + std::to_string(i) + ": " + what + " is not that of its moof");
    };
    if (a.size != b.size)
      check_left_out(ctx, moov, ours, a, b, bad);
    else if (a.offset != b.offset)
      bad("place");
    if (a.key != b.key) bad("sync");
    if (a.cts_offset != b.cts_offset) bad("composition offset");
    if (a.duration != (last ? b.duration : fragments.samples[i + 1].dts - b.dts)) bad("duration");
    const double at =
        edits.late + static_cast<double>(a.dts) - static_cast<double>(edits.media_time);
    const double wanted = static_cast<double>(b.dts) - static_cast<double>(skipped);
    if (std::abs(at - wanted) > tolerance) bad("time");
  }
}

// Sets that never changed need not be in the samples.
bool same_entry(const Mp4Track& ours, const Mp4Track& fragments) {
  return ours.entry == fragments.entry || (ours.entry == "avc1" && fragments.entry == "avc3") ||
         (ours.entry == "hvc1" && fragments.entry == "hev1");
}

}  // namespace

void read_tables(Context& ctx, const Box& stbl, const std::vector<Box>& boxes, Mp4Track& track) {
  Tables tables;
  const auto read = [&](const char* type) {
    const Box* box = find(boxes, type);
    if (box) read_table(ctx, *box, tables);
    return box != nullptr;
  };
  read("stsz");
  const std::size_t count = tables.sizes.size();
  read("stts");
  if (!read("ctts")) tables.cts_offsets.assign(count, 0);
  tables.sync.assign(count, find(boxes, "stss") == nullptr);
  read("stss");
  read("stsc");
  const bool offsets = read("stco");
  if (read("co64") == offsets) ctx.violation(stbl, "needs one of stco and co64");
  const auto places = offsets_of(tables);
  for (const std::size_t size : {tables.durations.size(), tables.cts_offsets.size(), places.size()})
    if (size != count) return ctx.violation(stbl, "the tables are of different numbers of samples");
  std::uint64_t dts = 0;
  for (std::size_t i = 0; i < count; ++i) {
    track.samples.push_back({.dts = dts,
                             .cts_offset = tables.cts_offsets[i],
                             .duration = tables.durations[i],
                             .size = tables.sizes[i],
                             .offset = places[i],
                             .key = tables.sync[i]});
    dts += tables.durations[i];
  }
  track.end_dts = dts;
}

void read_index(Context& ctx, const Box& moov) {
  Mp4File index;
  Context full{ctx.bytes, ctx.options, index, {}, {}};
  full.full_index = true;
  read_moov(full, moov);
  ctx.file.violations.insert(ctx.file.violations.end(), index.violations.begin(),
                             index.violations.end());
  ctx.file.movie_duration = index.movie_duration;
  ctx.file.index_tags = index.tags;
  if (index.creation_time != ctx.file.creation_time)
    ctx.violation(moov, "creation_time is not that of the first moov");
  if (index.tracks.size() != ctx.file.tracks.size())
    return ctx.violation(moov, "not the tracks of the first moov");
  for (std::size_t i = 0; i < index.tracks.size(); ++i) {
    const Mp4Track& ours = index.tracks[i];
    Mp4Track& fragments = ctx.file.tracks[i];
    const auto edits = edits_of(ours, index.movie_timescale);
    const bool same = ours.id == fragments.id && ours.timescale == fragments.timescale &&
                      same_entry(ours, fragments) && ours.handler == fragments.handler &&
                      ours.rotation == fragments.rotation && ours.mirrored == fragments.mirrored &&
                      ours.colour == fragments.colour &&
                      ours.pixel_width == fragments.pixel_width &&
                      ours.pixel_height == fragments.pixel_height;
    if (!same) ctx.violation(moov, "track " + std::to_string(ours.id) + " is another one");
    if (ours.timescale == 0 || index.movie_timescale == 0) continue;
    check_durations(ctx, moov, index, ours, edits);
    check_samples(ctx, moov, index, ours, fragments, edits);
    fragments.index_edits = ours.edits;
    fragments.index_entry = ours.entry;
  }
}

namespace {

void read_tfra(Context& ctx, const Box& box) {  // 8.8.10
  Fields f(ctx, box);
  const std::size_t wide = f.full_header(1).version == 1 ? 8 : 4;
  const std::uint32_t id = f.u32();
  const std::uint32_t lengths = f.u32();
  if (lengths >> 6) f.violation("reserved bits are set");
  std::size_t entries = 0;
  for (std::uint32_t left = f.u32(); left > 0 && !f.short_read(); --left) {
    const std::uint64_t time = f.number(wide);
    const std::uint64_t moof = f.number(wide);
    const std::uint64_t traf = f.number((lengths >> 4 & 3) + 1);
    f.expect(f.number((lengths >> 2 & 3) + 1), 1, "trun_number");
    const std::uint64_t number = f.number((lengths & 3) + 1);
    const auto& fragments = ctx.file.fragments;
    const auto fragment = std::find_if(fragments.begin(), fragments.end(),
                                       [&](const auto& each) { return each.moof == moof; });
    const bool named = fragment != fragments.end() && traf >= 1 && traf <= fragment->trafs.size() &&
                       fragment->trafs[traf - 1] == id;
    if (!named) {
      f.violation("no traf " + std::to_string(traf) + " of the track at " + std::to_string(moof));
      continue;
    }
    const auto place = static_cast<std::size_t>(fragment - fragments.begin());
    std::uint64_t seen = 0;
    bool right = false;
    for (const auto& track : ctx.file.tracks) {
      for (const auto& sample : track.samples) {
        if (track.id != id || sample.fragment != place || ++seen != number) continue;
        right = sample.key && sample.dts + static_cast<std::uint64_t>(sample.cts_offset) == time;
      }
    }
    if (!right) f.violation("no sync sample at " + std::to_string(time));
    ++entries;
  }
  if (entries == 0) f.violation("a track without random access points");
  f.done();
}

}  // namespace

void read_mfra(Context& ctx, const Box& mfra) {  // 8.8.9
  const auto boxes = children(ctx, mfra);
  check_children(ctx, mfra, boxes, {{"tfra", 0, kMany}, {"mfro", 1, 1}});
  for (const auto& box : boxes)
    if (box.type == "tfra") read_tfra(ctx, box);
  if (boxes.empty() || boxes.back().type != "mfro")
    return ctx.violation(mfra, "mfro must be its last box");
  Fields f(ctx, boxes.back());  // 8.8.11
  f.full_header(0);
  f.expect(f.u32(), mfra.end() - mfra.offset, "size");
  f.done();
}

}  // namespace rec::test::mp4
