// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/store_process.h"

#include <algorithm>
#include <random>

namespace rec::objstore {
namespace {

constexpr unsigned kRequestsPerServer = 64;

double random_fraction() {
  thread_local std::mt19937 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

std::shared_ptr<StoreProcess> StoreProcess::shared() {
  static std::mutex lock;
  static std::weak_ptr<StoreProcess> weak;
  const std::lock_guard l(lock);
  auto process = weak.lock();
  if (!process) {
    process = std::make_shared<StoreProcess>();
    weak = process;
  }
  return process;
}

std::shared_ptr<CredentialCache> StoreProcess::credentials(const CredentialSettings& settings) {
  const std::lock_guard l(lock_);
  std::erase_if(credentials_, [](const auto& entry) { return entry.second.expired(); });
  const auto found = std::find_if(credentials_.begin(), credentials_.end(),
                                  [&](const auto& entry) { return entry.first == settings; });
  if (found != credentials_.end())
    if (auto cache = found->second.lock()) return cache;
  // The cache keeps the process alive, and a job that is queued keeps the cache.
  const auto self = shared_from_this();
  auto chain = std::make_shared<CredentialChain>(settings, process_environment(), *transport_,
                                                 server_clock_);
  auto cache = CredentialCache::create(
      [self, chain] { return chain->fetch(); },
      [self](std::function<void()> job) { self->worker_->append(std::move(job)); }, server_clock_,
      system_clock());
  credentials_.emplace_back(settings, cache);
  return cache;
}

std::shared_ptr<ConcurrencyLimit> StoreProcess::concurrency(const std::string& authority) {
  const std::lock_guard l(lock_);
  std::erase_if(limits_, [](const auto& entry) { return entry.second.expired(); });
  auto limit = limits_[authority].lock();
  if (!limit) {
    limit = std::make_shared<ConcurrencyLimit>(kRequestsPerServer, system_clock());
    limits_[authority] = limit;
  }
  return limit;
}

std::shared_ptr<StoreCalls> StoreProcess::open(std::shared_ptr<StoreService> service,
                                               std::shared_ptr<CredentialCache> credentials) {
  struct Owned {
    std::shared_ptr<StoreProcess> process;
    std::shared_ptr<StoreService> service;
    std::shared_ptr<ConcurrencyLimit> limit;
  };
  auto limit = concurrency(service->request("HEAD", "").authority());
  auto owned = std::make_shared<Owned>(Owned{shared_from_this(), std::move(service), limit});
  auto& used_service = *owned->service;
  return StoreCalls::create({used_service, *transport_, *transport_, std::move(credentials),
                             budget_, *limit, server_clock_, system_clock(), random_fraction,
                             std::move(owned)});
}

}  // namespace rec::objstore
