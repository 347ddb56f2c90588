// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/object_url.h"

#include <algorithm>
#include <array>

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr char kUrlHint[] =
    "Write s3://bucket/path?option=value, with %3F, %23 and %25 for ?, # and %";
constexpr char kSecretHint[] =
    "Set the key by its property, the environment or a credentials file, never in a URL";

// In the spelling of the properties and of the services' own tools.
constexpr std::array<std::string_view, 8> kSecretOptions = {
    "secret-access-key", "session-token",         "access-key-secret", "security-token",
    "access-key-id",     "aws-secret-access-key", "aws-session-token", "aws-access-key-id"};

Error bad_url(std::string what) {
  return {Error::Kind::kInvalidSetting, std::move(what), kUrlHint};
}

Error bad_key(std::string what) {
  return {Error::Kind::kInvalidSetting, std::move(what),
          "Choose another root, stream name or path template"};
}

bool is_secret(std::string_view option) {
  std::string name = to_lower(option);
  std::replace(name.begin(), name.end(), '_', '-');
  return std::find(kSecretOptions.begin(), kSecretOptions.end(), name) != kSecretOptions.end();
}

Status parse_options(std::string_view query, ObjectUrl& url) {
  for (const auto option : split(query, '&')) {
    if (option.empty()) continue;
    const auto equals = option.find('=');
    const auto name = percent_decode(option.substr(0, equals));
    if (!name || name->empty()) return bad_url("The storage URL has an option without a name");
    if (is_secret(*name))
      return Error{Error::Kind::kInvalidSetting, "The storage URL has the option \"" + *name + "\"",
                   kSecretHint};
    if (equals == std::string_view::npos)
      return bad_url("The storage URL's option \"" + *name + "\" has no value");
    auto value = percent_decode(option.substr(equals + 1));
    if (!value || !is_utf8(*value) || has_control(*value))
      return bad_url("The storage URL's option \"" + *name + "\" is not well-formed");
    url.options.emplace_back(*name, std::move(*value));
  }
  return ok();
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

Result<ObjectUrl> parse_object_url(std::string_view text) {
  ObjectUrl url;
  const auto colon = text.find("://");
  url.scheme = to_lower(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || !is_scheme(url.scheme))
    return bad_url("The storage URL has no scheme");
  auto rest = text.substr(colon + 3);
  if (rest.find('#') != std::string_view::npos) return bad_url("The storage URL has a '#'");
  const auto question = rest.find('?');
  const auto query = question == std::string_view::npos ? "" : rest.substr(question + 1);
  rest = rest.substr(0, question);
  const auto slash = rest.find('/');
  const auto bucket = rest.substr(0, slash);
  if (bucket.find('@') != std::string_view::npos)
    return Error{Error::Kind::kInvalidSetting,
                 "The storage URL has a user or a password before its bucket", kSecretHint};
  if (auto valid = check_bucket(bucket); !valid) return valid.error();
  url.bucket = bucket;
  if (slash != std::string_view::npos) {
    auto path = percent_decode(rest.substr(slash + 1));
    if (!path || !is_utf8(*path) || has_control(*path))
      return bad_url("The storage URL's path is not well-formed");
    url.path = std::move(*path);
  }
  if (auto parsed = parse_options(query, url); !parsed) return parsed.error();
  return url;
}

Status check_bucket(std::string_view bucket) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  if (bucket.empty())
    return Error{Error::Kind::kInvalidSetting, "No bucket", "Name the bucket: s3://bucket/path"};
  if (bucket.size() < 3 || bucket.size() > 255 ||
      !std::all_of(bucket.begin(), bucket.end(), allowed) || bucket.front() == '.' ||
      bucket.find("..") != std::string_view::npos) {
    const bool printable = bucket.size() <= 255 && is_utf8(bucket) && !has_control(bucket);
    return Error{Error::Kind::kInvalidSetting,
                 "This cannot be the name of a bucket" +
                     (printable ? ": \"" + std::string(bucket) + "\"" : std::string()),
                 "A bucket has 3 to 63 lower-case letters, digits, '-' and '.'"};
  }
  return ok();
}

Result<std::string> object_key(std::string_view root, std::string_view path,
                               std::size_t max_bytes) {
  std::string key;
  const auto append = [&key](std::string_view text) {
    for (const auto segment : split(text, '/')) {
      if (segment.empty()) continue;
      key += segment;
      key += '/';
    }
  };
  append(root);
  path = trim(path);
  const std::size_t root_size = key.size();
  append(path);
  if (key.size() == root_size) return bad_key("The object key is empty");
  if (!path.ends_with('/')) key.pop_back();
  if (!is_utf8(key)) return bad_key("The object key is not UTF-8");
  if (has_control(key)) return bad_key("The object key has a control character");
  for (const auto segment : split(key, '/'))
    if (segment == "." || segment == "..")
      return bad_key("The object key \"" + key + "\" has the segment \"" + std::string(segment) +
                     "\"");
  if (key.size() > max_bytes)
    return bad_key("The object key has " + std::to_string(key.size()) + " bytes (at most " +
                   std::to_string(max_bytes) + ")");
  return key;
}

}  // namespace rec::objstore
