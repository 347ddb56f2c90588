// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the bucket is: region and endpoint, from properties, environment and profile, in the order
// of the AWS SDKs.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/objstore/endpoint.h"
#include "lib/objstore/environment.h"

namespace rec::objstore {

struct S3Options {  // as the user set them; empty: not set
  std::string bucket;
  std::string region;
  std::string endpoint;
  Addressing addressing = Addressing::kAuto;
  bool disable_config_load = false;  // neither variables nor files
};

struct S3Settings {
  std::string bucket;
  Endpoint endpoint;
  std::string region;  // that requests are signed for
  // False: `region` is a guess. Ask the machine that the credentials come from, if any, and believe
  // the store when it names another one.
  bool region_is_known = false;
  Addressing addressing = Addressing::kAuto;

  // For a bucket that turned out to be elsewhere. An endpoint of Amazon's own form follows; any
  // other stays, and nothing but the signature changes: an answer cannot send the recording
  // somewhere.
  S3Settings in_region(const std::string& other) const;
};

// Reads files.
Result<S3Settings> resolve_s3_settings(const S3Options& options, const Environment& environment);

}  // namespace rec::objstore
