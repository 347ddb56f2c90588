// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_cache.h"

#include <algorithm>

namespace rec::objstore {
namespace {

using std::chrono::seconds;

// The SDKs renew 15 minutes before the end. Credentials of 15 minutes have half of it to go.
constexpr seconds kAdvance = std::chrono::minutes(15);
constexpr seconds kShortestInterval{5};
// What comes expired is used all the same: the metadata service hands out such credentials when it
// is short of new ones, and they are accepted then; or it is this machine's clock that is wrong.
constexpr seconds kExtension = std::chrono::minutes(15);
constexpr seconds kLongestPause{60};

seconds renew_in(seconds lifetime) {
  return std::max(kShortestInterval, std::max(lifetime - kAdvance, lifetime / 2));
}

seconds pause_after(unsigned failures) {
  return std::min(kLongestPause, seconds(1LL << std::min(failures - 1, 6U)));
}

}  // namespace

std::shared_ptr<CredentialCache> CredentialCache::create(Fetch fetch, Run run,
                                                         const ServerClock& server,
                                                         const Clock& clock) {
  return std::shared_ptr<CredentialCache>(
      new CredentialCache(std::move(fetch), std::move(run), server, clock));
}

CredentialCache::CredentialCache(Fetch fetch, Run run, const ServerClock& server,
                                 const Clock& clock)
    : fetch_(std::move(fetch)), run_(std::move(run)), server_(server), clock_(clock) {}

std::shared_ptr<const Credentials> CredentialCache::current() {
  std::unique_lock l(lock_);
  auto usable = expired_locked() || refused_ ? nullptr : credentials_;
  const bool begin = !fetching_ && is_time_locked();
  if (begin) fetching_ = true;
  l.unlock();
  if (begin) run_([self = shared_from_this()] { self->work(); });
  if (usable || !begin) return usable;
  l.lock();  // the background may have been quick
  return expired_locked() || refused_ ? nullptr : credentials_;
}

std::optional<Error> CredentialCache::error() const {
  const std::lock_guard l(lock_);
  return error_;
}

void CredentialCache::renew(const Credentials& refused) {
  std::unique_lock l(lock_);
  if (!credentials_ || *credentials_ != refused) return;
  refused_ = true;
  if (fetching_) return;
  fetching_ = true;
  l.unlock();
  run_([self = shared_from_this()] { self->work(); });
}

std::shared_ptr<CredentialCache::Listener> CredentialCache::subscribe(Listener listener) {
  auto subscription = std::make_shared<Listener>(std::move(listener));
  const std::lock_guard l(lock_);
  std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
  listeners_.push_back(subscription);
  return subscription;
}

void CredentialCache::work() {
  auto result = fetch_();
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    const std::lock_guard l(lock_);
    finished_locked(std::move(result));
    for (const auto& weak : listeners_)
      if (auto listener = weak.lock()) listeners.push_back(std::move(listener));
  }
  for (const auto& listener : listeners) (*listener)();
}

void CredentialCache::finished_locked(Result<Credentials> result) {
  fetching_ = false;
  next_.reset();
  const auto now = clock_.monotonic();
  // What was refused and comes again is no news.
  if (result && refused_ && credentials_ && result.value() == *credentials_)
    result = Error{Error::Kind::kDenied,
                   "The service refuses the credentials of " + credentials_->source +
                       " as expired, and there are no others",
                   "Renew them at their source"};
  if (!result) {
    next_ = now + pause_after(++failures_);
    if (!credentials_ || refused_ || expired_locked()) error_ = result.error();
    return;
  }
  failures_ = 0;
  refused_ = false;
  error_.reset();
  credentials_ = std::make_shared<const Credentials>(std::move(result.value()));
  expires_at_.reset();
  if (!credentials_->expires) return;
  auto lifetime = *credentials_->expires - server_.now();
  if (lifetime <= seconds(0)) lifetime = kExtension;
  expires_at_ = now + lifetime;
  next_ = now + renew_in(lifetime);
}

bool CredentialCache::expired_locked() const {
  return !credentials_ || (expires_at_ && *expires_at_ <= clock_.monotonic());
}

bool CredentialCache::is_time_locked() const {
  if (next_) return clock_.monotonic() >= *next_;
  return !credentials_;
}

}  // namespace rec::objstore
