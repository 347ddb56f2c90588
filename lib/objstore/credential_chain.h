// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The chain of AWS credentials, in the order of the AWS SDKs: properties, environment, the
// profile's role, web identity, the profile's keys and process, container, metadata service.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/objstore/credential_source.h"

namespace rec::objstore {

struct CredentialSettings {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  bool disable_config_load = false;   // neither variables nor files nor programs
  bool disable_ec2_metadata = false;  // no metadata service either
  std::string region;
  std::string ca_file;
  friend bool operator==(const CredentialSettings&, const CredentialSettings&) = default;
};

// Wrong settings, before anything is asked: one half of a pair is never completed from elsewhere.
Status check_settings(const CredentialSettings& settings);

class CredentialChain {  // one thread
 public:
  CredentialChain(CredentialSettings settings, const Environment& environment, Transport& transport,
                  const ServerClock& clock);

  // Blocks. Once a source has had credentials, only it is asked again: an upload must not go on as
  // somebody else because the metadata service was away for a moment.
  Result<Credentials> fetch();
  // Those that come from the metadata service say where the machine is; "" otherwise.
  std::string machine_region();

 private:
  using Source = std::function<Fetched(const CredentialContext&)>;
  CredentialContext context() const;
  std::vector<Source> sources() const;

  const CredentialSettings settings_;
  const Environment& environment_;
  Transport& transport_;
  const ServerClock& clock_;
  std::optional<std::size_t> found_;  // which of sources()
};

}  // namespace rec::objstore
