// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The parts that the strict MP4 reader is made of: boxes cut out of their parent, fields read in
// order with nothing left over, and the list of violations that all of them write to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/box_reader.h"

namespace rec::test::mp4 {

struct Box {
  std::string type;
  std::string path;  // "moov/trak[1]/tkhd"
  std::uint64_t offset = 0;
  std::uint32_t header = 8;  // 16 with a 64-bit size
  std::span<const std::uint8_t> payload;

  std::uint64_t payload_offset() const { return offset + header; }
  std::uint64_t end() const { return payload_offset() + payload.size(); }
};

// trex: what a trun falls back to (8.8.3).
struct TrackDefaults {
  bool seen = false;
  std::uint32_t duration = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
};

struct Context {  // of one call of read_mp4()
  std::span<const std::uint8_t> bytes;
  const Mp4ReadOptions& options;
  Mp4File& file;
  std::vector<TrackDefaults> defaults;  // beside file.tracks
  std::optional<std::int64_t> origin;   // of the prft that the next ones are held against
  bool full_index = false;              // the moov has the samples, and no mvex

  void violation(std::uint64_t offset, const std::string& path, const std::string& what);
  void violation(const Box& box, const std::string& what) { violation(box.offset, box.path, what); }
};

std::uint64_t big_endian(std::span<const std::uint8_t> bytes);
std::string fourcc(std::span<const std::uint8_t> four_bytes);  // printable always

// Cuts `bytes` into boxes that must fill it exactly; stops at the first that cannot.
std::vector<Box> split_boxes(Context& ctx, std::span<const std::uint8_t> bytes,
                             std::uint64_t offset, const std::string& path);
inline std::vector<Box> children(Context& ctx, const Box& box) {
  return split_boxes(ctx, box.payload, box.payload_offset(), box.path);
}

struct ChildRule {
  std::string_view type;
  std::size_t min;
  std::size_t max;
};
inline constexpr std::size_t kMany = std::numeric_limits<std::size_t>::max();
void check_children(Context& ctx, const Box& parent, const std::vector<Box>& boxes,
                    std::initializer_list<ChildRule> rules);
const Box* find(const std::vector<Box>& boxes, std::string_view type);

struct FullHeader {
  std::uint8_t version;
  std::uint32_t flags;
};

// Reads the payload of one box front to back. A read past the end is one violation and gives 0.
class Fields {
 public:
  Fields(Context& ctx, const Box& box) : ctx_(ctx), box_(box), left_(box.payload) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::uint64_t number(std::size_t bytes);
  std::span<const std::uint8_t> take(std::size_t bytes);
  std::string type();  // a four-character code

  // Only versions up to `max_version` and flags within `allowed` are known to the standard.
  FullHeader full_header(std::uint8_t max_version, std::uint32_t allowed = 0);
  void expect(std::uint64_t got, std::uint64_t want, const std::string& name);
  void zeros(std::size_t bytes, const std::string& name);
  void violation(const std::string& what) { ctx_.violation(box_.offset, box_.path, what); }
  std::size_t left() const { return left_.size(); }
  bool short_read() const { return short_; }
  void done();  // nothing may be left

 private:
  Context& ctx_;
  const Box& box_;
  std::span<const std::uint8_t> left_;
  bool short_ = false;
};

// metadata_reader.cpp
struct Matrix {  // 6.2.2: (x, y) becomes (ax + cy + tx, bx + dy + ty)
  std::int64_t a = 0x10000, b = 0, c = 0, d = 0x10000, tx = 0, ty = 0;  // 16.16
  friend bool operator==(const Matrix&, const Matrix&) = default;
};
Matrix read_matrix(Fields& f);
// Of a picture of this size, in 16.16.
void read_orientation(Fields& f, const Matrix& matrix, std::uint32_t width, std::uint32_t height,
                      Mp4Track& track);
void read_picture_format(Context& ctx, const Box& box, Mp4Track& track);  // pasp, colr
void read_udta(Context& ctx, const Box& udta);

// movie_reader.cpp
void read_moov(Context& ctx, const Box& moov);
// index_reader.cpp
void read_tables(Context& ctx, const Box& stbl, const std::vector<Box>& boxes, Mp4Track& track);
void read_index(Context& ctx, const Box& moov);  // the moov behind the fragments
void read_mfra(Context& ctx, const Box& mfra);
// sample_entry_reader.cpp
void read_stsd(Context& ctx, const Box& stsd, Mp4Track& track);

// hevc_entry_reader.cpp
void read_hvcc(Context& ctx, const Box& box, Mp4Track& track);

// esds_reader.cpp
void read_esds(Context& ctx, const Box& box, Mp4Track& track);
// video_entry_reader.cpp
void read_vpcc(Context& ctx, const Box& box, Mp4Track& track);
void read_av1c(Context& ctx, const Box& box, Mp4Track& track);

// fragment_reader.cpp
struct Run {
  std::string path;
  std::uint64_t box_offset = 0;
  std::uint64_t start = 0;  // in the file
  std::uint64_t size = 0;
  std::vector<Mp4Sample> samples;  // dts counted from the run's own begin
  std::uint64_t duration = 0;
};
struct TrackFragment {
  std::string path;
  std::uint64_t box_offset = 0;
  std::size_t track = kMany;  // index into file.tracks; kMany: not declared
  std::uint32_t id = 0;       // track_ID
  std::uint64_t tfdt = 0;
  std::vector<Run> runs;
};
// reference_reader.cpp
struct PendingReference {  // a prft whose moof or mdat has not come yet
  Mp4Reference reference;
  std::uint64_t box_offset = 0;
  std::size_t track = kMany;  // index into file.tracks; kMany: not declared
};
struct PendingFragment {  // a moof whose mdat has not come yet
  Mp4Fragment fragment;
  std::vector<TrackFragment> tracks;
  std::optional<PendingReference> reference;
};
PendingReference read_prft(Context& ctx, const Box& prft);
// Holds the reference against the samples of the fragment, the last one of the file so far, and
// against the references before it.
void finish_reference(Context& ctx, const PendingFragment& pending);

// fragment_reader.cpp
PendingFragment read_moof(Context& ctx, const Box& moof);
void finish_fragment(Context& ctx, PendingFragment pending, const Box& mdat);

}  // namespace rec::test::mp4
