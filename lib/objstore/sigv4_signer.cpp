// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/sigv4_signer.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <map>

#include "lib/objstore/digest.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string collapse_blanks(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && out.ends_with(' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

// By lower-case name; several of one name are joined in their order.
std::map<std::string, std::string> canonical_headers(const HttpRequest& request) {
  std::map<std::string, std::string> out;
  out["host"] = request.authority();
  for (const auto& [name, value] : request.headers) {
    const std::string key = to_lower(name);
    if (key == "host") continue;  // the origin's is what is sent
    const auto [place, added] = out.try_emplace(key, collapse_blanks(value));
    if (!added) place->second += "," + collapse_blanks(value);
  }
  return out;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) out += (out.empty() ? "" : ";") + name;
  return out;
}

Signature signature_of(const HttpRequest& request, const Credentials& credentials,
                       const SigningContext& context,
                       const std::map<std::string, std::string>& headers,
                       std::string_view payload_hash) {
  Signature out;
  out.canonical_request =
      request.method + "\n" + request.path + "\n" + request.query_string() + "\n";
  for (const auto& [name, value] : headers) {
    out.canonical_request += name;
    out.canonical_request += ':';
    out.canonical_request += value;
    out.canonical_request += '\n';
  }
  out.canonical_request += "\n" + names_of(headers) + "\n" + std::string(payload_hash);
  out.string_to_sign = std::string(kAlgorithm) + "\n" + basic_iso8601(context.utc) + "\n" +
                       v4_scope(context) + "\n" + hex(sha256(bytes_of(out.canonical_request)));
  const Secret key = v4_signing_key(credentials.secret_access_key, context);
  out.value = hex(hmac_sha256(bytes_of(key.reveal()), out.string_to_sign));
  return out;
}

}  // namespace

std::string v4_scope(const SigningContext& context) {
  return basic_iso8601(context.utc).substr(0, 8) + "/" + context.region + "/" + context.service +
         "/aws4_request";
}

Secret v4_signing_key(const Secret& secret_access_key, const SigningContext& context) {
  const auto step = [](const Secret& key, std::string_view message) {
    Bytes next = hmac_sha256(bytes_of(key.reveal()), message);
    Secret out({reinterpret_cast<const char*>(next.data()), next.size()});
    OPENSSL_cleanse(next.data(), next.size());
    return out;
  };
  Secret key("AWS4", secret_access_key.reveal());
  key = step(key, basic_iso8601(context.utc).substr(0, 8));
  key = step(key, context.region);
  key = step(key, context.service);
  return step(key, "aws4_request");
}

Signature sign_v4(HttpRequest& request, const Credentials& credentials,
                  const SigningContext& context) {
  std::erase_if(request.headers, [](const Header& header) {
    return equals_ignoring_case(header.name, "authorization") ||
           equals_ignoring_case(header.name, "x-amz-security-token");
  });
  set_header(request.headers, "x-amz-date", basic_iso8601(context.utc));
  if (context.send_payload_hash)
    set_header(request.headers, "x-amz-content-sha256", context.payload_hash);
  if (!credentials.session_token.empty())
    set_header(request.headers, "x-amz-security-token",
               std::string(credentials.session_token.reveal()));
  const auto headers = canonical_headers(request);
  auto signature = signature_of(request, credentials, context, headers, context.payload_hash);
  set_header(request.headers, "Authorization",
             std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                 v4_scope(context) + ",SignedHeaders=" + names_of(headers) +
                 ",Signature=" + signature.value);
  return signature;
}

Signature presign_v4(HttpRequest& request, const Credentials& credentials,
                     const SigningContext& context, std::chrono::seconds valid_for) {
  const auto headers = canonical_headers(request);
  request.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace_back("X-Amz-Credential",
                             credentials.access_key_id + "/" + v4_scope(context));
  request.query.emplace_back("X-Amz-Date", basic_iso8601(context.utc));
  request.query.emplace_back("X-Amz-Expires", std::to_string(valid_for.count()));
  request.query.emplace_back("X-Amz-SignedHeaders", names_of(headers));
  if (!credentials.session_token.empty())
    request.query.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  auto signature = signature_of(request, credentials, context, headers, context.payload_hash);
  request.query.emplace_back("X-Amz-Signature", signature.value);
  return signature;
}

}  // namespace rec::objstore
