// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finishes a recording whose recorder was killed, in place: cuts the torn tail, appends the index,
// and lets it count. In this order, so that the file is never less playable than it was, and a
// recovery that is itself killed can begin again (docs/recovery.md).
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/result.h"
#include "lib/recovery/file.h"

namespace rec::recovery {

enum class Outcome {
  kRecovered,    // it was unfinished, and no longer is
  kRecoverable,  // it is unfinished: a dry run leaves it at that
  kNothingToDo,  // `reason` says why
  kBeingWritten,
  kDamaged,  // begun by a recorder, but not what one leaves: untouched
  kFailed,   // `reason` says what happened
};

struct Report {
  Outcome outcome = Outcome::kNothingToDo;
  double seconds = 0;           // that play, of kRecovered and kRecoverable
  std::uint64_t cut_bytes = 0;  // behind the last whole fragment, likewise
  std::string reason;           // and what to do about it; empty: all is said
};

struct Options {
  bool dry_run = false;         // looks, and changes nothing
  bool keep_fragments = false;  // cuts a torn tail, but makes no index
};

// `file` is nobody else's while this runs.
Report recover(File& file, const Options& options);

}  // namespace rec::recovery
