// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A strict reader of fragmented MP4 for tests. It shares no code with lib/isobmff, on purpose: a
// misreading of the standard by the writer must not be repeated by its judge. Every box is held
// against ISO/IEC 14496-12 and -15, "Encapsulation of Opus in ISO BMFF" and the rules of this
// project (docs/formats/mp4.md); what is wrong is collected, never asserted. Clauses in comments
// are those of ISO/IEC 14496-12 unless they name another standard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace rec::test {

struct Mp4ReadOptions {
  // Types that are accepted, and skipped, wherever they stand.
  std::set<std::string> extra_boxes;
  bool allow_video_gaps = false;
  bool allow_short_last_audio = false;  // the very last packet of a track may be trimmed
  bool allow_stale_next_track_id = false;
};

// What ffmpeg's own muxer does: other boxes, a trimmed last packet, and a next_track_ID written
// before it knows its tracks.
Mp4ReadOptions ffmpeg_options();

struct Mp4Sample {
  std::uint64_t dts = 0;        // track ticks
  std::int64_t cts_offset = 0;  // track ticks
  std::uint32_t duration = 0;   // track ticks
  std::uint32_t size = 0;       // bytes
  std::uint64_t offset = 0;     // of the first byte, in the file
  bool key = false;
  std::size_t fragment = 0;  // index into Mp4File::fragments
};

struct Mp4OpusFields {  // dOps
  std::uint8_t version = 0;
  std::uint8_t channels = 0;
  std::uint16_t pre_skip = 0;
  std::uint32_t input_sample_rate = 0;
  std::int16_t output_gain = 0;
  std::uint8_t mapping_family = 0;
  std::uint8_t stream_count = 0;
  std::uint8_t coupled_count = 0;
  std::vector<std::uint8_t> mapping;
};

struct Mp4Edit {
  std::uint64_t segment_duration = 0;  // movie ticks
  std::int64_t media_time = 0;         // track ticks; -1 is an empty edit
};

struct Mp4Track {
  std::uint32_t id = 0;
  std::string handler;  // "vide", "soun"
  std::uint32_t timescale = 0;
  std::string entry;              // fourcc of the sample entry
  int rotation = 0;               // degrees clockwise, from the matrix of tkhd
  bool mirrored = false;          // left to right, before it is turned
  std::string language;           // of mdhd
  std::uint32_t pixel_width = 1;  // pasp
  std::uint32_t pixel_height = 1;
  std::array<std::uint16_t, 4> colour = {2, 2, 2, 0};  // colr: primaries, transfer, matrix, full
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::vector<std::uint8_t> avcc;   // payload of avcC
  std::string codecs;               // H.265, VP8, VP9, AV1, AAC: what rfc6381() returns
  std::uint16_t channels = 0;       // AudioSampleEntry
  std::uint32_t frame_samples = 0;  // of an AAC frame
  Mp4OpusFields dops;
  std::vector<Mp4Edit> edits;        // of the moov in front of the fragments
  std::vector<Mp4Edit> index_edits;  // of the moov behind them
  std::string index_entry;           // likewise; empty: there is none
  std::uint64_t media_duration = 0;  // mdhd of a moov with samples, track ticks
  std::uint64_t track_duration = 0;  // tkhd of a moov with samples, movie ticks
  std::vector<Mp4Sample> samples;
  std::uint64_t end_dts = 0;  // end of the last sample

  bool video() const { return handler == "vide"; }
  std::string rfc6381() const;  // "avc3.42e01f", "mp4a.40.2"; empty when unknown
};

struct Mp4Fragment {
  std::uint32_t sequence = 0;
  std::uint64_t offset = 0;          // of the prft, if there is one, else of the moof
  std::uint64_t size = 0;            // prft, moof and mdat
  std::uint64_t moof = 0;            // offset
  std::vector<std::uint32_t> trafs;  // their track_IDs
};

// The wall clock of a sample: the prft of a fragment (8.16.5).
struct Mp4Reference {
  std::uint32_t track = 0;
  std::size_t fragment = 0;  // index into Mp4File::fragments
  std::uint32_t flags = 0;
  std::int64_t utc = 0;          // ns since 1970
  std::uint64_t media_time = 0;  // track ticks
  // UTC of the file's time 0, in ns since 1970, as this prft has it. The same in every prft, but
  // later by the pause after one. Edits are counted: tracks can be compared.
  std::int64_t origin = 0;
};

// The tfdt of a track's fragment is not the end of what came before.
struct Mp4Jump {
  std::uint32_t track = 0;
  std::size_t fragment = 0;
  std::uint64_t from = 0;  // end of the previous run, track ticks
  std::uint64_t to = 0;    // tfdt
};

// What a killed writer leaves behind its last whole unit.
struct Mp4Tail {
  enum class Kind {
    kNone,
    kUncommitted,  // a unit whose first 8 bytes are still zero: readers stop there in peace
    kTorn,         // a box that says it is longer than the file: many readers refuse the file
    kGarbage,      // no box at all; also a violation
  };
  Kind kind = Kind::kNone;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool unit_complete = false;  // kUncommitted: all that lacks are the 8 bytes
  std::string why;
};

struct Mp4File {
  std::string major_brand;
  std::vector<std::string> brands;
  bool has_moov = false;
  std::uint64_t index_offset = 0;    // of a moov with all samples, behind the fragments; 0: none
  std::uint64_t mdat_offset = 0;     // of the mdat over all that is in front of it; 0: none
  std::uint64_t movie_duration = 0;  // of that moov
  std::uint32_t movie_timescale = 0;
  std::uint64_t creation_time = 0;  // seconds since 1904
  // Of udta, by the type of the item, as fourcc() has it: "\\xa9nam".
  std::map<std::string, std::string> tags;        // of the moov in front of the fragments
  std::map<std::string, std::string> index_tags;  // of the moov behind them
  std::vector<Mp4Track> tracks;
  std::vector<Mp4Fragment> fragments;    // whole ones
  std::vector<Mp4Reference> references;  // of whole fragments
  std::vector<Mp4Jump> gaps;             // allowed or not
  std::vector<Mp4Jump> overlaps;
  Mp4Tail tail;
  std::vector<std::string> violations;  // "@offset path: what"

  const Mp4Track* find_track(std::string_view handler) const;
};

Mp4File read_mp4(std::span<const std::uint8_t> bytes, const Mp4ReadOptions& options = {});
// A file that cannot be read is a violation.
Mp4File read_mp4_file(const std::string& path, const Mp4ReadOptions& options = {});

}  // namespace rec::test
