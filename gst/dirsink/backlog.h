// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one element has handed to its lane and the disk has not taken yet: jobs in order, bytes
// counted, and the only place where a thread of dirsink's callers ever waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "gst/dirsink/io_lane.h"

namespace rec::dirsink {

class Backlog : public std::enable_shared_from_this<Backlog> {
 public:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::string key;            // of the object whose bytes it carries; else empty
    std::uint64_t bytes = 0;    // memory that goes when it is done or discarded
    std::function<void()> run;  // on the lane's thread; owns what it uses
  };
  struct Load {
    std::uint64_t bytes = 0;
    std::size_t jobs = 0;
  };

  // `taken` is called on the lane's thread whenever bytes have gone; no lock is held.
  Backlog(std::shared_ptr<Lane> lane, std::function<void(const Backlog&)> taken)
      : lane_(std::move(lane)), taken_(std::move(taken)) {}

  void append(Job job);
  // Forgets queued jobs that carry bytes of `key` and for which `run` has not begun.
  void discard(const std::string& key);
  Load load() const;  // includes the job that is running

  // Waits until `done(load)` or the deadline; says which. `done` is called with the lock held.
  template <class Done>
  bool wait(Clock::time_point deadline, Done done) {
    std::unique_lock l(lock_);
    return changed_.wait_until(l, deadline, [&] { return done(load_); });
  }
  template <class Done>
  void wait(Done done) {
    std::unique_lock l(lock_);
    changed_.wait(l, [&] { return done(load_); });
  }
  void wake();  // what `done` looks at has changed

 private:
  void run_one();

  const std::shared_ptr<Lane> lane_;
  const std::function<void(const Backlog&)> taken_;
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  Load load_;
  bool scheduled_ = false;  // the lane holds one run_one() of this element, never more
};

}  // namespace rec::dirsink
