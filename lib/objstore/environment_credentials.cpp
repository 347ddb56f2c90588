// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_json.h"
#include "lib/objstore/credential_source.h"
#include "lib/objstore/sts.h"

namespace rec::objstore {

Fetched environment_credentials(const CredentialContext& context) {
  const auto& environment = context.environment;
  const auto id = environment.variable("AWS_ACCESS_KEY_ID");
  const auto secret = environment.variable("AWS_SECRET_ACCESS_KEY");
  if (!id) return std::optional<Credentials>();
  if (!secret)
    return Error{Error::Kind::kDenied, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY",
                 "Set both, or neither"};
  auto token = environment.variable("AWS_SESSION_TOKEN");
  if (!token) token = environment.variable("AWS_SECURITY_TOKEN");  // its old name
  auto made = make_credentials(*id, *secret, token.value_or(""), "the environment");
  if (!made) return made.error();
  return std::optional(std::move(made.value()));
}

Fetched web_identity_credentials(const CredentialContext& context, const AwsProfiles& profiles) {
  const auto& environment = context.environment;
  auto token_file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  auto role_arn = environment.variable("AWS_ROLE_ARN");
  auto session = environment.variable("AWS_ROLE_SESSION_NAME");
  if (!token_file) {
    token_file = profiles.value(profiles.current, "web_identity_token_file");
    role_arn = profiles.value(profiles.current, "role_arn");
    session = profiles.value(profiles.current, "role_session_name");
  }
  if (!token_file) return std::optional<Credentials>();
  if (!role_arn)
    return Error{Error::Kind::kDenied, "A web identity token file is set without a role",
                 "Set AWS_ROLE_ARN, or role_arn in the profile"};
  const RoleRequest role{*role_arn, session.value_or(""), {}, {}};
  auto made = assume_role_with_web_identity(context, profiles, role, *token_file);
  if (!made) return made.error();
  return std::optional(std::move(made.value()));
}

}  // namespace rec::objstore
