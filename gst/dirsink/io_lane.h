// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where dirsink's disk I/O happens: one queue per root directory for the whole process, worked off
// by at most one thread of a shared pool at a time. A mount that hangs stalls its own lane only, a
// lane without work has no thread, and however many recordings there are, none adds one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace rec::dirsink {

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  // The lane of an absolute path. It lives as long as somebody holds it or it has work.
  static std::shared_ptr<Lane> of(const std::string& root);

  // Any thread. Jobs run in order, one at a time; a job owns what it uses and may append.
  void append(std::function<void()> job);

 private:
  void work();

  std::mutex lock_;
  std::deque<std::function<void()>> jobs_;
  bool busy_ = false;  // a pool thread is in work(), or on its way there
};

}  // namespace rec::dirsink
