// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where AWS credentials come from: one function for each member of the chain. They block, and run
// in the background (credential_cache.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/objstore/aws_profile.h"
#include "lib/objstore/clock.h"
#include "lib/objstore/credentials.h"
#include "lib/objstore/environment.h"
#include "lib/objstore/http.h"

namespace rec::objstore {

struct CredentialContext {
  const Environment& environment;
  Transport& transport;
  const ServerClock& clock;
  std::string region;   // for the endpoint of STS; empty: its global one
  std::string ca_file;  // for STS and an https container endpoint
};

// Nothing: this source is not set up, ask the next one. An error: it is set up and does not work,
// and the next one would be somebody else.
using Fetched = Result<std::optional<Credentials>>;

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
Fetched environment_credentials(const CredentialContext& context);

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, or the profile's.
Fetched web_identity_credentials(const CredentialContext& context, const AwsProfiles& profiles);

// The profile's role_arn with source_profile or credential_source.
Fetched assume_role_credentials(const CredentialContext& context, const AwsProfiles& profiles);
// The profile's keys in the credentials file, its credential_process, its keys in the config file.
Fetched profile_credentials(const CredentialContext& context, const AwsProfiles& profiles);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI: ECS, EKS Pod Identity, Greengrass.
Fetched container_credentials(const CredentialContext& context);

// The metadata service of an EC2 machine, version 2, or 1 where there is no 2.
Fetched imds_credentials(const CredentialContext& context);
// Where that machine is; "" if nobody answers.
std::string imds_region(const CredentialContext& context);

}  // namespace rec::objstore
