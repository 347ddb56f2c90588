// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/clock.h"

namespace rec::objstore {
namespace {

class SystemClock : public Clock {
 public:
  Utc utc() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Utc ServerClock::now() const { return clock_.utc() + skew(); }

void ServerClock::learn(Utc server_time) {
  const auto skew = server_time - clock_.utc();
  const std::lock_guard l(lock_);
  skew_ = skew;
}

std::chrono::seconds ServerClock::skew() const {
  const std::lock_guard l(lock_);
  return skew_;
}

}  // namespace rec::objstore
