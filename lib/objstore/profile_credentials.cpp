// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <vector>

#include "lib/objstore/credential_json.h"
#include "lib/objstore/credential_source.h"
#include "lib/objstore/sts.h"

namespace rec::objstore {
namespace {

constexpr std::chrono::seconds kProcessLimit{60};

Error bad_profile(const std::string& profile, const std::string& what, const std::string& hint) {
  return {Error::Kind::kInvalidSetting, "The profile \"" + profile + "\" " + what, hint};
}

Fetched some(Result<Credentials> made) {
  if (!made) return made.error();
  return std::optional(std::move(made.value()));
}

// Keys that stand in one of the files.
Fetched keys_of(const IniFile& file, const std::string& profile) {
  const auto section = file.find(profile);
  if (section == file.end()) return std::optional<Credentials>();
  const auto value = [&](const char* key) {
    const auto found = section->second.find(key);
    return found == section->second.end() ? std::string() : found->second;
  };
  const auto id = value("aws_access_key_id");
  if (id.empty()) return std::optional<Credentials>();
  return some(make_credentials(id, value("aws_secret_access_key"), value("aws_session_token"),
                               "the profile \"" + profile + "\""));
}

Fetched process_credentials(const CredentialContext& context, const AwsProfiles& profiles,
                            const std::string& profile) {
  const auto text = profiles.value(profile, "credential_process");
  if (!text) return std::optional<Credentials>();
  const auto command = split_command(*text);
  if (!command || command->empty())
    return bad_profile(profile, "has a credential_process that is not a command",
                       "Close its quotes, and write a program first");
  const auto output = context.environment.run(*command, kProcessLimit);
  if (!output) return output.error();
  const std::string source = "the credential process of the profile \"" + profile + "\"";
  if (!has_version_1(output.value()))
    return Error{Error::Kind::kDenied, "The credentials of " + source + " have no \"Version\": 1",
                 "Run credential_process of the profile in a terminal"};
  return some(parse_credential_json(output.value(), "SessionToken", source));
}

// In the order in which the SDKs ask.
Fetched plain_profile(const CredentialContext& context, const AwsProfiles& profiles,
                      const std::string& profile) {
  if (auto keys = keys_of(profiles.credentials, profile); !keys || keys.value()) return keys;
  if (auto made = process_credentials(context, profiles, profile); !made || made.value())
    return made;
  if (auto keys = keys_of(profiles.config, profile); !keys || keys.value()) return keys;
  if (profiles.value(profile, "sso_session") || profiles.value(profile, "sso_start_url"))
    return Error{
        Error::Kind::kUnsupported, "The profile \"" + profile + "\" signs in with SSO",
        "Set its credential_process to: aws configure export-credentials --profile " + profile};
  return std::optional<Credentials>();
}

class RoleChain {
 public:
  RoleChain(const CredentialContext& context, const AwsProfiles& profiles)
      : context_(context), profiles_(profiles) {}

  // Nothing if the profile takes no role, or takes it with a web identity.
  Fetched assume(const std::string& profile) {
    const auto arn = profiles_.value(profile, "role_arn");
    if (!arn || profiles_.value(profile, "web_identity_token_file"))
      return std::optional<Credentials>();
    if (std::find(visited_.begin(), visited_.end(), profile) != visited_.end())
      return bad_profile(profile, "is its own source_profile, over others",
                         "Let the last source_profile have keys");
    visited_.push_back(profile);
    if (profiles_.value(profile, "mfa_serial"))
      return bad_profile(profile, "asks for an MFA code, which nobody can enter here",
                         "Use a role without mfa_serial, or a credential_process");
    auto base = base_of(profile);
    if (!base) return base.error();
    const auto text = [&](const char* key) { return profiles_.value(profile, key).value_or(""); };
    return some(assume_role(
        context_, profiles_,
        {*arn, text("role_session_name"), text("external_id"), text("duration_seconds")},
        base.value()));
  }

 private:
  // Who takes the role.
  Result<Credentials> base_of(const std::string& profile) {
    const auto source_profile = profiles_.value(profile, "source_profile");
    const auto source = profiles_.value(profile, "credential_source");
    if (source_profile.has_value() == source.has_value())
      return bad_profile(profile, "has role_arn without one source for it",
                         "Set either source_profile or credential_source");
    auto made = source ? of_source(profile, *source) : of_profile(*source_profile, profile);
    if (!made) return made.error();
    if (made.value()) return std::move(*made.value());
    return bad_profile(profile, "takes its role with a source that has no credentials",
                       "Check source_profile or credential_source");
  }

  Fetched of_source(const std::string& profile, const std::string& source) {
    if (source == "Environment") return environment_credentials(context_);
    if (source == "EcsContainer") return container_credentials(context_);
    if (source == "Ec2InstanceMetadata") return imds_credentials(context_);
    return bad_profile(profile, "has the unknown credential_source \"" + source + "\"",
                       "Use Environment, EcsContainer or Ec2InstanceMetadata");
  }

  Fetched of_profile(const std::string& name, const std::string& user) {
    if (!profiles_.has(name))
      return bad_profile(user, "has the source_profile \"" + name + "\", which does not exist",
                         "Add it to ~/.aws/config or ~/.aws/credentials");
    // A profile may be its own source, if it has keys: they come before its role then.
    const bool has_keys = profiles_.value(name, "aws_access_key_id").has_value();
    if (has_keys) return plain_profile(context_, profiles_, name);
    auto role = assume(name);
    if (!role || role.value()) return role;
    AwsProfiles as_current = profiles_;
    as_current.current = name;
    if (profiles_.value(name, "web_identity_token_file")) return of_web_identity(name, as_current);
    return plain_profile(context_, profiles_, name);
  }

  Fetched of_web_identity(const std::string& name, const AwsProfiles& profiles) {
    const RoleRequest role{profiles.value(name, "role_arn").value_or(""),
                           profiles.value(name, "role_session_name").value_or(""),
                           {},
                           {}};
    return some(assume_role_with_web_identity(
        context_, profiles, role, profiles.value(name, "web_identity_token_file").value_or("")));
  }

  const CredentialContext& context_;
  const AwsProfiles& profiles_;
  std::vector<std::string> visited_;
};

}  // namespace

Fetched assume_role_credentials(const CredentialContext& context, const AwsProfiles& profiles) {
  return RoleChain(context, profiles).assume(profiles.current);
}

Fetched profile_credentials(const CredentialContext& context, const AwsProfiles& profiles) {
  return plain_profile(context, profiles, profiles.current);
}

}  // namespace rec::objstore
