// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Things to do later, without a thread that sleeps.
#pragma once

#include <chrono>
#include <functional>

namespace rec::objstore {

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Any thread, never blocks. `job` runs once, on the scheduler's thread and with no lock held, and
  // must not block. When the scheduler ends, what still waits runs at once.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> job) = 0;
};

}  // namespace rec::objstore
