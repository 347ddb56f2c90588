// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/retry.h"

#include <algorithm>
#include <cmath>

namespace rec::objstore {
namespace {

constexpr unsigned kIntegrityRetries = 3;
constexpr double kDecrease = 0.7;  // beta and C of CUBIC, as in the adaptive mode of the AWS SDKs
constexpr double kGrowth = 0.4;
// Complaints of requests that were under way together are one complaint.
constexpr std::chrono::milliseconds kOneComplaint{500};

}  // namespace

bool RetryBudget::take(int cost) {
  const std::lock_guard l(lock_);
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryBudget::succeeded() {
  const std::lock_guard l(lock_);
  tokens_ = std::min(tokens_ + 1, kCapacity);
}

unsigned ConcurrencyLimit::current() const {
  const std::lock_guard l(lock_);
  return static_cast<unsigned>(at(clock_.monotonic()));
}

void ConcurrencyLimit::throttled() {
  const std::lock_guard l(lock_);
  const auto now = clock_.monotonic();
  if (throttled_at_ && now - *throttled_at_ < kOneComplaint) return;
  before_ = at(now);
  throttled_at_ = now;
}

double ConcurrencyLimit::at(Monotonic now) const {
  if (!throttled_at_) return maximum_;
  const double seconds = std::chrono::duration<double>(now - *throttled_at_).count();
  const double inflection = std::cbrt(before_ * (1 - kDecrease) / kGrowth);
  const double limit = kGrowth * std::pow(seconds - inflection, 3) + before_;
  return std::clamp(limit, 1.0, static_cast<double>(maximum_));
}

Retry::Retry(Settings settings, RetryBudget& budget, Random random, Monotonic deadline)
    : settings_(settings), budget_(budget), random_(std::move(random)), deadline_(deadline) {}

RetryDecision Retry::failed(const Failure& failure, Monotonic now) {
  using Action = RetryDecision::Action;
  ++attempts_;
  in_a_row_ = last_ == failure.kind ? in_a_row_ + 1 : 1;
  last_ = failure.kind;
  if (now >= deadline_) return {};
  switch (failure.kind) {
    case FailureClass::kTransient:
    case FailureClass::kThrottle: return wait(failure, now);
    case FailureClass::kIntegrity:
      return in_a_row_ > kIntegrityRetries ? RetryDecision{} : wait(failure, now);
    case FailureClass::kClock: return once(Action::kResign, 2);
    case FailureClass::kAuth: return once(Action::kRefresh, 1);
    case FailureClass::kRegion: return once(Action::kRedirect, 1);
    case FailureClass::kNotImplemented: return once(Action::kDropChecksum, 1);
    default: return {};
  }
}

void Retry::succeeded() { budget_.succeeded(); }

RetryDecision Retry::once(RetryDecision::Action action, unsigned times) {
  return in_a_row_ > times ? RetryDecision{} : RetryDecision{action, {}};
}

RetryDecision Retry::wait(const Failure& failure, Monotonic now) {
  const bool throttled = failure.kind == FailureClass::kThrottle;
  const double longest = static_cast<double>(settings_.longest.count());
  const double base =
      static_cast<double>((throttled ? settings_.throttled_base : settings_.base).count());
  const double random = random_();
  // Full jitter: uploads that failed together do not come back together.
  double delay =
      random * std::min(std::ldexp(base, static_cast<int>(std::min(waits_, 30U))), longest);
  ++waits_;
  if (!budget_.take(failure.timed_out ? RetryBudget::kTimeoutCost : RetryBudget::kRetryCost))
    delay = (0.5 + random / 2) * longest;
  auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(delay));
  if (failure.retry_after) wait = std::max(wait, *failure.retry_after);
  // The last attempt is made at the deadline, rather than none.
  wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now));
  return {RetryDecision::Action::kWait, wait};
}

}  // namespace rec::objstore
