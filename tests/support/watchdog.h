// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ends a test that hangs or crashes, with the stacks of all its threads on stderr.
#pragma once

#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace rec::test {

class Watchdog {
 public:
  // One of the threads that are watched. It beats as long as it gets on.
  class Heart {
   public:
    explicit Heart(std::string thread) : name(std::move(thread)) {}
    void beat() { ++beats; }
    void stop() { beats = kStopped; }

   private:
    friend class Watchdog;
    static constexpr unsigned kStopped = ~0u;
    const std::string name;
    std::atomic<unsigned> beats = 0;
    unsigned seen = 0;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  explicit Watchdog(std::chrono::seconds patience) : patience_(patience) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGTRAP})
      std::signal(signal, [](int) { bark("a thread that crashed"); });
  }
  ~Watchdog() {
    {
      std::lock_guard l(lock_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  Heart& add(const std::string& thread) {
    std::lock_guard l(lock_);
    return hearts_.emplace_back(thread);
  }

 private:
  void run() {
    std::unique_lock l(lock_);
    while (!changed_.wait_for(l, std::chrono::seconds(1), [this] { return stopping_; }))
      for (Heart& heart : hearts_) examine(heart);
  }
  void examine(Heart& heart) {
    const unsigned beats = heart.beats;
    const auto now = std::chrono::steady_clock::now();
    if (beats == Heart::kStopped || beats != heart.seen) {
      heart.seen = beats;
      heart.since = now;
    } else if (now - heart.since > patience_) {
      bark(heart.name);
    }
  }
  [[noreturn]] static void bark(const std::string& name) {
    std::signal(SIGSEGV, SIG_DFL);
    std::fprintf(stderr, "\nWATCHDOG: \"%s\" does not get on. All stacks:\n", name.c_str());
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const std::string command = "gdb -p " + std::to_string(getpid()) +
                                " -batch -ex 'set pagination off' -ex 'thread apply all bt' >&2";
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "(gdb is not installed)\n");
    std::abort();
  }

  const std::chrono::seconds patience_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Heart> hearts_;
  bool stopping_ = false;
  std::thread thread_{[this] { run(); }};  // last: it uses the others
};

}  // namespace rec::test
