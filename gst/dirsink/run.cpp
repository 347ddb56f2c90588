// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The streaming and state-change threads' side of a run; what the lane reports is in
// run_reports.cpp.
#include "gst/dirsink/run.h"

#include <cerrno>
#include <utility>

namespace rec::dirsink {
namespace {

constexpr std::uint64_t kMaxQueuedBytes = 4ULL << 20;  // of a plain byte stream, then it waits

// Absolute, without "." and "..", without a slash at its end.
std::string canonical(const std::string& path) {
  char* name = g_canonicalize_filename(path.c_str(), nullptr);
  std::string result = name;
  g_free(name);
  return result;
}

using SharedBuffer = std::shared_ptr<GstBuffer>;  // jobs are copyable, Ref is not
SharedBuffer shared(Ref<GstBuffer> buffer) {
  return SharedBuffer(buffer.release(), [](GstBuffer* b) { gst_buffer_unref(b); });
}

}  // namespace

std::shared_ptr<Run> Run::start(const Settings& settings, GstElement* element) {
  const Place place{.ops = file_ops(),
                    .root = canonical(settings.root),
                    .durability = settings.durability,
                    .on_exists = settings.on_exists};
  return std::shared_ptr<Run>(new Run(settings, element, place));
}

Run::Run(const Settings& settings, GstElement* element, const Place& place)
    : settings_(settings),
      root_(place.root),
      outlet_(std::make_shared<Outlet>(element)),
      congestion_(std::make_shared<CongestionSignal>(settings.max_queued_bytes, outlet_)),
      backlog_(std::make_shared<Backlog>(
          Lane::of(settings.location.starts_with('/') ? parent_of(canonical(settings.location))
                                                      : place.root),
          [congestion = congestion_](const Backlog& backlog) { congestion->update(backlog); })),
      store_(place, *this),
      byte_stream_(place, settings.location, *this) {}

void Run::enqueue(std::function<void(Run&)> job, std::string key, std::uint64_t bytes) {
  backlog_->append({.key = std::move(key),
                    .bytes = bytes,
                    .run = [self = shared_from_this(), job = std::move(job)] { job(*self); }});
}

void Run::expect_objects() {
  has_objects_ = true;
  outlet_->push_upstream(
      make_capabilities({.rewrite = true, .rewrite_below = G_MAXUINT64, .read_back = true}));
}

void Run::claim(const std::string& key) {
  has_objects_ = true;
  enqueue([key](Run& run) { run.store_.claim(key); });
}

void Run::read(const std::string& key) {
  has_objects_ = true;
  enqueue([key](Run& run) { run.store_.read(key); });
}

GstFlowReturn Run::buffer(Ref<GstBuffer> buffer) {
  if (!accepting_) return GST_FLOW_FLUSHING;
  if (auto info = object_info(buffer.get())) {
    has_objects_ = true;
    return object(std::move(buffer), std::move(*info));
  }
  if (!has_objects_) return bytes(std::move(buffer));
  if (!std::exchange(told_lost_meta_, true))
    outlet_->post_warning(GST_RESOURCE_ERROR_FAILED,
                          "A buffer of an object stream says nothing about its object and was "
                          "dropped. Remove the element before dirsink that drops the metas.");
  stats_->dropped_bytes += gst_buffer_get_size(buffer.get());
  return GST_FLOW_OK;
}

GstFlowReturn Run::object(Ref<GstBuffer> buffer, ObjectInfo info) {
  const std::uint64_t size = gst_buffer_get_size(buffer.get());
  if (info.begin || info.replace) overflowed_.erase(info.key);
  if (overflowed_.contains(info.key) || !make_room(info, size)) {
    stats_->dropped_bytes += size;
    if (info.end) overflowed_.erase(info.key);
    return GST_FLOW_OK;
  }
  if (info.begin) open_.insert(info.key);
  if (info.end) open_.erase(info.key);
  const std::string key = info.key;
  enqueue(
      [info = std::move(info), buffer = shared(std::move(buffer))](Run& run) {
        const ReadMap map(buffer.get());
        if (map) return run.store_.unit(info, map.bytes());
        run.store_.give_up(info.key);
        run.on_failed({.key = info.key,
                       .path = run.root_ + "/" + info.key,
                       .code = EIO,
                       .reason = "A buffer could not be mapped",
                       .bytes = std::nullopt,
                       .begun = true});
      },
      key, size);
  congestion_->update(*backlog_);
  return GST_FLOW_OK;
}

// A producer that ignores record-congestion loses what it has queued, not the process its memory.
bool Run::make_room(const ObjectInfo& info, std::uint64_t size) {
  const auto fits = [&] {
    const std::uint64_t queued = backlog_->load().bytes;
    return queued == 0 || queued + size <= 2 * settings_.max_queued_bytes;
  };
  if (fits()) return true;
  for (const auto& key : std::exchange(open_, {})) {
    overflowed_.insert(key);
    give_up(key);
  }
  congestion_->update(*backlog_);
  if (overflowed_.contains(info.key)) return false;
  if (fits()) return true;
  // Objects that have ended fill the queue: they are whole, so this one gives way.
  if (info.begin && !info.end) overflowed_.insert(info.key);
  give_up(info.key);
  return false;
}

// Says so at once, because the lane may hang; the file is for the lane to close.
void Run::give_up(const std::string& key) {
  backlog_->discard(key);
  enqueue([key](Run& run) { run.store_.give_up(key); });
  on_failed({.key = key,
             .path = root_ + "/" + key,
             .code = ENOBUFS,
             .reason = "queue full",
             .bytes = std::nullopt,
             .begun = true});
}

GstFlowReturn Run::bytes(Ref<GstBuffer> buffer) {
  if (settings_.location.empty()) {
    outlet_->post_error(GST_RESOURCE_ERROR_SETTINGS,
                        "This stream is not an object stream, so it needs a file name: set the "
                        "\"location\" property.");
    return GST_FLOW_ERROR;
  }
  backlog_->wait([this](const Backlog::Load& load) {
    return load.bytes <= kMaxQueuedBytes || !accepting_ || flushing_ || bytes_failed_;
  });
  if (bytes_failed_) return GST_FLOW_ERROR;  // posted by the lane
  if (!accepting_ || flushing_) return GST_FLOW_FLUSHING;
  const std::uint64_t size = gst_buffer_get_size(buffer.get());
  const std::uint64_t offset = position_.fetch_add(size);
  enqueue(
      [offset, buffer = shared(std::move(buffer))](Run& run) {
        const ReadMap map(buffer.get());
        if (map)
          run.byte_stream_.write(offset, map.bytes());
        else
          run.on_bytes_failed(run.settings_.location, EIO);
      },
      {}, size);
  return GST_FLOW_OK;
}

void Run::end_of_stream(guint32 seqnum) {
  open_.clear();
  overflowed_.clear();
  enqueue([seqnum](Run& run) {
    run.store_.finish();
    run.byte_stream_.close(/*whole=*/true);
    // Whoever has posted an error does not say that all went well.
    if (!run.bytes_failed_) run.outlet_->post_eos(seqnum);
  });
  eos_seen_ = true;  // after the job: stop() may go on now
  backlog_->wake();
}

void Run::flush(bool flushing) {
  flushing_ = flushing;
  if (!flushing) eos_seen_ = false;
  backlog_->wake();
}

void Run::stop() {
  const auto deadline =
      Backlog::Clock::now() + std::chrono::nanoseconds(settings_.shutdown_timeout);
  bool eos_missing = false;
  if (has_objects_ && !eos_seen_ && outlet_->push_upstream(make_finish()))
    eos_missing =
        !backlog_->wait(deadline, [this](const Backlog::Load&) { return eos_seen_.load(); });
  accepting_ = false;
  backlog_->wake();
  enqueue([](Run& run) {
    run.store_.close();
    run.byte_stream_.close(/*whole=*/false);
    run.probe_alarm_.reset();
  });
  backlog_->wait(deadline, [](const Backlog::Load& load) { return load.jobs == 0; });
  warn_about_leftovers(eos_missing);
  outlet_->close();
}

void Run::warn_about_leftovers(bool eos_missing) {
  const Backlog::Load load = backlog_->load();
  if (load.jobs == 0 && !eos_missing) return;
  std::string text = "Stopping took longer than shutdown-timeout";
  if (eos_missing) text += ": the producer did not end the stream";
  if (load.jobs != 0)
    text += ": " + std::to_string(load.bytes) + " bytes in " + std::to_string(load.jobs) +
            " jobs were still queued for \"" + root_ +
            "\"; they are written if the disk answers before this process ends";
  outlet_->post_warning(GST_RESOURCE_ERROR_WRITE, text + ".");
}

}  // namespace rec::dirsink
