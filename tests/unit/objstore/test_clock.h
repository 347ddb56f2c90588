// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A clock that stands still until it is moved.
#pragma once

#include "lib/objstore/clock.h"

namespace rec::objstore {

class TestClock : public Clock {  // one thread
 public:
  Utc utc() const override { return std::chrono::floor<std::chrono::seconds>(utc_); }
  Monotonic monotonic() const override { return monotonic_; }
  void advance(std::chrono::nanoseconds by) {
    utc_ += std::chrono::duration_cast<std::chrono::milliseconds>(by);
    monotonic_ += by;
  }

 private:
  std::chrono::sys_time<std::chrono::milliseconds> utc_ = *parse_iso8601("2026-11-20T05:00:00Z");
  Monotonic monotonic_{std::chrono::hours(1)};
};

}  // namespace rec::objstore
