// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes recovery. Input: a file. What is recovered must need no second recovery, and what is not
// must be left alone.
#include <algorithm>

#include "lib/recovery/recover.h"
#include "tests/fuzz/check.h"
#include "tests/unit/recovery/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rec::recovery;
  const rec::Bytes input(data, data + size);
  MemoryFile file(input);
  const Report report = recover(file, {});
  rec::fuzz::check(report.outcome != Outcome::kFailed);
  if (report.outcome != Outcome::kRecovered) {
    rec::fuzz::check(file.steps.empty() && file.content() == input);
    return 0;
  }
  rec::fuzz::check(report.cut_bytes <= size && report.seconds >= 0);
  // The samples stay where they are, and as they were.
  const std::size_t kept = std::min(file.content().size(), size - report.cut_bytes);
  rec::fuzz::check(std::equal(input.begin() + 44, input.begin() + static_cast<std::ptrdiff_t>(kept),
                              file.content().begin() + 44));
  MemoryFile again(file.content());
  rec::fuzz::check(recover(again, {}).outcome == Outcome::kNothingToDo && again.steps.empty());
  return 0;
}
