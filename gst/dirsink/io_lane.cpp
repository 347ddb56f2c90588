// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/io_lane.h"

#include <glib.h>

#include <map>

namespace rec::dirsink {
namespace {

using Job = std::function<void()>;

// Unlimited, because a hung mount keeps its thread for good; shared with GLib's other pools, so
// that idle threads are reused and end by themselves.
GThreadPool* pool() {
  static GThreadPool* const instance = g_thread_pool_new(
      [](gpointer data, gpointer) {
        const std::unique_ptr<Job> job(static_cast<Job*>(data));
        (*job)();
      },
      nullptr, -1, FALSE, nullptr);
  return instance;
}

std::mutex registry_lock;

std::map<std::string, std::weak_ptr<Lane>>& registry() {
  static std::map<std::string, std::weak_ptr<Lane>> lanes;
  return lanes;
}

}  // namespace

std::shared_ptr<Lane> Lane::of(const std::string& root) {
  std::lock_guard l(registry_lock);
  std::erase_if(registry(), [](const auto& entry) { return entry.second.expired(); });
  auto& slot = registry()[root];
  auto lane = slot.lock();
  if (!lane) slot = lane = std::make_shared<Lane>();
  return lane;
}

void Lane::append(Job job) {
  {
    std::lock_guard l(lock_);
    jobs_.push_back(std::move(job));
    if (busy_) return;
    busy_ = true;
  }
  g_thread_pool_push(pool(), new Job([self = shared_from_this()] { self->work(); }), nullptr);
}

void Lane::work() {
  std::unique_lock l(lock_);
  while (!jobs_.empty()) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    l.unlock();
    job();
    job = nullptr;  // what it owned goes without the lock held
    l.lock();
  }
  busy_ = false;
}

}  // namespace rec::dirsink
