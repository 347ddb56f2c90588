// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Monotonic time and alarms for the elements of one plugin: one thread for all of them. It never
// runs a callback itself but hands it to a GLib pool, so that a callback that blocks (a push into a
// paused filesink) stops nobody else's alarms. Not GstSystemClock's thread, which has that fault.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace rec {

using Nanos = std::int64_t;  // of the monotonic clock

class Alarm;

class Timers {
 public:
  virtual ~Timers() = default;
  virtual Nanos now() const = 0;
  // `callback` must own what it uses (a GWeakRef, a shared_ptr): it may run, once, after the Alarm
  // is gone. It runs on a pool thread.
  virtual std::unique_ptr<Alarm> create_alarm(std::function<void()> callback) = 0;
  // Runs `job` soon on a pool thread.
  virtual void run_soon(std::function<void()> job) = 0;

  // The plugin's timers. The thread lives as long as somebody holds them.
  static std::shared_ptr<Timers> get();
  // What get() returns from now on; nullptr: the real ones. For tests that drive the time.
  static void replace_for_tests(std::shared_ptr<Timers> timers);
};

class Alarm {
 public:
  virtual ~Alarm() = default;          // cancels
  virtual void ring_by(Nanos at) = 0;  // rings at `at`, or earlier if it was asked to before
  virtual void cancel() = 0;
};

}  // namespace rec
