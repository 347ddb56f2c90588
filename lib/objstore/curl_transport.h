// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All requests of the process on one thread, over connections that are kept open; and what is to be
// done later.
#pragma once

#include <memory>

#include "lib/objstore/http.h"
#include "lib/objstore/scheduler.h"

namespace rec::objstore {

class CurlTransport : public Transport, public Scheduler {
 public:
  // The one of the process. Its thread and connections end with the last holder.
  static std::shared_ptr<CurlTransport> shared();

  CurlTransport();
  // Cancels what is under way. Waits for the thread, unless it is the thread itself that lets go.
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Id start(HttpRequest request, Done done) override;
  void cancel(Id id) override;
  void after(std::chrono::milliseconds delay, std::function<void()> job) override;

 private:
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace rec::objstore
