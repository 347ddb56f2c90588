// SPDX-License-Identifier: LGPL-2.1-or-later
//
// AWS Security Token Service: credentials for a role.
#pragma once

#include <optional>
#include <string>

#include "lib/objstore/credential_source.h"

namespace rec::objstore {

struct RoleRequest {
  std::string role_arn;
  std::string session_name;  // empty: one is made up
  std::string external_id;
  std::string duration_seconds;
};

// Signed with the credentials that may take the role.
Result<Credentials> assume_role(const CredentialContext& context, const AwsProfiles& profiles,
                                const RoleRequest& role, const Credentials& base);
// The token proves who asks; nothing is signed. The file is read again each time: it is rotated.
Result<Credentials> assume_role_with_web_identity(const CredentialContext& context,
                                                  const AwsProfiles& profiles,
                                                  const RoleRequest& role,
                                                  const std::string& token_file);

}  // namespace rec::objstore
