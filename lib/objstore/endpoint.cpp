// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

Error bad_endpoint(std::string what) {
  return {
      Error::Kind::kInvalidSetting, std::move(what),
      "Set the endpoint to https://HOST[:PORT], or http://HOST[:PORT] for a server without TLS"};
}

bool is_host(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 3 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
           });
  return !host.empty() && host.size() <= 253 && host.front() != '.' &&
         host.find("..") == std::string_view::npos &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
                  c == '_';
         });
}

bool is_ip(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);
  return host.starts_with('[') ||
         (!last.empty() &&
          std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_under(std::string_view host, std::string_view domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.');
}

Status set_authority(std::string_view authority, std::string_view bucket, Endpoint& endpoint) {
  if (authority.find('@') != std::string_view::npos)
    return bad_endpoint("The endpoint has a user or a password");
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  endpoint.host = to_lower(authority.substr(0, colon));
  if (colon != std::string_view::npos) {
    const auto port = authority.substr(colon + 1);
    unsigned number = 0;
    const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (fault != std::errc() || end != port.data() + port.size() || number == 0 || number > 65535)
      return bad_endpoint("The endpoint's port is not a number from 1 to 65535");
    if (number != (endpoint.tls ? 443U : 80U)) endpoint.port = std::to_string(number);
  }
  const std::string prefix = to_lower(bucket) + ".";
  if (prefix.size() > 1 && endpoint.host.starts_with(prefix)) endpoint.host.erase(0, prefix.size());
  if (!is_host(endpoint.host)) return bad_endpoint("The endpoint has no valid host name");
  return ok();
}

// What follows the service in "s3.REGION", "s3-fips.dualstack.REGION", "s3-REGION", with anything
// (a bucket) before it.
std::string aws_region(std::string_view host) {
  host.remove_suffix(host.ends_with(".cn") ? std::string_view(".amazonaws.com.cn").size()
                                           : std::string_view(".amazonaws.com").size());
  auto labels = split(host, '.');
  if (labels.back() == "vpce") labels.pop_back();  // interface endpoint: s3.REGION.vpce
  if (labels.empty()) return {};
  const auto last = labels.back();
  if (last == "s3-external-1") return "us-east-1";
  if (last == "s3" || last == "s3-accelerate" || last == "s3-fips" || last == "dualstack")
    return {};
  if (last.starts_with("s3-")) return std::string(last.substr(3));
  const bool service = std::any_of(labels.begin(), labels.end() - 1, [](std::string_view label) {
    return label == "s3" || label.starts_with("s3-");
  });
  return service ? std::string(last) : std::string();
}

std::string oss_region(std::string_view host) {
  host.remove_suffix(std::string_view(".aliyuncs.com").size());
  const auto labels = split(host, '.');
  if (labels.back() == "oss" && labels.size() >= 2)  // dual stack: REGION.oss.aliyuncs.com
    return std::string(labels[labels.size() - 2]);
  auto name = labels.back();
  if (!name.starts_with("oss-")) return {};
  name.remove_prefix(4);
  if (name.starts_with("accelerate")) return {};
  if (name.ends_with("-internal")) name.remove_suffix(9);
  return std::string(name);
}

// Other stores whose host name is "PREFIX REGION SUFFIX".
struct Provider {
  std::string_view prefix;
  std::string_view suffix;
};
constexpr std::array<Provider, 4> kProviders = {{{"s3.", ".wasabisys.com"},
                                                 {"s3.", ".backblazeb2.com"},
                                                 {"s3.", ".scw.cloud"},
                                                 {"", ".digitaloceanspaces.com"}}};

// Why `bucket` cannot be put in front of the host, if it cannot.
std::optional<std::string> virtual_fault(const Endpoint& endpoint, std::string_view bucket) {
  const std::string name = "\"" + std::string(bucket) + "\"";
  if (is_ip(endpoint.host)) return "the endpoint is an IP address";
  // A wildcard certificate covers one label.
  if (bucket.find('.') != std::string_view::npos && endpoint.tls)
    return "TLS certificates do not cover the dots of " + name;
  const auto labels = split(bucket, '.');
  if (bucket.size() > 63 || !std::all_of(labels.begin(), labels.end(), is_host_label))
    return name + " cannot be part of a host name";
  return std::nullopt;
}

bool wants_virtual(const Endpoint& endpoint, Addressing style, std::string_view bucket) {
  if (style == Addressing::kVirtual) return true;
  return style == Addressing::kAuto && bucket.find('.') == std::string_view::npos &&
         !virtual_fault(endpoint, bucket) &&
         (is_under(endpoint.host, "amazonaws.com") || is_under(endpoint.host, "amazonaws.com.cn") ||
          is_under(endpoint.host, "aliyuncs.com"));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text, std::string_view bucket) {
  text = trim(text);
  Endpoint endpoint;
  if (const auto colon = text.find("://"); colon != std::string_view::npos) {
    const std::string scheme = to_lower(text.substr(0, colon));
    if (scheme != "http" && scheme != "https")
      return bad_endpoint("The endpoint is neither http:// nor https://");
    endpoint.tls = scheme == "https";
    text.remove_prefix(colon + 3);
  }
  if (!is_utf8(text) || has_control(text) || text.find_first_of("?# \\") != std::string_view::npos)
    return bad_endpoint("The endpoint has more than a host, a port and a path");
  const auto slash = text.find('/');
  if (auto set = set_authority(text.substr(0, slash), bucket, endpoint); !set) return set.error();
  if (slash == std::string_view::npos) return endpoint;
  for (const auto segment : split(text.substr(slash), '/')) {
    const auto decoded = percent_decode(segment);
    if (!decoded || *decoded == "." || *decoded == ".." || has_control(*decoded))
      return bad_endpoint("The endpoint's path is not well-formed");
    if (!segment.empty()) endpoint.base_path += "/" + percent_encode(*decoded);
  }
  return endpoint;
}

Endpoint aws_s3_endpoint(std::string_view region) {
  Endpoint endpoint;
  endpoint.host = "s3." + std::string(region) + ".amazonaws.com";
  if (region.starts_with("cn-")) endpoint.host += ".cn";
  return endpoint;
}

bool is_global_aws_endpoint(const Endpoint& endpoint) {
  return endpoint == Endpoint{true, "s3.amazonaws.com", {}, {}};
}

std::string region_of(const Endpoint& endpoint) {
  const std::string_view host = endpoint.host;
  std::string region;
  if (is_under(host, "r2.cloudflarestorage.com")) return "auto";
  if (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
    region = aws_region(host);
  else if (host.ends_with(".aliyuncs.com"))
    region = oss_region(host);
  for (const auto& [prefix, suffix] : kProviders)
    if (host.starts_with(prefix) && host.ends_with(suffix) &&
        host.size() > prefix.size() + suffix.size())
      region = host.substr(prefix.size(), host.size() - prefix.size() - suffix.size());
  return is_region(region) ? region : std::string();
}

bool is_region(std::string_view text) { return is_host_label(text); }

ObjectAddress address(const Endpoint& endpoint, Addressing style, std::string_view bucket,
                      std::string_view key) {
  ObjectAddress out;
  std::string authority = endpoint.authority();
  std::string path = endpoint.base_path;
  const auto fault = virtual_fault(endpoint, bucket);
  if (style == Addressing::kVirtual && fault) {
    out.warning = "Path style is used instead of virtual hosts: " + *fault;
    style = Addressing::kPath;
  }
  if (wants_virtual(endpoint, style, bucket))
    authority = std::string(bucket) + "." + authority;
  else if (style != Addressing::kCname)
    path += "/" + percent_encode(bucket);
  if (!key.empty() || path.empty()) path += "/" + percent_encode_path(key);
  out.origin = (endpoint.tls ? "https://" : "http://") + authority;
  out.authority = std::move(authority);
  out.path = std::move(path);
  return out;
}

}  // namespace rec::objstore
