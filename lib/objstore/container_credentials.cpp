// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>

#include "lib/objstore/credential_json.h"
#include "lib/objstore/credential_source.h"
#include "lib/objstore/endpoint.h"
#include "lib/objstore/failure.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kTimeout{2000};
constexpr std::size_t kMaxAnswer = 64 << 10;

Error bad(const std::string& what) {
  return {Error::Kind::kDenied, what, "Check AWS_CONTAINER_CREDENTIALS_FULL_URI and its token"};
}

// Over http, credentials are fetched from this machine only: its loopback interface, and the
// addresses at which ECS and EKS serve it.
bool is_local(std::string_view host) {
  static constexpr std::array<std::string_view, 5> kHosts = {"localhost", "[::1]", "169.254.170.2",
                                                             "169.254.170.23", "[fd00:ec2::23]"};
  if (std::find(kHosts.begin(), kHosts.end(), host) != kHosts.end()) return true;
  const auto numbers = split(host, '.');
  return numbers.size() == 4 && numbers[0] == "127" &&
         std::all_of(numbers.begin(), numbers.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 3 &&
                  part.find_first_not_of("0123456789") == std::string_view::npos;
         });
}

struct Target {
  std::string origin;
  std::string path;
};

// The URI is taken as it is: its path and query were given as the endpoint wants them.
Result<std::optional<Target>> target_of(const Environment& environment) {
  Target out;
  if (const auto relative = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    out = {"http://169.254.170.2", *relative};
  } else if (const auto full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    const auto start = full->find("://");
    if (start == std::string::npos) return bad("The container's credentials URI has no scheme");
    const auto slash = std::min(full->find_first_of("/?", start + 3), full->size());
    out = {full->substr(0, slash), full->substr(slash)};
    const auto endpoint = parse_endpoint(out.origin, "");
    if (!endpoint || (!endpoint.value().tls && !is_local(endpoint.value().host)))
      return bad("The container's credentials URI is neither https nor an address of this machine");
    out.origin = endpoint.value().origin();
  } else {
    return std::optional<Target>();
  }
  if (!out.path.starts_with('/')) out.path = "/" + out.path;
  if (has_control(out.origin + out.path) || (out.origin + out.path).find(' ') != std::string::npos)
    return bad("The container's credentials URI is not well-formed");
  return std::optional(out);
}

// The content of the file if one is named, read anew: EKS rotates it.
Result<std::string> authorization(const Environment& environment) {
  std::string token;
  if (const auto path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto text = environment.read_file(*path, kMaxAnswer);
    if (!text) return text.error();
    token = text.value().substr(0, text.value().find_last_not_of("\r\n") + 1);
  } else {
    token = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  }
  if (!is_header_value(token)) return bad("The container's authorization token has a line break");
  return token;
}

}  // namespace

Fetched container_credentials(const CredentialContext& context) {
  auto target = target_of(context.environment);
  if (!target) return target.error();
  if (!target.value()) return std::optional<Credentials>();
  auto token = authorization(context.environment);
  if (!token) return token.error();
  HttpRequest request;
  request.origin = target.value()->origin;
  request.path = target.value()->path;
  request.headers = {{"Accept", "application/json"}};
  if (!token.value().empty()) request.headers.push_back({"Authorization", token.value()});
  request.use_proxy = false;
  request.ca_file = context.ca_file;
  request.connect_timeout = kTimeout;
  request.stall_timeout = kTimeout;
  request.max_answer_bytes = kMaxAnswer;
  Failure failure;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const auto result = perform(context.transport, request);
    const auto* const answer = std::get_if<HttpAnswer>(&result);
    if (answer && answer->status == 200) {
      auto made = parse_credential_json(answer->body, "Token", "the container");
      if (!made) return made.error();
      return std::optional(std::move(made.value()));
    }
    failure = answer ? failure_of(*answer, Dialect::kS3, context.clock.now())
                     : failure_of(std::get<TransportError>(result));
    if (attempt < kAttempts) context.environment.sleep(std::chrono::seconds(1));
  }
  return error_of(failure, "The container's credentials", request.authority());
}

}  // namespace rec::objstore
