// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether and when to try again. A recording cannot be repeated: a request is retried until its
// deadline, not a number of times, and what is bounded is how often all uploads together ask.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "lib/objstore/clock.h"
#include "lib/objstore/failure.h"

namespace rec::objstore {

// Tokens for quick retries, shared by all uploads of the process; successes give them back. Without
// tokens a retry waits about the longest delay, so an outage is not met with a storm.
class RetryBudget {  // any thread
 public:
  static constexpr int kCapacity = 500;
  static constexpr int kRetryCost = 5;
  static constexpr int kTimeoutCost = 10;
  bool take(int cost);
  void succeeded();

 private:
  std::mutex lock_;
  int tokens_ = kCapacity;
};

// How many requests may be under way to one store. A store that says "slow down" gets 0.7 of what
// it had, and then more again along a cubic curve: quickly back to near where it complained,
// carefully past it.
class ConcurrencyLimit {  // any thread
 public:
  ConcurrencyLimit(unsigned maximum, const Clock& clock) : maximum_(maximum), clock_(clock) {}
  unsigned current() const;  // 1 to the maximum
  void throttled();

 private:
  double at(Monotonic now) const;

  const unsigned maximum_;
  const Clock& clock_;
  mutable std::mutex lock_;
  std::optional<Monotonic> throttled_at_;
  double before_ = 0;  // the limit when the store complained
};

struct RetryDecision {
  enum class Action {
    kWait,          // for `delay`, then the same again
    kResign,        // at once
    kRefresh,       // get new credentials, then again
    kRedirect,      // to the failure's region, or ask for the bucket's if it names none
    kDropChecksum,  // at once, without checksum headers
    kGiveUp
  };
  Action action = Action::kGiveUp;
  std::chrono::milliseconds delay{0};
};

// The attempts of one request.
class Retry {  // one thread
 public:
  using Random = std::function<double()>;  // 0 <= x < 1
  struct Settings {
    std::chrono::milliseconds base{50};
    std::chrono::milliseconds throttled_base{1000};
    std::chrono::milliseconds longest{20'000};
  };
  Retry(Settings settings, RetryBudget& budget, Random random, Monotonic deadline);

  RetryDecision failed(const Failure& failure, Monotonic now);
  void succeeded();
  unsigned attempts() const { return attempts_; }  // that have failed

 private:
  RetryDecision once(RetryDecision::Action action, unsigned times);
  RetryDecision wait(const Failure& failure, Monotonic now);

  const Settings settings_;
  RetryBudget& budget_;
  const Random random_;
  const Monotonic deadline_;
  unsigned attempts_ = 0;
  unsigned waits_ = 0;  // exponent of the delay
  // Attempts of one kind in a row: what has not helped twice will not help.
  std::optional<FailureClass> last_;
  unsigned in_a_row_ = 0;
};

}  // namespace rec::objstore
