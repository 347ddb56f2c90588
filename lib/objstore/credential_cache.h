// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Credentials that are always fresh: renewed in the background before they expire, and at once when
// a service calls them expired. Nobody who needs them waits.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "lib/base/result.h"
#include "lib/objstore/clock.h"
#include "lib/objstore/credentials.h"

namespace rec::objstore {

class CredentialCache : public std::enable_shared_from_this<CredentialCache> {  // any thread
 public:
  using Fetch = std::function<Result<Credentials>()>;      // blocks; never twice at once
  using Run = std::function<void(std::function<void()>)>;  // in the background, in order
  using Listener = std::function<void()>;

  static std::shared_ptr<CredentialCache> create(Fetch fetch, Run run, const ServerClock& server,
                                                 const Clock& clock);

  // Never blocks. Nothing: there are none yet, and `listener` of subscribe() will be called; or
  // they cannot be had, see error(). Asking renews them when it is time.
  std::shared_ptr<const Credentials> current();
  // Of the last attempt; nothing while there are valid credentials or the first attempt is under
  // way.
  std::optional<Error> error() const;

  // A service refused `refused` as expired or unknown. Ignored if there are others by now.
  void renew(const Credentials& refused);

  // Called in the background after every attempt. The subscription ends with the returned object.
  [[nodiscard]] std::shared_ptr<Listener> subscribe(Listener listener);

 private:
  CredentialCache(Fetch fetch, Run run, const ServerClock& server, const Clock& clock);
  void work();
  void finished_locked(Result<Credentials> result);
  bool expired_locked() const;
  bool is_time_locked() const;

  const Fetch fetch_;
  const Run run_;
  const ServerClock& server_;
  const Clock& clock_;
  mutable std::mutex lock_;
  std::shared_ptr<const Credentials> credentials_;
  std::optional<Monotonic> expires_at_;  // of credentials_; nothing: never
  std::optional<Error> error_;
  std::optional<Monotonic>
      next_;               // when to renew, or to try again; nothing: never, or no attempt yet
  unsigned failures_ = 0;  // in a row
  bool fetching_ = false;
  bool refused_ = false;  // credentials_ are known not to work
  std::vector<std::weak_ptr<Listener>> listeners_;
};

}  // namespace rec::objstore
