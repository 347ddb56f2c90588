// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/isobmff/unfinished_movie.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/isobmff/box_parser.h"
#include "lib/isobmff/fragment_reader.h"
#include "lib/isobmff/movie_head.h"
#include "lib/isobmff/reference_time.h"

namespace rec::isobmff {
namespace {

using State = UnfinishedMovie::State;
using namespace std::string_view_literals;

constexpr std::uint64_t kSmallHeader = 8;          // of a box
constexpr std::uint64_t kLargeHeader = 16;         // with a 64-bit size
constexpr std::uint64_t kMostHeadBytes = 1 << 24;  // of a moov or moof; real ones have kilobytes

struct BoxHeader {
  std::string_view type() const { return {reinterpret_cast<const char*>(bytes.data()) + 4, 4}; }
  bool is(std::string_view code) const { return whole && type() == code; }
  // What is left of such a box when its writer dies.
  bool is_torn(std::string_view code) const { return torn && (!named || type() == code); }
  std::uint64_t payload() const { return size - header; }

  Bytes bytes;
  std::uint64_t header = kSmallHeader;
  std::uint64_t size = 0;
  bool whole = false;  // all of the box is in the file
  bool torn = false;   // part of it is missing, or its type was not written yet
  bool named = false;  // its type is there
};

class Examination {
 public:
  Examination(const ReadAt& read, std::uint64_t size) : read_(read), size_(size) {}

  Result<UnfinishedMovie> run();

 private:
  // What stands behind the last whole fragment.
  enum class Next { kFragment, kTornTail, kMfra, kUnknown };

  Bytes bytes(std::uint64_t offset, std::uint64_t count);
  BoxHeader box_at(std::uint64_t offset);
  std::optional<std::uint64_t> read_ftyp();
  bool is_index(std::uint64_t offset);
  std::optional<std::uint64_t> read_head(std::uint64_t offset);
  Next read_next(std::uint64_t& at);
  Next read_unit(std::uint64_t& at, const BoxHeader& moof);
  bool add(const MovieFragment& fragment, std::uint64_t moof, std::uint64_t data);
  bool has_fragment(std::uint64_t offset);
  void conclude(UnfinishedMovie& movie);

  const ReadAt& read_;
  const std::uint64_t size_;
  std::optional<Error> error_;
  std::optional<MovieHead> head_;
  std::vector<SampleIndex> samples_;  // one a track
  std::uint32_t sequence_number_ = 0;
};

Bytes Examination::bytes(std::uint64_t offset, std::uint64_t count) {
  Bytes found(count);
  if (error_) return found;
  if (auto done = read_(offset, found); !done) error_ = done.error();
  return found;
}

BoxHeader Examination::box_at(std::uint64_t offset) {
  const std::uint64_t left = size_ - offset;
  BoxHeader box;
  box.bytes = bytes(offset, std::min(kLargeHeader, left));
  box.bytes.resize(kLargeHeader);
  ByteReader reader(box.bytes);
  box.size = reader.u32();
  const std::uint32_t type = reader.u32();
  if (box.size == 1) {
    box.size = reader.u64();
    box.header = kLargeHeader;
  }
  // The first 8 bytes of a unit are written last, and of these the size may come before the type.
  box.named = left >= kSmallHeader && type != 0;
  box.torn = !box.named || left < box.header || box.size > left;
  box.whole = !box.torn && box.size >= box.header;
  return box;
}

// The brands that init_segment() gives a file. Where they end, or nothing.
std::optional<std::uint64_t> Examination::read_ftyp() {
  constexpr std::string_view kBrands = "iso6\0\0\0\0iso6mp41av01"sv;
  const BoxHeader ftyp = box_at(0);
  if (!ftyp.is("ftyp") || (ftyp.payload() != 16 && ftyp.payload() != 20)) return std::nullopt;
  const Bytes brands = bytes(ftyp.header, ftyp.payload());
  if (!std::equal(brands.begin(), brands.end(), kBrands.begin())) return std::nullopt;
  return ftyp.size;
}

// A whole moov that begins as one of MovieIndex does. What is in it is not looked at: it may be as
// long as the recording, and a directory may be full of finished files.
bool Examination::is_index(std::uint64_t offset) {
  if (offset >= size_) return false;
  const BoxHeader moov = box_at(offset);
  return moov.is("moov") && moov.payload() > kSmallHeader &&
         box_at(offset + moov.header).type() == "mvhd";
}

// Where the moov ends that init_segment() wrote.
std::optional<std::uint64_t> Examination::read_head(std::uint64_t offset) {
  if (offset >= size_) return std::nullopt;
  const BoxHeader moov = box_at(offset);
  if (!moov.is("moov") || moov.size > kMostHeadBytes) return std::nullopt;
  head_ = MovieHead::read(bytes(offset, moov.size));
  if (!head_) return std::nullopt;
  samples_.resize(head_->tracks().size());
  return offset + moov.size;
}

// Moves `at` behind it if it is a fragment.
Examination::Next Examination::read_next(std::uint64_t& at) {
  const BoxHeader box = box_at(at);
  for (const std::string_view type : {"prft", "moof", "moov", "mfra"})
    if (box.is_torn(type)) return Next::kTornTail;
  if (box.is("prft") && box.size == kPrftBytes) {
    std::uint64_t moof = at + kPrftBytes;
    const Next next = moof == size_ ? Next::kTornTail : read_unit(moof, box_at(moof));
    if (next == Next::kFragment) at = moof;
    return next;
  }
  // The index of a finish that was killed before it counted is a tail too: it is made again.
  const bool last = at + box.size == size_;
  if (box.is("moov") && last) return Next::kTornTail;
  if (box.is("mfra") && last) return Next::kMfra;
  return read_unit(at, box);
}

Examination::Next Examination::read_unit(std::uint64_t& at, const BoxHeader& moof) {
  if (moof.is_torn("moof")) return Next::kTornTail;
  if (!moof.is("moof") || moof.size > kMostHeadBytes) return Next::kUnknown;
  const std::uint64_t behind = at + moof.size;
  if (behind == size_) return Next::kTornTail;
  const BoxHeader mdat = box_at(behind);
  if (mdat.is_torn("mdat")) return Next::kTornTail;
  if (!mdat.is("mdat")) return Next::kUnknown;
  const auto fragment = read_fragment(bytes(at, moof.size), mdat.header, mdat.payload());
  if (!fragment || !add(*fragment, at, behind + mdat.header)) return Next::kUnknown;
  at = behind + mdat.size;
  return Next::kFragment;
}

// False if it cannot follow what came before.
bool Examination::add(const MovieFragment& fragment, std::uint64_t moof, std::uint64_t data) {
  if (fragment.sequence_number <= sequence_number_) return false;
  sequence_number_ = fragment.sequence_number;
  std::uint32_t traf = 0;
  for (const TrackRun& run : fragment.runs) {
    const auto& tracks = head_->tracks();
    const auto track = std::find_if(tracks.begin(), tracks.end(),
                                    [&](const auto& known) { return known.id == run.track_id; });
    if (track == tracks.end()) return false;
    SampleIndex& samples = samples_[static_cast<std::size_t>(track - tracks.begin())];
    if (!samples.empty() && run.samples.front().dts < samples.end()) return false;
    samples.add(run, {moof, data, ++traf});
    for (const RunSample& sample : run.samples) data += sample.size;
  }
  return true;
}

// Somewhere from `offset` on a moof begins. A writer leaves at most one unit torn; if there are
// more behind it, something else has happened to the file.
bool Examination::has_fragment(std::uint64_t offset) {
  constexpr std::string_view kSigns = "moof\0\0\0\x10mfhd"sv;
  constexpr std::uint64_t kWindow = 1 << 20;
  for (; offset < size_ && !error_; offset += kWindow) {
    const Bytes window = bytes(offset, std::min(kWindow + kSigns.size(), size_ - offset));
    if (std::search(window.begin(), window.end(), kSigns.begin(), kSigns.end()) != window.end())
      return true;
  }
  return false;
}

void Examination::conclude(UnfinishedMovie& movie) {
  movie.state = State::kUnfinished;
  movie.duration = head_->duration(samples_);
  const bool writable = std::all_of(samples_.begin(), samples_.end(),
                                    [](const SampleIndex& s) { return s.writable(); });
  if (writable) movie.index = head_->index(samples_);
}

Result<UnfinishedMovie> Examination::run() {
  UnfinishedMovie movie;
  const auto free_offset = read_ftyp();
  if (!free_offset || size_ - *free_offset < kLargeHeader)
    return error_ ? Result<UnfinishedMovie>(*error_) : movie;
  movie.free_offset = *free_offset;
  const BoxHeader room = box_at(*free_offset);
  const bool flipped = room.type() == "mdat" && room.header == kLargeHeader;
  const bool open = room.is("free") && room.size == kLargeHeader &&
                    std::all_of(room.bytes.begin() + kSmallHeader, room.bytes.end(),
                                [](std::uint8_t byte) { return byte == 0; });
  if (flipped && room.whole && is_index(*free_offset + room.size)) {
    movie.state = State::kFinished;
  } else if (flipped || open) {  // flipped, without index: that was lost with the power
    movie.hidden = flipped;
    if (const auto head_end = read_head(*free_offset + kLargeHeader)) {
      movie.end = *head_end;
      Next next = Next::kFragment;
      while (next == Next::kFragment && movie.end < size_ && !error_) next = read_next(movie.end);
      // The torn unit has a moof of its own, perhaps behind a prft.
      if (next == Next::kTornTail && has_fragment(movie.end + kPrftBytes + kSmallHeader))
        next = Next::kUnknown;
      if (next == Next::kUnknown)
        movie.state = State::kDamaged;
      else if (movie.end == *head_end)
        movie.state = State::kEmpty;
      else if (next == Next::kMfra)
        movie.state = State::kClosed;
      else
        conclude(movie);
    }
  }
  return error_ ? Result<UnfinishedMovie>(*error_) : movie;
}

}  // namespace

Result<UnfinishedMovie> examine_movie(const ReadAt& read, std::uint64_t size) {
  return Examination(read, size).run();
}

}  // namespace rec::isobmff
