// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The order of boxes in a file: ftyp, free, moov, then moof before its mdat and perhaps a prft
// before both, and what a killed writer leaves behind (ISO/IEC 14496-12, 4.2, 4.3, 8.8, 8.16.5). Of
// a finished file, the free is the header of an mdat over all of that, and a moov with the index is
// behind it; or an mfra is, and the free has stayed.
#include "tests/support/box_reader.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "tests/support/box_fields.h"
#include "tests/support/sample_check.h"

namespace rec::test {
namespace mp4 {
namespace {

using Kind = Mp4Tail::Kind;

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

void read_ftyp(Context& ctx, const Box& box) {  // 4.3
  Fields f(ctx, box);
  ctx.file.major_brand = f.type();
  f.u32();  // minor_version
  while (f.left() >= 4) ctx.file.brands.push_back(f.type());
  f.done();
  const auto& brands = ctx.file.brands;
  const auto lists = [&](std::string_view brand) {
    return std::find(brands.begin(), brands.end(), brand) != brands.end();
  };
  if (!lists(ctx.file.major_brand)) f.violation("the major brand is not among the compatible ones");
  // default-base-is-moof came with iso5, tfdt with iso6 (annex E).
  if (!lists("iso5") && !lists("iso6") && !lists("cmfc")) {
    f.violation("no brand that knows default-base-is-moof (iso5, iso6, cmfc)");
  }
}

class FileReader {
 public:
  explicit FileReader(Context& ctx) : ctx_(ctx) {}
  void read();

 private:
  bool next();  // false: the end, or the tail begins
  void read_box(const Box& box);
  void check_order(const Box& box);
  bool ignores(const Box& box) const { return ctx_.options.extra_boxes.contains(box.type); }
  bool hides_fragments(const Box& box) const;
  void read_the_index(const Box& box);
  std::optional<Box> cut();
  void cut_off(Kind kind, const std::string& why);
  void check_uncommitted();
  void check_brands(const Box& moov);

  Context& ctx_;
  std::uint64_t position_ = 0;
  std::uint64_t hidden_end_ = 0;  // of the mdat over the fragments
  bool ended_ = false;            // an index was seen: nothing may follow
  bool seen_ftyp_ = false;
  std::optional<PendingReference> reference_;
  std::optional<PendingFragment> pending_;
};

// A unit is lost as a whole: a prft or moof whose mdat is not there is part of the tail.
void FileReader::cut_off(Kind kind, const std::string& why) {
  std::uint64_t begin = position_;
  if (reference_) begin = reference_->box_offset;
  if (pending_) begin = pending_->fragment.offset;
  ctx_.file.tail = {kind, begin, ctx_.bytes.size() - begin, false, why};
  if (kind == Kind::kGarbage) ctx_.violation(position_, "", "no box: " + why);
  reference_.reset();
  pending_.reset();
  position_ = ctx_.bytes.size();
}

// The rest of a prft whose first 8 bytes are missing; what follows is a moof with all of its bytes.
// A moof's body begins with the size of its mfhd, which has no such high byte.
constexpr std::size_t kPrftBody = 24;
bool begins_like_prft(std::span<const std::uint8_t> body) {
  return body.size() >= 4 && body[0] == 1;
}

// The body of a unit whose first 8 bytes were never written must be the beginning of a unit, or
// else something overwrote a committed one.
void FileReader::check_uncommitted() {
  const auto begin = static_cast<std::size_t>(position_);
  auto body = ctx_.bytes.subspan(begin + 8);
  const bool header = ctx_.file.tracks.empty();
  std::set<std::string> known{"mfhd", "traf", "mdat", "mvhd", "trak", "udta", "tfra", "mfro"};
  if (header) known = {"mvhd", "trak", "mvex", "free", "moov", "moof", "mdat"};
  cut_off(Kind::kUncommitted, "the first 8 bytes of the unit are zero");
  if (begin == 0 || all_zero(body)) return;  // the fields of an unknown ftyp come first; a hole
  if (!header && begins_like_prft(body)) {
    known = {"moof", "mdat"};
    body = body.subspan(std::min(body.size(), kPrftBody));
  }
  bool complete = false;
  bool closed = false;  // nothing may follow; behind the traks of an index a udta may
  while (body.size() >= 8) {
    const std::uint64_t size = big_endian(body.first(4));
    const std::string type = fourcc(body.subspan(4, 4));
    const std::uint64_t at = ctx_.bytes.size() - body.size();
    if (closed && !header) return ctx_.violation(at, "", "bytes behind an uncommitted unit");
    // Zeros here: the write that brings the body was itself torn by the page.
    if (all_zero(body)) return;
    if (!known.contains(type) || size < 8)
      return ctx_.violation(at, "", "an uncommitted unit with unknown content");
    if (size > body.size()) return;
    body = body.subspan(static_cast<std::size_t>(size));
    complete = header ? type == "mvex"
                      : type == "mdat" || type == "trak" || type == "udta" || type == "mfro";
    closed = complete && type != "trak";
  }
  if (!body.empty()) {
    if (closed)
      ctx_.violation(ctx_.bytes.size() - body.size(), "", "bytes behind an uncommitted unit");
    return;
  }
  ctx_.file.tail.unit_complete = complete;
}

std::optional<Box> FileReader::cut() {
  static const std::set<std::string> known = {"ftyp", "free", "skip", "moov",
                                              "prft", "moof", "mdat", "mfra"};
  const auto rest = ctx_.bytes.subspan(static_cast<std::size_t>(position_));
  if (rest.size() < 8) {
    cut_off(Kind::kTorn, "less than a box header");
    return std::nullopt;
  }
  if (all_zero(rest.first(8))) {
    if (pending_)
      ctx_.violation(position_, "", "zeros between moof and mdat");
    else if (reference_)
      ctx_.violation(position_, "", "zeros between prft and moof");
    check_uncommitted();
    return std::nullopt;
  }
  std::uint64_t size = big_endian(rest.first(4));
  const std::string type = fourcc(rest.subspan(4, 4));
  std::uint32_t header = 8;
  if (size == 1 && rest.size() >= 16) {
    size = big_endian(rest.subspan(8, 8));
    header = 16;
  }
  const bool expected = known.contains(type) || ctx_.options.extra_boxes.contains(type);
  if (size < header || (!expected && size > rest.size())) {
    cut_off(Kind::kGarbage, "'" + type + "' of size " + std::to_string(size));
    return std::nullopt;
  }
  if (size > rest.size()) {
    cut_off(Kind::kTorn, type + " says " + std::to_string(size) + " bytes, " +
                             std::to_string(rest.size()) + " are there");
    return std::nullopt;
  }
  if (!expected) ctx_.violation(position_, type, "unexpected box");
  const auto length = static_cast<std::size_t>(size);
  return Box{type, type, position_, header, rest.subspan(header, length - header)};
}

void FileReader::check_brands(const Box& moov) {
  const auto& brands = ctx_.file.brands;
  const bool av1 = std::any_of(ctx_.file.tracks.begin(), ctx_.file.tracks.end(),
                               [](const Mp4Track& track) { return track.entry == "av01"; });
  if (av1 && std::find(brands.begin(), brands.end(), "av01") == brands.end())
    ctx_.violation(moov, "an av01 track, and no brand av01 in ftyp (AV1 in ISOBMFF, 2.1)");
}

void FileReader::check_order(const Box& box) {
  if (!seen_ftyp_ && box.type != "ftyp") ctx_.violation(box, "ftyp must come first");
  if (pending_ && box.type != "mdat") {
    ctx_.violation(box, "a moof must be followed by its mdat");
    pending_.reset();
  }
  if (reference_ && box.type != "moof") {
    ctx_.violation(box, "a prft must be followed by its moof");
    reference_.reset();
  }
}

void FileReader::read_box(const Box& box) {
  auto& file = ctx_.file;
  check_order(box);
  if (box.type == "ftyp") {
    if (seen_ftyp_)
      ctx_.violation(box, "second ftyp");
    else
      read_ftyp(ctx_, box);
  } else if (box.type == "moov") {
    if (file.fragments.empty() && file.has_moov)
      ctx_.violation(box, "second moov");
    else if (file.has_moov)
      read_the_index(box);
    else
      read_moov(ctx_, box);
    check_brands(box);
  } else if (box.type == "prft" && !ignores(box)) {
    reference_ = read_prft(ctx_, box);
  } else if (box.type == "moof") {
    if (!file.has_moov) ctx_.violation(box, "moof before moov");
    pending_ = read_moof(ctx_, box);
    if (reference_) pending_->fragment.offset = reference_->box_offset;
    pending_->reference = std::exchange(reference_, std::nullopt);
  } else if (box.type == "mdat") {
    if (hides_fragments(box)) {
      hidden_end_ = box.end();
      ctx_.file.mdat_offset = box.offset;
    } else if (!pending_) {
      ctx_.violation(box, "mdat without a moof before it");
    } else {
      finish_fragment(ctx_, std::move(*pending_), box);
    }
    pending_.reset();
  } else if (box.type == "mfra" && !ignores(box)) {
    read_mfra(ctx_, box);
    ended_ = true;
  } else if ((box.type == "free" || box.type == "skip") && file.has_moov && !ignores(box)) {
    ctx_.violation(box, "padding behind the header");
  }
  seen_ftyp_ = true;
}

// The mdat that a finished file has in place of its free.
bool FileReader::hides_fragments(const Box& box) const {
  return box.type == "mdat" && box.header == 16 && !ctx_.file.has_moov && !pending_;
}

void FileReader::read_the_index(const Box& box) {
  if (hidden_end_ && box.offset != hidden_end_)
    ctx_.violation(box, "the mdat before it ends at " + std::to_string(hidden_end_));
  ctx_.file.index_offset = box.offset;
  ended_ = true;
  read_index(ctx_, box);
}

bool FileReader::next() {
  if (position_ >= ctx_.bytes.size()) return false;
  const auto box = cut();
  if (!box) return false;
  if (ended_) ctx_.violation(*box, "behind the index");
  const bool hides = hides_fragments(*box);
  read_box(*box);
  if (!hides && position_ < hidden_end_ && box->end() > hidden_end_)
    ctx_.violation(*box, "goes beyond the mdat over it");
  position_ = hides ? box->payload_offset() : box->end();
  return true;
}

void FileReader::read() {
  while (next()) {
  }
  if (pending_) cut_off(Kind::kTorn, "a moof without its mdat");
  if (reference_) cut_off(Kind::kTorn, "a prft without its moof");
  if (hidden_end_ && ctx_.file.index_offset == 0)
    ctx_.violation(hidden_end_, "", "no index behind the mdat over all fragments");
  for (const auto& track : ctx_.file.tracks) check_track_end(ctx_, track);
}

}  // namespace
}  // namespace mp4

Mp4ReadOptions ffmpeg_options() {
  Mp4ReadOptions options;
  options.extra_boxes = {"udta", "mfra", "sidx", "btrt", "sgpd", "sbgp", "styp", "pasp", "prft"};
  options.allow_short_last_audio = true;
  options.allow_stale_next_track_id = true;
  return options;
}

std::string Mp4Track::rfc6381() const {
  if (entry == "Opus") return "opus";
  if (!codecs.empty()) return codecs;
  if (!entry.starts_with("avc") || avcc.size() < 4) return "";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%s.%02x%02x%02x", entry.c_str(), avcc[1], avcc[2],
                avcc[3]);
  return text.data();
}

const Mp4Track* Mp4File::find_track(std::string_view handler) const {
  const auto it =
      std::find_if(tracks.begin(), tracks.end(), [&](auto& t) { return t.handler == handler; });
  return it == tracks.end() ? nullptr : &*it;
}

Mp4File read_mp4(std::span<const std::uint8_t> bytes, const Mp4ReadOptions& options) {
  Mp4File file;
  mp4::Context ctx{bytes, options, file, {}};
  mp4::FileReader(ctx).read();
  return file;
}

Mp4File read_mp4_file(const std::string& path, const Mp4ReadOptions& options) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(in)),
                                  std::istreambuf_iterator<char>());
  if (!in) {
    Mp4File file;
    file.violations.push_back("@0 " + path + ": cannot be read");
    return file;
  }
  return read_mp4(bytes, options);
}

}  // namespace rec::test
