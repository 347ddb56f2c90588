// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_chain.h"

#include "lib/objstore/credential_json.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

using FromProfiles = Fetched (*)(const CredentialContext&, const AwsProfiles&);

Error incomplete(const std::string& what) {
  return {Error::Kind::kInvalidSetting, what,
          "Set access-key-id and secret-access-key together, or neither"};
}

}  // namespace

Status check_settings(const CredentialSettings& settings) {
  const bool id = !settings.access_key_id.empty();
  const bool secret = !settings.secret_access_key.empty();
  if (id && !secret) return incomplete("access-key-id is set without secret-access-key");
  if (!id && secret) return incomplete("secret-access-key is set without access-key-id");
  if (!id && !settings.session_token.empty())
    return incomplete("session-token is set without access-key-id");
  if (!id) return ok();
  auto made = make_credentials(settings.access_key_id, settings.secret_access_key.reveal(),
                               settings.session_token.reveal(), "the properties");
  if (!made) return made.error();
  return ok();
}

CredentialChain::CredentialChain(CredentialSettings settings, const Environment& environment,
                                 Transport& transport, const ServerClock& clock)
    : settings_(std::move(settings)),
      environment_(environment),
      transport_(transport),
      clock_(clock) {}

CredentialContext CredentialChain::context() const {
  return {environment_, transport_, clock_, settings_.region, settings_.ca_file};
}

// The files are read again for each source and each time: people change them while a recording
// runs.
std::vector<CredentialChain::Source> CredentialChain::sources() const {
  const auto with_profiles = [](FromProfiles source) -> Source {
    return [source](const CredentialContext& c) -> Fetched {
      const auto profiles = load_aws_profiles(c.environment);
      if (!profiles) return profiles.error();
      return source(c, profiles.value());
    };
  };
  std::vector<Source> out;
  if (!settings_.disable_config_load) {
    out.emplace_back(environment_credentials);
    out.push_back(with_profiles(assume_role_credentials));
    out.push_back(with_profiles(web_identity_credentials));
    out.push_back(with_profiles(profile_credentials));
  }
  out.emplace_back(container_credentials);
  if (!settings_.disable_ec2_metadata) out.emplace_back(imds_credentials);
  return out;
}

Result<Credentials> CredentialChain::fetch() {
  if (auto good = check_settings(settings_); !good) return good.error();
  if (!settings_.access_key_id.empty())
    return make_credentials(settings_.access_key_id, settings_.secret_access_key.reveal(),
                            settings_.session_token.reveal(), "the properties");
  const auto all = sources();
  for (std::size_t i = found_.value_or(0); i < all.size(); ++i) {
    auto fetched = all[i](context());
    if (!fetched) return fetched.error();
    if (fetched.value()) {
      found_ = i;
      return std::move(*fetched.value());
    }
    if (found_) break;
  }
  if (found_)
    return Error{Error::Kind::kDenied, "The credentials are no longer where they were",
                 "Put them back, or restart with other ones"};
  return Error{Error::Kind::kDenied,
               settings_.disable_config_load
                   ? "No credentials: disable-config-load is set, and neither the properties nor a "
                     "container or metadata service have any"
                   : "No credentials in the properties, the environment, the AWS profile, a "
                     "container or metadata service",
               "Set access-key-id and secret-access-key, or AWS_ACCESS_KEY_ID and "
               "AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws"};
}

std::string CredentialChain::machine_region() {
  const bool from_machine =
      found_ && !settings_.disable_ec2_metadata && *found_ + 1 == sources().size();
  return from_machine ? imds_region(context()) : std::string();
}

}  // namespace rec::objstore
