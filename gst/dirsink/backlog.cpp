// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/backlog.h"

#include <algorithm>
#include <iterator>

namespace rec::dirsink {

void Backlog::append(Job job) {
  {
    std::lock_guard l(lock_);
    load_.bytes += job.bytes;
    ++load_.jobs;
    jobs_.push_back(std::move(job));
    if (scheduled_) return;
    scheduled_ = true;
  }
  lane_->append([self = shared_from_this()] { self->run_one(); });
}

// One job a turn: elements that share a lane take turns, so none waits behind another's backlog.
void Backlog::run_one() {
  Job job;
  {
    std::lock_guard l(lock_);
    if (jobs_.empty()) {  // discarded
      scheduled_ = false;
      return;
    }
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  job.run();
  job.run = nullptr;
  bool more = false;
  {
    std::lock_guard l(lock_);
    load_.bytes -= job.bytes;
    --load_.jobs;
    more = scheduled_ = !jobs_.empty();
  }
  changed_.notify_all();
  if (job.bytes) taken_(*this);
  if (more) lane_->append([self = shared_from_this()] { self->run_one(); });
}

void Backlog::discard(const std::string& key) {
  std::deque<Job> gone;  // freed without the lock
  std::lock_guard l(lock_);
  const auto first = std::stable_partition(jobs_.begin(), jobs_.end(),
                                           [&](const Job& job) { return job.key != key; });
  for (auto job = first; job != jobs_.end(); ++job) {
    load_.bytes -= job->bytes;
    --load_.jobs;
    gone.push_back(std::move(*job));
  }
  jobs_.erase(first, jobs_.end());
}

Backlog::Load Backlog::load() const {
  std::lock_guard l(lock_);
  return load_;
}

void Backlog::wake() {
  { std::lock_guard l(lock_); }  // a waiter is before its check or in its wait, not between
  changed_.notify_all();
}

}  // namespace rec::dirsink
