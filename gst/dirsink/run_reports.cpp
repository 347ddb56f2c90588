// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the lane of a run has to say becomes messages, events and numbers. On the lane's thread,
// except where run.cpp calls on_failed() itself.
#include "gst/dirsink/debug.h"
#include "gst/dirsink/run.h"

namespace rec::dirsink {
namespace {

constexpr Nanos kProbeInterval = GST_SECOND;
constexpr std::chrono::seconds kSlowWrite{1};

}  // namespace

void Run::on_claim(const ClaimResult& result) { outlet_->push_upstream(make_claim_result(result)); }

void Run::on_readback(const Readback& readback) { outlet_->push_upstream(make_readback(readback)); }

void Run::on_opened(const std::string& key, const std::string& path) {
  GST_DEBUG("%s is %s", key.c_str(), path.c_str());
  outlet_->post(opened_structure(key, path));
}

void Run::on_written(std::uint64_t bytes, std::chrono::nanoseconds took) {
  if (took > kSlowWrite)
    GST_WARNING("writing %" G_GUINT64_FORMAT " bytes to %s took %" GST_TIME_FORMAT, guint64{bytes},
                root_.c_str(), GST_TIME_ARGS(took.count()));
  stats_->written(bytes, static_cast<std::uint64_t>(took.count()));
}

void Run::on_dropped(std::uint64_t bytes) { stats_->dropped_bytes += bytes; }

void Run::on_stored(const StoredObject& object) {
  ++stats_->objects;
  outlet_->post(stored_structure(object));
}

void Run::on_failed(const FailedObject& object) {
  GST_WARNING("%s failed at %s: %s", object.key.c_str(), object.path.c_str(),
              reason_of(object).c_str());
  ++stats_->failed_objects;
  outlet_->post(failed_structure(object));
  if (object.begun)
    outlet_->push_upstream(make_object_failed({.key = object.key, .reason = reason_of(object)}));
}

void Run::on_full(const FullObject& object) {
  GST_WARNING("%s: %s: the object ends", object.path.c_str(), g_strerror(object.code));
  outlet_->post(full_structure(object));
  outlet_->push_upstream(make_object_full({.key = object.key}));
}

void Run::on_name_taken(const std::string& path) {
  const DiskTrouble trouble = disk_trouble(path, EEXIST);
  outlet_->post_error(trouble.code, trouble.text);
}

void Run::on_unusable(const std::string& path, int code) {
  const DiskTrouble trouble = disk_trouble(path, code);
  outlet_->post_warning(trouble.code,
                        trouble.text + " Recording begins when the directory takes data.");
}

void Run::on_bytes_failed(const std::string& path, int code) {
  bytes_failed_ = true;
  const DiskTrouble trouble = disk_trouble(path, code);
  outlet_->post_error(trouble.code, trouble.text);
  backlog_->wake();
}

void Run::probe_later() {
  const auto timers = Timers::get();
  if (!probe_alarm_)
    probe_alarm_ = timers->create_alarm([weak = weak_from_this()] {
      if (const auto run = weak.lock()) run->enqueue([](Run& r) { r.store_.probe(); });
    });
  probe_alarm_->ring_by(timers->now() + kProbeInterval);
}

}  // namespace rec::dirsink
