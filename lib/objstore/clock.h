// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Time, so that tests can drive it.
#pragma once

#include <chrono>
#include <mutex>

#include "lib/objstore/time_text.h"

namespace rec::objstore {

using Monotonic = std::chrono::steady_clock::time_point;

class Clock {  // any thread
 public:
  virtual ~Clock() = default;
  virtual Utc utc() const = 0;
  virtual Monotonic monotonic() const = 0;
};

const Clock& system_clock();

// What the servers' clocks say. They refuse a request that is signed 15 minutes off, and a machine
// whose clock is wrong has to record all the same. One for the process: its clock is wrong for all.
class ServerClock {  // any thread
 public:
  explicit ServerClock(const Clock& clock) : clock_(clock) {}
  Utc now() const;
  // A server refused a request for its time and said what its own is, or its Date header did.
  void learn(Utc server_time);
  std::chrono::seconds skew() const;  // how far the servers are ahead

 private:
  const Clock& clock_;
  mutable std::mutex lock_;
  std::chrono::seconds skew_{0};
};

}  // namespace rec::objstore
