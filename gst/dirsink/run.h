// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One run of a dirsink, from READY->PAUSED to PAUSED->READY: the streaming thread hands jobs to
// the lane, the lane reports back. Jobs hold the run, so it outlives a state change, and even the
// element, when the disk hangs.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gst/common/handles.h"
#include "gst/common/object_stream.h"
#include "gst/common/timers.h"
#include "gst/dirsink/backlog.h"
#include "gst/dirsink/byte_stream.h"
#include "gst/dirsink/congestion.h"
#include "gst/dirsink/listener.h"
#include "gst/dirsink/outlet.h"
#include "gst/dirsink/settings.h"
#include "gst/dirsink/stats.h"
#include "gst/dirsink/store.h"

namespace rec::dirsink {

class Run final : public Listener, public std::enable_shared_from_this<Run> {
 public:
  // `settings` have been checked. No I/O.
  static std::shared_ptr<Run> start(const Settings& settings, GstElement* element);

  // Streaming thread.
  void expect_objects();  // the caps are those of an object stream
  GstFlowReturn buffer(Ref<GstBuffer> buffer);
  void claim(const std::string& key);
  void read(const std::string& key);
  void seek(std::uint64_t offset) { position_ = offset; }
  void end_of_stream(guint32 seqnum);
  void flush(bool flushing);  // application or streaming thread

  std::uint64_t position() const { return position_; }  // bytes; any thread

  // State-change thread, while the pad still takes data. Asks the producer to finish, waits for
  // the disk, gives up after the shutdown timeout.
  void stop();

  const std::shared_ptr<Stats>& stats() const { return stats_; }
  std::uint64_t queued_bytes() const { return backlog_->load().bytes; }

 private:
  Run(const Settings& settings, GstElement* element, const Place& place);

  void enqueue(std::function<void(Run&)> job, std::string key = {}, std::uint64_t bytes = 0);
  GstFlowReturn object(Ref<GstBuffer> buffer, ObjectInfo info);
  GstFlowReturn bytes(Ref<GstBuffer> buffer);
  bool make_room(const ObjectInfo& info, std::uint64_t size);
  void give_up(const std::string& key);
  void warn_about_leftovers(bool eos_missing);

  // Listener; on the lane.
  void on_claim(const ClaimResult& result) override;
  void on_readback(const Readback& readback) override;
  void on_opened(const std::string& key, const std::string& path) override;
  void on_written(std::uint64_t bytes, std::chrono::nanoseconds took) override;
  void on_dropped(std::uint64_t bytes) override;
  void on_stored(const StoredObject& object) override;
  void on_failed(const FailedObject& object) override;
  void on_full(const FullObject& object) override;
  void on_name_taken(const std::string& path) override;
  void on_unusable(const std::string& path, int code) override;
  void on_bytes_failed(const std::string& path, int code) override;
  void probe_later() override;

  const Settings settings_;
  const std::string root_;  // absolute
  const std::shared_ptr<Outlet> outlet_;
  const std::shared_ptr<Stats> stats_ = std::make_shared<Stats>();
  const std::shared_ptr<CongestionSignal> congestion_;
  const std::shared_ptr<Backlog> backlog_;

  // Flags that waits look at: after a change, backlog_->wake().
  std::atomic<bool> accepting_{true};
  std::atomic<bool> flushing_{false};
  std::atomic<bool> bytes_failed_{false};
  std::atomic<bool> eos_seen_{false};
  std::atomic<bool> has_objects_{false};    // an object stream has begun
  std::atomic<std::uint64_t> position_{0};  // of the next plain byte

  // Streaming thread.
  std::set<std::string> open_;        // keys between begin and end
  std::set<std::string> overflowed_;  // given up while the producer goes on sending them
  bool told_lost_meta_ = false;

  // Lane.
  Store store_;
  ByteStream byte_stream_;
  std::unique_ptr<Alarm> probe_alarm_;
};

}  // namespace rec::dirsink
