// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/store_call.h"

#include <algorithm>

#include "lib/objstore/endpoint.h"

namespace rec::objstore {
namespace {

// Credentials are awaited by subscription; this is for the attempts that the cache makes when
// asked.
constexpr std::chrono::milliseconds kCredentialsPause{1000};

Failure of_credentials(const std::optional<Error>& error) {
  Failure out;
  const bool hopeless = error && error->kind == Error::Kind::kInvalidSetting;
  out.kind = hopeless ? FailureClass::kFatal : FailureClass::kTransient;
  out.transport = error ? error->what : "There are no credentials yet";
  return out;
}

Failure cancelled() {
  return failure_of(TransportError{TransportError::Kind::kCancelled, "Cancelled"});
}

}  // namespace

// One step at a time: whoever finishes a step starts the next one. Only cancel() comes in between.
class StoreCalls::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<StoreCalls> calls, StoreRequest request, Monotonic deadline,
       StoreHandlers handlers)
      : calls_(std::move(calls)),
        request_(std::move(request)),
        handlers_(std::move(handlers)),
        deadline_(deadline),
        retry_({}, calls_->context_.budget, calls_->context_.random, deadline) {}

  void attempt();  // with a place among those under way
  void cancel();

 private:
  const StoreContext& context() const { return calls_->context_; }
  HttpRequest make() const;
  void send();
  std::optional<Failure> failure_in(const HttpResult& result) const;
  void answered(HttpResult result);
  void failed(const Failure& failure);
  void locate(const Failure& failure);
  unsigned begin_wait();
  void wait(std::chrono::milliseconds delay);
  void wait_for_credentials();
  void resume(unsigned wait);
  void again() { calls_->enter(shared_from_this()); }
  void finish(StoreResult result);
  bool is_cancelled();

  const std::shared_ptr<StoreCalls> calls_;
  const StoreRequest request_;
  StoreHandlers handlers_;
  const Monotonic deadline_;
  Retry retry_;
  std::shared_ptr<const Credentials> used_;  // by the attempt under way
  bool sent_checksums_ = false;              // in the attempt under way
  std::shared_ptr<CredentialCache::Listener> subscription_;
  bool reported_ = false;  // that there are no credentials, since the last attempt

  std::mutex lock_;
  bool cancelled_ = false;
  Transport::Id sending_ = 0;  // 0: nothing is being sent
  bool waiting_ = false;
  unsigned wait_ = 0;  // which wait it is: an earlier one's alarm means nothing
};

bool StoreCalls::Call::is_cancelled() {
  const std::lock_guard l(lock_);
  return cancelled_;
}

void StoreCalls::Call::attempt() {
  if (is_cancelled()) {
    calls_->leave();
    return finish(cancelled());
  }
  used_ = context().credentials->current();
  if (used_) return send();
  calls_->leave();
  wait_for_credentials();
}

HttpRequest StoreCalls::Call::make() const {
  auto out = context().service.request(request_.method, request_.key);
  out.query = request_.query;
  out.headers = request_.headers;
  if (sent_checksums_)
    out.headers.insert(out.headers.end(), request_.checksums.begin(), request_.checksums.end());
  out.body = request_.body;
  out.expect_continue = request_.expect_continue;
  out.stall_timeout = request_.stall_timeout;
  return out;
}

void StoreCalls::Call::send() {
  reported_ = false;
  sent_checksums_ = !request_.checksums.empty() && calls_->sends_checksums();
  auto request = make();
  // As late as possible: a signature is good for a quarter of an hour.
  context().service.sign(request, *used_, context().server_clock.now(), request_.payload_sha256);
  const auto id = context().transport.start(
      std::move(request),
      [self = shared_from_this()](HttpResult result) { self->answered(std::move(result)); });
  bool stop = false;
  {
    const std::lock_guard l(lock_);
    sending_ = id;
    stop = cancelled_;
  }
  if (stop) context().transport.cancel(id);
}

std::optional<Failure> StoreCalls::Call::failure_in(const HttpResult& result) const {
  const auto* const answer = std::get_if<HttpAnswer>(&result);
  if (!answer) return failure_of(std::get<TransportError>(result));
  const auto dialect = context().service.dialect();
  const auto now = context().server_clock.now();
  if (!is_success(*answer)) return failure_of(*answer, dialect, now);
  if (!request_.error_in_success) return std::nullopt;
  const auto error = request_.error_in_success(*answer);
  if (!error) return std::nullopt;
  return failure_of(*answer, *error, dialect, now);
}

void StoreCalls::Call::answered(HttpResult result) {
  const auto failure = failure_in(result);
  // Before the place is free: the next one must not get it if there are to be fewer.
  if (failure && failure->kind == FailureClass::kThrottle) context().concurrency.throttled();
  calls_->leave();
  if (is_cancelled()) return finish(cancelled());
  if (failure) return failed(*failure);
  retry_.succeeded();
  finish(std::get<HttpAnswer>(std::move(result)));
}

void StoreCalls::Call::failed(const Failure& failure) {
  using Action = RetryDecision::Action;
  if (failure.kind == FailureClass::kClock && failure.service.server_time)
    context().server_clock.learn(*failure.service.server_time);
  const auto decision = retry_.failed(failure, context().clock.monotonic());
  switch (decision.action) {
    case Action::kWait:
      if (handlers_.retrying) handlers_.retrying(failure, decision.delay);
      return wait(decision.delay);
    case Action::kResign: return again();
    case Action::kRefresh: context().credentials->renew(*used_); return again();
    case Action::kRedirect:
      if (failure.service.region.empty()) return locate(failure);
      context().service.move_to(failure.service.region);
      return again();
    case Action::kDropChecksum:
      if (!sent_checksums_) break;
      calls_->send_checksums_ = false;
      return again();
    default: break;
  }
  finish(failure);
}

// Any answer of the bucket names its region, also one that refuses to say more.
void StoreCalls::Call::locate(const Failure& failure) {
  auto request = context().service.request("HEAD", "");
  context().service.sign(request, *used_, context().server_clock.now(), {});
  context().transport.start(
      std::move(request), [self = shared_from_this(), failure](const HttpResult& result) {
        const auto* const answer = std::get_if<HttpAnswer>(&result);
        const auto* const region =
            answer ? find_header(answer->headers, "x-amz-bucket-region") : nullptr;
        if (!region || !is_region(*region)) return self->finish(failure);
        self->context().service.move_to(*region);
        self->again();
      });
}

unsigned StoreCalls::Call::begin_wait() {
  const std::lock_guard l(lock_);
  waiting_ = true;
  return ++wait_;
}

void StoreCalls::Call::wait(std::chrono::milliseconds delay) {
  const auto wait = begin_wait();
  if (is_cancelled()) delay = std::chrono::milliseconds(0);
  context().scheduler.after(delay, [self = shared_from_this(), wait] { self->resume(wait); });
}

void StoreCalls::Call::wait_for_credentials() {
  const auto error = context().credentials->error();
  const auto failure = of_credentials(error);
  if (failure.kind == FailureClass::kFatal || context().clock.monotonic() >= deadline_)
    return finish(failure);
  if (error && !reported_ && handlers_.retrying) handlers_.retrying(failure, kCredentialsPause);
  reported_ = reported_ || error;
  const auto wait = begin_wait();
  subscription_ = context().credentials->subscribe([weak = weak_from_this(), wait] {
    if (const auto self = weak.lock()) self->resume(wait);
  });
  const auto pause = is_cancelled() ? std::chrono::milliseconds(0) : kCredentialsPause;
  context().scheduler.after(pause, [self = shared_from_this(), wait] { self->resume(wait); });
}

void StoreCalls::Call::resume(unsigned wait) {
  {
    const std::lock_guard l(lock_);
    if (!waiting_ || wait != wait_) return;
    waiting_ = false;
  }
  again();
}

void StoreCalls::Call::cancel() {
  Transport::Id sending = 0;
  unsigned wait = 0;
  {
    const std::lock_guard l(lock_);
    cancelled_ = true;
    sending = sending_;
    wait = wait_;
  }
  if (calls_->remove(*this)) return finish(cancelled());
  if (sending != 0) context().transport.cancel(sending);
  resume(wait);
}

void StoreCalls::Call::finish(StoreResult result) {
  const auto done = std::move(handlers_.done);
  handlers_ = {};
  subscription_.reset();
  if (done) done(std::move(result));
}

std::shared_ptr<StoreCalls> StoreCalls::create(StoreContext context) {
  return std::shared_ptr<StoreCalls>(new StoreCalls(std::move(context)));
}

std::shared_ptr<StoreCalls::Call> StoreCalls::start(StoreRequest request, Monotonic deadline,
                                                    StoreHandlers handlers) {
  auto call =
      std::make_shared<Call>(shared_from_this(), std::move(request), deadline, std::move(handlers));
  enter(call);
  return call;
}

void StoreCalls::cancel(Call& call) { call.cancel(); }

void StoreCalls::enter(std::shared_ptr<Call> call) {
  {
    const std::lock_guard l(lock_);
    if (under_way_ >= context_.concurrency.current()) {
      waiting_.push_back(std::move(call));
      return;
    }
    ++under_way_;
  }
  call->attempt();
}

void StoreCalls::leave() {
  std::vector<std::shared_ptr<Call>> next;
  {
    const std::lock_guard l(lock_);
    --under_way_;
    while (!waiting_.empty() && under_way_ < context_.concurrency.current()) {
      ++under_way_;
      next.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  for (const auto& call : next) call->attempt();
}

bool StoreCalls::remove(const Call& call) {
  const std::lock_guard l(lock_);
  return std::erase_if(waiting_, [&](const auto& other) { return other.get() == &call; }) > 0;
}

}  // namespace rec::objstore
