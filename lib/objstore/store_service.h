// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What differs between the services: where a key is, how a request is signed. Everything else is
// common to S3 and OSS.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "lib/objstore/credentials.h"
#include "lib/objstore/failure.h"
#include "lib/objstore/http.h"
#include "lib/objstore/s3_settings.h"

namespace rec::objstore {

class StoreService {  // any thread
 public:
  virtual ~StoreService() = default;
  virtual Dialect dialect() const = 0;
  // Addressed to the key, or to the bucket if it is empty; nothing else is set.
  virtual HttpRequest request(std::string_view method, std::string_view key) const = 0;
  // `payload_sha256`: lower-case hexadecimal; empty leaves the payload unsigned.
  virtual void sign(HttpRequest& request, const Credentials& credentials, Utc now,
                    std::string_view payload_sha256) const = 0;
  // False: the bucket is thought to be there already.
  virtual bool move_to(const std::string& region) = 0;
  virtual std::string uri(std::string_view key) const = 0;  // "s3://bucket/key", for people
};

class S3Service : public StoreService {
 public:
  S3Service(S3Settings settings, std::string ca_file, bool verify_tls);
  Dialect dialect() const override { return Dialect::kS3; }
  HttpRequest request(std::string_view method, std::string_view key) const override;
  void sign(HttpRequest& request, const Credentials& credentials, Utc now,
            std::string_view payload_sha256) const override;
  bool move_to(const std::string& region) override;
  std::string uri(std::string_view key) const override;

 private:
  S3Settings settings() const;

  const std::string ca_file_;
  const bool verify_tls_;
  mutable std::mutex lock_;
  S3Settings settings_;
};

}  // namespace rec::objstore
