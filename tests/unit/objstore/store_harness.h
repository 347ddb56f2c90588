// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A store whose answers, clock and credentials are the test's.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lib/objstore/store_call.h"
#include "tests/unit/objstore/fakes.h"
#include "tests/unit/objstore/test_clock.h"

namespace rec::objstore {

// Runs a job when the clock has come to its time; moves the clock there.
class TestScheduler : public Scheduler {  // one thread
 public:
  explicit TestScheduler(TestClock& clock) : clock_(clock) {}
  void after(std::chrono::milliseconds delay, std::function<void()> job) override {
    jobs_.emplace(clock_.monotonic() + delay, std::move(job));
  }
  bool run_next() {
    if (jobs_.empty()) return false;
    const auto due = jobs_.begin()->first;
    const auto job = std::move(jobs_.begin()->second);
    jobs_.erase(jobs_.begin());
    if (due > clock_.monotonic()) clock_.advance(due - clock_.monotonic());
    job();
    return true;
  }
  void run() {
    while (run_next()) continue;
  }
  std::size_t waiting() const { return jobs_.size(); }

 private:
  TestClock& clock_;
  std::multimap<Monotonic, std::function<void()>> jobs_;
};

// Answers when the test says so.
class HeldTransport : public Transport {  // one thread
 public:
  struct Held {
    HttpRequest request;
    Done done;
  };
  std::map<Id, Held> held;
  std::vector<Id> cancelled;

  Id start(HttpRequest request, Done done) override {
    held.emplace(++last_, Held{std::move(request), std::move(done)});
    return last_;
  }
  void cancel(Id id) override {
    cancelled.push_back(id);
    answer(id, TransportError{TransportError::Kind::kCancelled, "Cancelled"});
  }
  void answer(Id id, HttpResult result) {
    const auto place = held.find(id);
    if (place == held.end()) return;
    const auto done = std::move(place->second.done);
    held.erase(place);
    done(std::move(result));
  }

 private:
  Id last_ = 0;
};

inline S3Settings test_settings(const std::string& endpoint) {
  S3Settings out;
  out.bucket = "rec";
  out.endpoint = parse_endpoint(endpoint, "rec").value();
  out.region = "us-east-1";
  return out;
}

struct StoreHarness : testing::Test {
  // The credentials that the next fetch gives.
  Result<Credentials> next_credentials = Credentials{"AKID1", Secret("s"), Secret(), {}, "a test"};
  std::deque<std::function<void()>> background;
  int fetches = 0;

  TestClock clock;
  ServerClock server_clock{clock};
  TestScheduler scheduler{clock};
  RetryBudget budget;
  ConcurrencyLimit concurrency{4, clock};
  std::shared_ptr<CredentialCache> credentials = CredentialCache::create(
      [this] {
        ++fetches;
        return next_credentials;
      },
      [this](std::function<void()> job) {
        if (hold_background)
          background.push_back(std::move(job));
        else
          job();
      },
      server_clock, clock);
  bool hold_background = false;
  S3Service service{test_settings("https://s3.us-east-1.amazonaws.com"), "", true};

  std::shared_ptr<StoreCalls> make_calls(Transport& transport) {
    return StoreCalls::create({service, transport, scheduler, credentials, budget, concurrency,
                               server_clock, clock, [] { return 0.5; }});
  }

  // What came of the calls.
  std::vector<StoreResult> results;
  std::vector<std::chrono::milliseconds> delays;
  std::vector<Failure> retried;
  StoreHandlers handlers() {
    return {[this](StoreResult result) { results.push_back(std::move(result)); },
            [this](const Failure& failure, std::chrono::milliseconds delay) {
              retried.push_back(failure);
              delays.push_back(delay);
            }};
  }
  int status(std::size_t index = 0) const {
    if (index >= results.size()) return -1;
    const auto* const answer = std::get_if<HttpAnswer>(&results[index]);
    return answer ? answer->status : 0;
  }
  Failure failure(std::size_t index = 0) const {
    const auto* const found =
        index < results.size() ? std::get_if<Failure>(&results[index]) : nullptr;
    EXPECT_NE(found, nullptr);
    return found ? *found : Failure{};
  }
};

}  // namespace rec::objstore
