// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the lane's side of dirsink has to say. Told on the lane's thread, with no lock held.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gst/common/object_stream.h"

namespace rec::dirsink {

struct StoredObject {
  std::string key;   // as the producer calls it
  std::string path;  // absolute
  std::uint64_t bytes = 0;
  bool whole = false;  // its last buffer has been seen
  GstClockTime start_utc = GST_CLOCK_TIME_NONE;
  GstClockTime end_utc = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
};

struct FailedObject {
  std::string key;
  std::string path;
  int code = 0;        // errno
  std::string reason;  // empty: the text of `code`
  // That are whole and stay in the file; 0: no file is left; nothing: not known yet.
  std::optional<std::uint64_t> bytes = 0;
  bool begun = false;  // the producer is sending it, so it must begin a new one
};

struct FullObject {
  std::string key;
  std::string path;
  int code = 0;             // errno
  std::uint64_t bytes = 0;  // so far
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_claim(const ClaimResult& result) = 0;
  virtual void on_readback(const Readback& readback) = 0;
  virtual void on_opened(const std::string& key, const std::string& path) = 0;
  virtual void on_written(std::uint64_t bytes, std::chrono::nanoseconds took) = 0;
  virtual void on_dropped(std::uint64_t bytes) = 0;  // of an object that has failed
  virtual void on_stored(const StoredObject& object) = 0;
  virtual void on_failed(const FailedObject& object) = 0;
  // The disk has room for the end of the object, and not much more.
  virtual void on_full(const FullObject& object) = 0;
  virtual void on_name_taken(const std::string& path) = 0;  // and `on-exists` is `error`
  // The store has never worked: no name could be taken at `path`.
  virtual void on_unusable(const std::string& path, int code) = 0;
  virtual void on_bytes_failed(const std::string& path, int code) = 0;  // plain byte stream
  virtual void probe_later() = 0;  // call Store::probe() in a second
};

}  // namespace rec::dirsink
