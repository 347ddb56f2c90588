// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a recorder that was killed has left of a file, and what is missing to make it an ordinary
// MP4 (docs/formats/mp4.md). Strict: a file of which it does not know every box is not ours.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::isobmff {

// Fills `bytes` from `offset` on, all of it or an error.
using ReadAt = std::function<Status(std::uint64_t offset, std::span<std::uint8_t> bytes)>;

struct UnfinishedMovie {
  enum class State {
    kForeign,     // not begun by init_segment(): anything at all
    kFinished,    // it has its index
    kClosed,      // fragments and their mfra: its store could not rewrite
    kEmpty,       // a head and no whole fragment
    kUnfinished,  // fragments: all below is set
    kDamaged,     // a head, but from `end` on something that no recorder leaves
  };
  State state = State::kForeign;
  std::uint64_t free_offset = 0;  // where mdat_header() goes
  bool hidden = false;            // by an mdat header that is there already: its index was lost
  std::uint64_t end = 0;          // of the last whole fragment; what follows is a torn tail
  std::uint64_t duration = 0;     // ticks of kIndexTimescale
  Bytes index;                    // the moov that belongs behind `end`; empty: no table can hold it
};

// Looks at a file of `size` bytes; the error is one of `read`.
Result<UnfinishedMovie> examine_movie(const ReadAt& read, std::uint64_t size);

}  // namespace rec::isobmff
