// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <charconv>

#include "lib/objstore/credential_json.h"
#include "lib/objstore/credential_source.h"
#include "lib/objstore/endpoint.h"
#include "lib/objstore/failure.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr std::size_t kMaxAnswer = 64 << 10;
constexpr char kRoles[] = "/latest/meta-data/iam/security-credentials/";
constexpr char kTokenHeader[] = "x-aws-ec2-metadata-token";

unsigned number_or(const std::optional<std::string>& text, unsigned fallback, unsigned most) {
  unsigned value = 0;
  if (!text) return fallback;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool good = fault == std::errc() && end == text->data() + text->size() && value > 0;
  return good ? std::min(value, most) : fallback;
}

// One session with the service. What it could not say is nothing or an error.
class Imds {
 public:
  explicit Imds(const CredentialContext& context) : context_(context) {
    const auto& environment = context.environment;
    const auto seconds = number_or(environment.variable("AWS_METADATA_SERVICE_TIMEOUT"), 1, 60);
    timeout_ = std::chrono::seconds(seconds);
    attempts_ = number_or(environment.variable("AWS_METADATA_SERVICE_NUM_ATTEMPTS"), 1, 10);
    const auto mode = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    origin_ = mode && equals_ignoring_case(*mode, "IPv6") ? "http://[fd00:ec2::254]"
                                                          : "http://169.254.169.254";
  }

  // False: there is no such service here.
  Result<bool> open() {
    const auto& environment = context_.environment;
    if (is_true(environment.variable("AWS_EC2_METADATA_DISABLED"))) return false;
    if (const auto url = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
      auto endpoint = parse_endpoint(*url, "");
      if (!endpoint) return endpoint.error();
      origin_ = endpoint.value().origin();
      prefix_ = endpoint.value().base_path;
    }
    auto request = make("PUT", "/latest/api/token");
    request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    const auto result = ask(request);
    if (const auto* failed = std::get_if<TransportError>(&result))
      return failed->kind == TransportError::Kind::kStalled ? version_1() : false;
    const auto& answer = std::get<HttpAnswer>(result);
    if (answer.status == 200) {
      token_ = std::string(trim(answer.body));
      if (token_.empty() || !is_header_value(token_)) return error_of_answer(answer);
      return true;
    }
    if (answer.status == 403 || answer.status == 404 || answer.status == 405) return version_1();
    return error_of_answer(answer);
  }

  Result<std::optional<std::string>> get(const std::string& path) {
    auto request = make("GET", path);
    if (!token_.empty()) request.headers = {{kTokenHeader, token_}};
    const auto result = ask(request);
    if (const auto* failed = std::get_if<TransportError>(&result)) {
      if (token_.empty()) return std::optional<std::string>();  // nobody has answered yet
      return error_of(failure_of(*failed), "The metadata service", request.authority());
    }
    const auto& answer = std::get<HttpAnswer>(result);
    if (answer.status == 200) return std::optional(answer.body);
    // Without a token, whoever answers there need not be such a service at all.
    if (answer.status == 404 || token_.empty()) return std::optional<std::string>();
    return error_of_answer(answer);
  }

 private:
  HttpRequest make(const std::string& method, const std::string& path) const {
    HttpRequest request;
    request.method = method;
    request.origin = origin_;
    request.path = prefix_ + path;
    request.use_proxy = false;
    request.connect_timeout = timeout_;
    request.stall_timeout = timeout_;
    request.max_answer_bytes = kMaxAnswer;
    return request;
  }

  HttpResult ask(const HttpRequest& request) const {
    for (unsigned attempt = 1;; ++attempt) {
      auto result = perform(context_.transport, request);
      const auto* const answer = std::get_if<HttpAnswer>(&result);
      const bool again = answer ? answer->status >= 500 : true;
      if (!again || attempt >= attempts_) return result;
    }
  }

  // Containers see the service through one hop more than its answers to PUT live.
  Result<bool> version_1() const {
    if (is_true(context_.environment.variable("AWS_EC2_METADATA_V1_DISABLED"))) return false;
    return true;
  }

  Error error_of_answer(const HttpAnswer& answer) const {
    HttpRequest request;
    request.origin = origin_;
    return error_of(failure_of(answer, Dialect::kS3, context_.clock.now()), "The metadata service",
                    request.authority());
  }

  const CredentialContext& context_;
  std::chrono::milliseconds timeout_;
  unsigned attempts_;
  std::string origin_;
  std::string prefix_;
  std::string token_;  // empty: version 1
};

}  // namespace

Fetched imds_credentials(const CredentialContext& context) {
  Imds imds(context);
  auto there = imds.open();
  if (!there) return there.error();
  if (!there.value()) return std::optional<Credentials>();
  auto roles = imds.get(kRoles);
  if (!roles) return roles.error();
  const std::string role(trim(split(roles.value().value_or(""), '\n').front()));
  if (role.empty()) return std::optional<Credentials>();  // a machine without a role
  auto text = imds.get(kRoles + percent_encode(role));
  if (!text) return text.error();
  auto made = parse_credential_json(text.value().value_or(""), "Token", "the machine's role");
  if (!made) return made.error();
  return std::optional(std::move(made.value()));
}

std::string imds_region(const CredentialContext& context) {
  Imds imds(context);
  const auto there = imds.open();
  if (!there || !there.value()) return {};
  const auto text = imds.get("/latest/meta-data/placement/region");
  if (!text || !text.value()) return {};
  const std::string region(trim(*text.value()));
  return is_region(region) ? region : std::string();
}

}  // namespace rec::objstore
