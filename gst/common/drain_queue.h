// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The out-queue of a producer with several input threads. They append under the producer's lock;
// whoever then finds the drain token free carries the items out, in order and without the lock, and
// the others return at once. So no lock is ever held over a push, and nobody waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace rec {

template <class Item>
class DrainQueue {
 public:
  explicit DrainQueue(std::mutex& lock) : lock_(lock) {}

  // With the lock held. `bytes` is what the item holds of the producer's budget.
  void push(Item item, std::size_t bytes = 0) {
    items_.push_back({std::move(item), bytes});
    bytes_ += bytes;
  }
  // With the lock held.
  std::size_t bytes() const { return bytes_; }  // the item being carried out too
  bool empty() const { return items_.empty(); }

  // Without the lock. `perform(item)` is called without it, `performed()` after each item with it;
  // both may append.
  template <class Perform, class Performed>
  void drain(Perform perform, Performed performed) {
    std::unique_lock l(lock_);
    if (draining_) return;
    draining_ = true;
    while (!items_.empty()) {
      Entry entry = std::move(items_.front());
      items_.pop_front();
      l.unlock();
      perform(entry.item);
      l.lock();
      bytes_ -= entry.bytes;
      performed();
    }
    draining_ = false;
    idle_.notify_all();
  }

  // With the lock held by `l`: waits until nobody has the token, and forgets what is left. Never
  // from within perform().
  void stop(std::unique_lock<std::mutex>& l) {
    idle_.wait(l, [this] { return !draining_; });
    items_.clear();
    bytes_ = 0;
  }

 private:
  struct Entry {
    Item item;
    std::size_t bytes;
  };
  std::mutex& lock_;
  std::condition_variable idle_;
  std::deque<Entry> items_;
  std::size_t bytes_ = 0;
  bool draining_ = false;  // the token
};

}  // namespace rec
