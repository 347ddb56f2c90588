// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a fuzz target promises about a result. Unlike assert() it does not vanish in a release
// build.
#pragma once

#include <cstdlib>

namespace rec::fuzz {
inline void check(bool promise) {
  if (!promise) std::abort();
}
}  // namespace rec::fuzz
