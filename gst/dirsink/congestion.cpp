// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/congestion.h"

#include "gst/common/object_stream.h"

namespace rec::dirsink {

void CongestionSignal::update(const Backlog& backlog) {
  std::unique_lock l(lock_);
  // Read under the lock: a number from before would put the signal on after the last job has gone.
  const std::uint64_t queued = backlog.load().bytes;
  wanted_ = wanted_ ? queued >= budget_ / 2 : queued >= budget_;
  if (telling_) return;
  // One teller at a time: an "off" of the lane must not overtake the "on" of the streaming thread.
  telling_ = true;
  while (told_ != wanted_) {
    told_ = wanted_;
    const Congestion congestion{.on = told_, .queued_bytes = backlog.load().bytes};
    l.unlock();
    outlet_->push_upstream(make_congestion(congestion));
    l.lock();
  }
  telling_ = false;
}

}  // namespace rec::dirsink
