// SPDX-License-Identifier: LGPL-2.1-or-later
//
// AWS Signature Version 4, by S3's rules: the path is signed as it is sent, encoded once and never
// normalised.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/objstore/credentials.h"
#include "lib/objstore/http.h"

namespace rec::objstore {

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

struct SigningContext {
  std::string region;
  std::string service = "s3";
  Utc utc;  // the server's: the clock plus what is known of its skew
  // Lower-case SHA-256 of the body, or kUnsignedPayload.
  std::string payload_hash;
  bool send_payload_hash = true;  // as x-amz-content-sha256: S3 demands it, STS does not know it
};

// How a signature came about, to find the difference when a server refuses it. Contains no key.
struct Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string value;
};

// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token and Authorization, in place of what
// an earlier attempt left. Every header that is there is signed: add later what a proxy may change.
Signature sign_v4(HttpRequest& request, const Credentials& credentials,
                  const SigningContext& context);

// Puts the signature into the query: until it expires (at most seven days) the URL can be used
// without the key. S3 takes kUnsignedPayload here.
Signature presign_v4(HttpRequest& request, const Credentials& credentials,
                     const SigningContext& context, std::chrono::seconds valid_for);

// "20130524/us-east-1/s3/aws4_request"
std::string v4_scope(const SigningContext& context);
// Of a day, a region and a service.
Secret v4_signing_key(const Secret& secret_access_key, const SigningContext& context);

}  // namespace rec::objstore
