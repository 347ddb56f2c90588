// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/curl_transport.h"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "lib/objstore/curl_transfer.h"

namespace rec::objstore {
namespace {

constexpr std::chrono::milliseconds kLongestPoll{1000};
constexpr long kIdleConnections = 64;

}  // namespace

class CurlTransport::Loop {
 public:
  Loop() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    share_ = curl_share_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  }
  ~Loop() {
    curl_multi_cleanup(multi_);
    curl_share_cleanup(share_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Id start(HttpRequest request, Done done) {
    const std::lock_guard l(lock_);
    inbox_.push_back({++last_id_, std::move(request), std::move(done)});
    curl_multi_wakeup(multi_);
    return last_id_;
  }
  void cancel(Id id) {
    const std::lock_guard l(lock_);
    inbox_.push_back({id, {}, nullptr});
    curl_multi_wakeup(multi_);
  }
  void after(std::chrono::milliseconds delay, std::function<void()> job) {
    const auto due = std::chrono::steady_clock::now() + delay;
    const std::lock_guard l(lock_);
    new_jobs_.emplace_back(due, std::move(job));
    curl_multi_wakeup(multi_);
  }
  void stop() {
    const std::lock_guard l(lock_);
    stopping_ = true;
    curl_multi_wakeup(multi_);
  }

  void run() {
    pthread_setname_np(pthread_self(), "rec-transfer");
    while (take_inbox()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_transfers();
      finish_stalled();
      run_jobs(std::chrono::steady_clock::now());
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(poll_time().count()), nullptr);
    }
    do {
      while (!active_.empty()) end(active_.begin(), cancelled());
      run_jobs(Monotonic::max());
    } while (refuse_inbox());
  }

  std::thread thread;

 private:
  struct Command {
    Id id = 0;
    HttpRequest request;
    Done done;  // null: cancel
  };
  struct Active {
    std::unique_ptr<CurlTransfer> transfer;
    Done done;
  };
  using Place = std::map<Id, Active>::iterator;

  static HttpResult cancelled() {
    return TransportError{TransportError::Kind::kCancelled, "Cancelled"};
  }

  // False: it is time to end.
  bool take_inbox() {
    std::vector<Command> commands;
    {
      const std::lock_guard l(lock_);
      if (stopping_) return false;
      commands.swap(inbox_);
      take_jobs_locked();
    }
    for (auto& command : commands) {
      const auto place = active_.find(command.id);
      if (command.done)
        begin(std::move(command));
      else if (place != active_.end())
        end(place, cancelled());
    }
    return true;
  }

  // At the end. False: nobody has asked for anything more meanwhile.
  bool refuse_inbox() {
    std::vector<Command> commands;
    {
      const std::lock_guard l(lock_);
      commands.swap(inbox_);
      take_jobs_locked();
    }
    for (const auto& command : commands)
      if (command.done) command.done(cancelled());
    return !commands.empty() || !jobs_.empty();
  }

  void take_jobs_locked() {
    for (auto& [due, job] : new_jobs_) jobs_.emplace(due, std::move(job));
    new_jobs_.clear();
  }

  void run_jobs(Monotonic now) {
    while (!jobs_.empty() && jobs_.begin()->first <= now) {
      const auto job = std::move(jobs_.begin()->second);
      jobs_.erase(jobs_.begin());
      job();
    }
  }

  void begin(Command command) {
    auto transfer = std::make_unique<CurlTransfer>(std::move(command.request), share_);
    if (transfer->fault()) {
      command.done(*transfer->fault());
      return;
    }
    curl_multi_add_handle(multi_, transfer->easy());
    active_.emplace(command.id, Active{std::move(transfer), std::move(command.done)});
  }

  void end(Place place, HttpResult result) {
    auto active = std::move(place->second);
    active_.erase(place);
    curl_multi_remove_handle(multi_, active.transfer->easy());
    active.transfer.reset();  // with the body, before somebody asks for memory
    active.done(std::move(result));
  }

  void finish_transfers() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message goes with its handle
      char* self = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
      const auto place = std::find_if(active_.begin(), active_.end(), [&](const auto& entry) {
        return static_cast<void*>(entry.second.transfer.get()) == self;
      });
      if (place != active_.end()) end(place, place->second.transfer->result(code));
    }
  }

  void finish_stalled() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Id> stalled;
    for (const auto& [id, active] : active_)
      if (active.transfer->is_stalled(now)) stalled.push_back(id);
    for (const Id id : stalled)
      if (const auto place = active_.find(id); place != active_.end())
        end(place, place->second.transfer->stalled());
  }

  std::chrono::milliseconds poll_time() const {
    auto wait = kLongestPoll;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [id, active] : active_)
      wait = std::min(
          wait, std::chrono::ceil<std::chrono::milliseconds>(active.transfer->stalls_at() - now));
    return std::max(wait, std::chrono::milliseconds(0));
  }

  CURLM* multi_ = nullptr;
  CURLSH* share_ = nullptr;
  std::mutex lock_;
  std::vector<Command> inbox_;
  std::vector<std::pair<Monotonic, std::function<void()>>> new_jobs_;
  Id last_id_ = 0;
  bool stopping_ = false;
  // Thread only.
  std::map<Id, Active> active_;
  std::multimap<Monotonic, std::function<void()>> jobs_;  // by when they are due
};

std::shared_ptr<CurlTransport> CurlTransport::shared() {
  static std::mutex lock;
  static std::weak_ptr<CurlTransport> weak;
  const std::lock_guard l(lock);
  auto transport = weak.lock();
  if (!transport) {
    transport = std::make_shared<CurlTransport>();
    weak = transport;
  }
  return transport;
}

CurlTransport::CurlTransport() : loop_(std::make_shared<Loop>()) {
  // The thread has its own hold on the loop: it may be the one that drops the transport.
  loop_->thread = std::thread([loop = loop_] { loop->run(); });
}

CurlTransport::~CurlTransport() {
  loop_->stop();
  if (loop_->thread.get_id() == std::this_thread::get_id())
    loop_->thread.detach();
  else
    loop_->thread.join();
}

Transport::Id CurlTransport::start(HttpRequest request, Done done) {
  return loop_->start(std::move(request), std::move(done));
}

void CurlTransport::cancel(Id id) { loop_->cancel(id); }

void CurlTransport::after(std::chrono::milliseconds delay, std::function<void()> job) {
  loop_->after(delay, std::move(job));
}

}  // namespace rec::objstore
