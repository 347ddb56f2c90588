// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One operation on a store, tried until it has succeeded, cannot succeed, or its time is up: signed
// with the credentials and the clock of the moment, sent where the bucket is.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/objstore/credential_cache.h"
#include "lib/objstore/retry.h"
#include "lib/objstore/scheduler.h"
#include "lib/objstore/store_service.h"

namespace rec::objstore {

struct StoreRequest {
  std::string method = "GET";
  std::string key;  // empty: the bucket
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  Headers checksums;  // headers too; left out for good once the store does not know them
  Body body;
  std::string payload_sha256;  // empty: unsigned
  bool expect_continue = false;
  std::chrono::milliseconds stall_timeout{30'000};
  // Of a 2xx: the error that it carries all the same, if it does. May be null.
  std::function<std::optional<ServiceError>(const HttpAnswer&)> error_in_success;
};

using StoreResult = std::variant<HttpAnswer, Failure>;

struct StoreHandlers {
  // Once, on the transport's or a background thread, with no lock held.
  std::function<void(StoreResult)> done;
  // Before each wait. May be null.
  std::function<void(const Failure&, std::chrono::milliseconds delay)> retrying;
};

// What all calls to one bucket share. Everything that it refers to must live as long as `owner`.
struct StoreContext {
  StoreService& service;
  Transport& transport;
  Scheduler& scheduler;
  std::shared_ptr<CredentialCache> credentials;
  RetryBudget& budget;
  ConcurrencyLimit& concurrency;
  ServerClock& server_clock;
  const Clock& clock;
  Retry::Random random;
  std::shared_ptr<const void> owner = nullptr;
};

class StoreCalls : public std::enable_shared_from_this<StoreCalls> {  // any thread
 public:
  class Call;
  static std::shared_ptr<StoreCalls> create(StoreContext context);

  // The call goes on without the returned object, which can cancel it.
  std::shared_ptr<Call> start(StoreRequest request, Monotonic deadline, StoreHandlers handlers);
  static void cancel(Call& call);

  bool sends_checksums() const { return send_checksums_; }

 private:
  explicit StoreCalls(StoreContext context) : context_(std::move(context)) {}
  void enter(std::shared_ptr<Call> call);  // now, or when fewer are under way
  void leave();
  bool remove(const Call& call);  // that waits to enter

  const StoreContext context_;
  std::atomic<bool> send_checksums_{true};
  std::mutex lock_;
  unsigned under_way_ = 0;
  std::deque<std::shared_ptr<Call>> waiting_;
};

}  // namespace rec::objstore
