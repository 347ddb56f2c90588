// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recovery/recover.h"

#include <algorithm>

#include "lib/isobmff/edits.h"
#include "lib/isobmff/movie_index.h"
#include "lib/isobmff/unfinished_movie.h"

namespace rec::recovery {
namespace {

using isobmff::UnfinishedMovie;

constexpr std::size_t kBoxHeader = 8;

Report failed(const Error& error) {
  return {Outcome::kFailed, 0, 0, error.what + ". " + error.hint};
}
Report nothing(const char* why) { return {Outcome::kNothingToDo, 0, 0, why}; }

bool ends_with(File& file, std::uint64_t offset, const Bytes& expected) {
  if (file.size() != offset + expected.size()) return false;
  Bytes found(expected.size());
  return file.read(offset, found) && found == expected;
}

// Like each unit of a recording: a box without its first 8 bytes does not count.
Status append(File& file, std::uint64_t offset, std::span<const std::uint8_t> box) {
  if (auto done = file.write(offset + kBoxHeader, box.subspan(kBoxHeader)); !done) return done;
  if (auto done = file.sync(); !done) return done;
  return file.write(offset, box.first(kBoxHeader));
}

// `movie.index` empty: the file stays in fragments.
Status finish(File& file, const UnfinishedMovie& movie, bool indexed) {
  if (file.size() > movie.end && !indexed)
    if (auto done = file.truncate(movie.end); !done) return done;
  if (movie.index.empty()) return file.sync();
  if (!indexed)
    if (auto done = append(file, movie.end, movie.index); !done) {
      const Status back = file.truncate(movie.end);
      return back ? done : back;
    }
  // The recorder had kept room on the disk behind its end: it is given back.
  if (auto done = file.truncate(movie.end + movie.index.size()); !done) return done;
  // The medium must not have the header that hides the fragments without the index that finds them.
  if (auto done = file.sync(); !done) return done;
  const Bytes header = isobmff::mdat_header(movie.free_offset, movie.end);
  if (auto done = file.write(movie.free_offset, header); !done) return done;
  return file.sync();
}

Report finish_or_tell(File& file, UnfinishedMovie& movie, const Options& options) {
  Report report;
  report.outcome = Outcome::kRecoverable;
  report.seconds = static_cast<double>(movie.duration) / isobmff::kIndexTimescale;
  if (movie.index.empty())
    report.reason = "it stays in fragments: a sample lasts longer than an index can say";
  else if (options.keep_fragments && !movie.hidden)
    movie.index.clear();
  // What the last attempt appended, if it was killed right then.
  const bool indexed = !movie.index.empty() && ends_with(file, movie.end, movie.index);
  report.cut_bytes = indexed ? 0 : file.size() - movie.end;
  if (movie.index.empty() && report.cut_bytes == 0) return nothing("finished, in fragments");
  if (options.dry_run) return report;
  if (auto done = finish(file, movie, indexed); !done) return failed(done.error());
  report.outcome = Outcome::kRecovered;
  return report;
}

}  // namespace

Report recover(File& file, const Options& options) {
  const isobmff::ReadAt read = [&](std::uint64_t offset, std::span<std::uint8_t> bytes) {
    return file.read(offset, bytes);
  };
  auto examined = isobmff::examine_movie(read, file.size());
  if (!examined) return failed(examined.error());
  UnfinishedMovie& movie = examined.value();
  switch (movie.state) {
    case UnfinishedMovie::State::kForeign: return nothing("not a recording of recordmux");
    case UnfinishedMovie::State::kFinished: return nothing("finished");
    case UnfinishedMovie::State::kClosed: return nothing("finished, in fragments");
    case UnfinishedMovie::State::kEmpty: return nothing("nothing was recorded in it");
    case UnfinishedMovie::State::kDamaged:
      return {Outcome::kDamaged, 0, 0,
              "no recorder leaves what stands at byte " + std::to_string(movie.end) +
                  ". The file was not touched: restore it from a copy, or cut it there"};
    case UnfinishedMovie::State::kUnfinished: break;
  }
  return finish_or_tell(file, movie, options);
}

}  // namespace rec::recovery
