// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The process's thread for what blocks and is rare: fetching credentials.
#pragma once

#include <functional>
#include <memory>

namespace rec::objstore {

class Worker {  // any thread
 public:
  // The one of the process. Its thread ends with the last holder, after the jobs that are left.
  static std::shared_ptr<Worker> shared();

  Worker();
  ~Worker();  // waits for the thread, unless it is the thread itself that lets go
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void append(std::function<void()> job);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rec::objstore
