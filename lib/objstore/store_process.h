// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What all stores of a process share: two threads, the connections, the retry budget, the servers'
// clock; and credentials and concurrency between those that use the same.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lib/objstore/credential_chain.h"
#include "lib/objstore/curl_transport.h"
#include "lib/objstore/store_call.h"
#include "lib/objstore/worker.h"

namespace rec::objstore {

class StoreProcess : public std::enable_shared_from_this<StoreProcess> {  // any thread
 public:
  // Ends with the last holder.
  static std::shared_ptr<StoreProcess> shared();

  // The same for the same settings: one refresher, however many recordings.
  std::shared_ptr<CredentialCache> credentials(const CredentialSettings& settings);
  // `service` is kept as long as calls are under way.
  std::shared_ptr<StoreCalls> open(std::shared_ptr<StoreService> service,
                                   std::shared_ptr<CredentialCache> credentials);

 private:
  // Of one server: what it is spared by one upload must not be spent by the next.
  std::shared_ptr<ConcurrencyLimit> concurrency(const std::string& authority);

  const std::shared_ptr<CurlTransport> transport_ = CurlTransport::shared();
  const std::shared_ptr<Worker> worker_ = Worker::shared();
  ServerClock server_clock_{system_clock()};
  RetryBudget budget_;
  std::mutex lock_;
  std::vector<std::pair<CredentialSettings, std::weak_ptr<CredentialCache>>> credentials_;
  std::map<std::string, std::weak_ptr<ConcurrencyLimit>> limits_;
};

}  // namespace rec::objstore
