// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers of one run for the `stats` property. Any thread.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>

namespace rec::dirsink {

struct Stats {
  std::atomic<std::uint64_t> bytes{0};           // written
  std::atomic<std::uint64_t> objects{0};         // stored
  std::atomic<std::uint64_t> failed_objects{0};  // failed, or not to be created
  std::atomic<std::uint64_t> dropped_bytes{0};   // of objects that had failed
  std::atomic<std::uint64_t> slowest_write{0};   // ns for one buffer, syncs included

  void written(std::uint64_t size, std::uint64_t nanoseconds) {
    bytes += size;
    auto slowest = slowest_write.load();
    while (nanoseconds > slowest && !slowest_write.compare_exchange_weak(slowest, nanoseconds)) {
    }
  }
};

}  // namespace rec::dirsink
