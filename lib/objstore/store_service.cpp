// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/store_service.h"

#include "lib/objstore/sigv4_signer.h"

namespace rec::objstore {

S3Service::S3Service(S3Settings settings, std::string ca_file, bool verify_tls)
    : ca_file_(std::move(ca_file)), verify_tls_(verify_tls), settings_(std::move(settings)) {}

S3Settings S3Service::settings() const {
  const std::lock_guard l(lock_);
  return settings_;
}

HttpRequest S3Service::request(std::string_view method, std::string_view key) const {
  const auto now = settings();
  const auto target = address(now.endpoint, now.addressing, now.bucket, key);
  HttpRequest out;
  out.method = method;
  out.origin = target.origin;
  out.path = target.path;
  out.ca_file = ca_file_;
  out.verify_tls = verify_tls_;
  return out;
}

void S3Service::sign(HttpRequest& request, const Credentials& credentials, Utc now,
                     std::string_view payload_sha256) const {
  SigningContext context;
  context.region = settings().region;
  context.utc = now;
  context.payload_hash = payload_sha256.empty() ? kUnsignedPayload : payload_sha256;
  sign_v4(request, credentials, context);
}

bool S3Service::move_to(const std::string& region) {
  const std::lock_guard l(lock_);
  if (settings_.region == region) return false;
  settings_ = settings_.in_region(region);
  return true;
}

std::string S3Service::uri(std::string_view key) const {
  return "s3://" + settings().bucket + (key.empty() ? "" : "/" + std::string(key));
}

}  // namespace rec::objstore
