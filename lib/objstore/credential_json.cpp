// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/objstore/http.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

using nlohmann::json;

Error bad(const std::string& source, const std::string& why) {
  return {Error::Kind::kDenied, "The credentials of " + source + " " + why,
          "Check that this source is set up, or choose another one"};
}

std::string text_of(const json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string code_of(const json& object) {
  auto code = text_of(object, "Code");
  const bool plain = code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
                       return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                     });
  return plain ? code : "unknown";
}

}  // namespace

Result<Credentials> parse_credential_json(std::string_view text, std::string_view token_name,
                                          const std::string& source) {
  const auto object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return bad(source, "are not a JSON object");
  if (const auto code = code_of(object); !code.empty() && code != "Success")
    return bad(source, "were refused: " + code);
  auto made = make_credentials(text_of(object, "AccessKeyId"), text_of(object, "SecretAccessKey"),
                               text_of(object, token_name), source);
  if (!made) return made;
  const auto expiration = text_of(object, "Expiration");
  if (expiration.empty()) return made;
  made.value().expires = parse_iso8601(expiration);
  if (!made.value().expires) return bad(source, "have an expiration that is not a time");
  return made;
}

bool has_version_1(std::string_view text) {
  const auto object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return false;
  const auto version = object.find("Version");
  return version != object.end() && version->is_number_integer() && *version == 1;
}

Result<Credentials> make_credentials(std::string_view access_key_id, std::string_view secret,
                                     std::string_view token, const std::string& source) {
  Credentials out;
  out.access_key_id = trim(access_key_id);
  out.secret_access_key = Secret(trim(secret));
  out.session_token = Secret(trim(token));
  out.source = source;
  if (out.access_key_id.empty()) return bad(source, "have no access key id");
  if (out.secret_access_key.empty()) return bad(source, "have no secret access key");
  if (!is_header_value(out.access_key_id) || !is_header_value(out.session_token.reveal()))
    return bad(source, "have a control character");
  return out;
}

}  // namespace rec::objstore
