// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tells the producer when the disk falls behind and when it has caught up.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "gst/dirsink/backlog.h"
#include "gst/dirsink/outlet.h"

namespace rec::dirsink {

class CongestionSignal {
 public:
  // On at `budget` queued bytes, off again below half of it.
  CongestionSignal(std::uint64_t budget, std::shared_ptr<Outlet> outlet)
      : budget_(budget), outlet_(std::move(outlet)) {}

  // Streaming thread and lane; no lock may be held.
  void update(const Backlog& backlog);

 private:
  const std::uint64_t budget_;
  const std::shared_ptr<Outlet> outlet_;
  std::mutex lock_;  // before the backlog's
  bool wanted_ = false;
  bool told_ = false;
  bool telling_ = false;  // some thread is: what changes meanwhile is for it to tell
};

}  // namespace rec::dirsink
