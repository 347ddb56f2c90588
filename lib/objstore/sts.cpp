// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/sts.h"

#include <utility>
#include <vector>

#include "lib/objstore/credential_json.h"
#include "lib/objstore/digest.h"
#include "lib/objstore/endpoint.h"
#include "lib/objstore/failure.h"
#include "lib/objstore/sigv4_signer.h"
#include "lib/objstore/text.h"
#include "lib/objstore/xml_reader.h"

namespace rec::objstore {
namespace {

constexpr int kAttempts = 3;
constexpr std::size_t kMaxToken = 64 << 10;

using Form = std::vector<std::pair<std::string, std::string>>;

struct StsEndpoint {
  Endpoint endpoint;
  std::string region;  // that it signs for
};

Result<StsEndpoint> sts_endpoint(const CredentialContext& context, const AwsProfiles& profiles) {
  StsEndpoint out;
  out.region = context.region.empty() ? "us-east-1" : context.region;
  auto url = context.environment.variable("AWS_ENDPOINT_URL_STS");
  if (!url) url = context.environment.variable("AWS_ENDPOINT_URL");
  if (!url) url = profiles.endpoint_url("sts");
  if (url) {
    auto parsed = parse_endpoint(*url, "");
    if (!parsed) return parsed.error();
    out.endpoint = std::move(parsed.value());
    return out;
  }
  if (!is_region(out.region))
    return Error{Error::Kind::kInvalidSetting, "The region for AWS STS is not valid",
                 "Set the region to one like eu-west-1"};
  out.endpoint.host =
      context.region.empty() ? "sts.amazonaws.com" : "sts." + out.region + ".amazonaws.com";
  if (out.region.starts_with("cn-")) out.endpoint.host += ".cn";
  return out;
}

std::string encode(const Form& form) {
  std::string out;
  for (const auto& [name, value] : form)
    out += (out.empty() ? "" : "&") + name + "=" + percent_encode(value);
  return out;
}

std::string session_name(const CredentialContext& context, const RoleRequest& role) {
  if (!role.session_name.empty()) return role.session_name;
  return "gst-plugins-record-" + std::to_string(context.clock.now().time_since_epoch().count());
}

Result<Credentials> credentials_of(const std::string& body, const RoleRequest& role,
                                   const std::string& action) {
  const std::string source = "the role " + role.role_arn;
  const auto document = XmlDocument::parse(body);
  const auto result = document ? document->root().child(action + "Result") : std::nullopt;
  if (!result) return make_credentials("", "", "", source);
  auto made = make_credentials(result->text("Credentials/AccessKeyId"),
                               result->text("Credentials/SecretAccessKey"),
                               result->text("Credentials/SessionToken"), source);
  if (made) made.value().expires = parse_iso8601(result->text("Credentials/Expiration"));
  return made;
}

// `base`: nullptr for a request that is not signed.
Result<Credentials> call(const CredentialContext& context, const AwsProfiles& profiles,
                         const RoleRequest& role, const Form& form, const Credentials* base) {
  auto target = sts_endpoint(context, profiles);
  if (!target) return target.error();
  const std::string text = encode(form);
  HttpRequest request;
  request.method = "POST";
  request.origin = target.value().endpoint.origin();
  request.path = target.value().endpoint.base_path + "/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = {std::make_shared<const Bytes>(text.begin(), text.end())};
  request.ca_file = context.ca_file;
  Failure failure;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    SigningContext signing;
    signing.region = target.value().region;
    signing.service = "sts";
    signing.utc = context.clock.now();
    signing.payload_hash = hex(sha256(bytes_of(text)));
    signing.send_payload_hash = false;
    if (base) sign_v4(request, *base, signing);
    auto result = perform(context.transport, request);
    if (const auto* answer = std::get_if<HttpAnswer>(&result)) {
      if (is_success(*answer)) return credentials_of(answer->body, role, form.front().second);
      failure = failure_of(*answer, Dialect::kS3, context.clock.now());
    } else {
      failure = failure_of(std::get<TransportError>(result));
    }
    if (failure.kind != FailureClass::kTransient && failure.kind != FailureClass::kThrottle) break;
    if (attempt < kAttempts) context.environment.sleep(std::chrono::seconds(attempt));
  }
  return error_of(failure, form.front().second + " of " + role.role_arn, request.authority());
}

}  // namespace

Result<Credentials> assume_role(const CredentialContext& context, const AwsProfiles& profiles,
                                const RoleRequest& role, const Credentials& base) {
  Form form = {{"Action", "AssumeRole"}, {"Version", "2011-06-15"}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  if (!role.duration_seconds.empty()) form.emplace_back("DurationSeconds", role.duration_seconds);
  form.emplace_back("RoleArn", role.role_arn);
  form.emplace_back("RoleSessionName", session_name(context, role));
  return call(context, profiles, role, form, &base);
}

Result<Credentials> assume_role_with_web_identity(const CredentialContext& context,
                                                  const AwsProfiles& profiles,
                                                  const RoleRequest& role,
                                                  const std::string& token_file) {
  auto token =
      context.environment.read_file(expand_home(context.environment, token_file), kMaxToken);
  if (!token) return token.error();
  auto end = token.value().find_last_not_of(" \t\r\n");
  token.value().resize(end == std::string::npos ? 0 : end + 1);
  return call(context, profiles, role,
              {{"Action", "AssumeRoleWithWebIdentity"},
               {"Version", "2011-06-15"},
               {"RoleSessionName", session_name(context, role)},
               {"RoleArn", role.role_arn},
               {"WebIdentityToken", token.value()}},
              nullptr);
}

}  // namespace rec::objstore
