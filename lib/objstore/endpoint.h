// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From an endpoint as a user writes it to the host and path that an object's request goes to.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace rec::objstore {

struct Endpoint {
  bool tls = true;
  std::string host;       // lower-case, without port; IPv6 in brackets
  std::string port;       // empty: the scheme's own
  std::string base_path;  // percent-encoded as given; "" or "/x/y", no slash at the end

  std::string authority() const { return port.empty() ? host : host + ":" + port; }
  std::string origin() const { return (tls ? "https://" : "http://") + authority(); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// No scheme means https; http only if it is written. Slashes at the end and a leading `bucket.` are
// dropped, a path is kept, a user, a query and a fragment are refused.
Result<Endpoint> parse_endpoint(std::string_view text, std::string_view bucket);

// The endpoint of Amazon S3 for a region: nothing set, or exactly https://s3.amazonaws.com.
Endpoint aws_s3_endpoint(std::string_view region);
bool is_global_aws_endpoint(const Endpoint& endpoint);

// The region that a provider's host name says, "" if it says none: "s3.eu-west-1.amazonaws.com",
// "oss-cn-hangzhou-internal.aliyuncs.com" (cn-hangzhou), Cloudflare R2 ("auto") and some more.
std::string region_of(const Endpoint& endpoint);

// What a region may be before it becomes part of a host name or of a signature.
bool is_region(std::string_view text);

enum class Addressing {
  kAuto,     // virtual at amazonaws.com and aliyuncs.com, otherwise path
  kPath,     // host/bucket/key
  kVirtual,  // bucket.host/key
  kCname,    // host/key: the host is the bucket's own name
};

struct ObjectAddress {
  std::string origin;     // "https://bucket.s3.eu-west-1.amazonaws.com"
  std::string authority;  // what the Host header says
  std::string path;       // as sent and as signed, percent-encoded once; at least "/"
  std::string warning;    // not empty: virtual addressing was asked for and is not possible
  std::string url() const { return origin + path; }
};

// An empty `key` addresses the bucket.
ObjectAddress address(const Endpoint& endpoint, Addressing style, std::string_view bucket,
                      std::string_view key);

}  // namespace rec::objstore
