// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/s3_settings.h"

#include "lib/objstore/aws_profile.h"
#include "lib/objstore/object_url.h"

namespace rec::objstore {
namespace {

constexpr char kDefaultRegion[] = "us-east-1";

// What is outside of the properties.
struct Surroundings {
  std::optional<std::string> region;
  std::optional<std::string> endpoint;
};

Result<Surroundings> look_around(const Environment& environment) {
  Surroundings out;
  out.region = environment.variable("AWS_REGION");
  if (!out.region) out.region = environment.variable("AWS_DEFAULT_REGION");
  out.endpoint = environment.variable("AWS_ENDPOINT_URL_S3");
  if (!out.endpoint) out.endpoint = environment.variable("AWS_ENDPOINT_URL");
  if (out.region && out.endpoint) return out;
  const auto profiles = load_aws_profiles(environment);
  if (!profiles) return profiles.error();
  const auto& current = profiles.value().current;
  if (!out.region) out.region = profiles.value().value(current, "region");
  if (!out.endpoint) out.endpoint = profiles.value().endpoint_url("s3");
  return out;
}

}  // namespace

S3Settings S3Settings::in_region(const std::string& other) const {
  S3Settings out = *this;
  const bool amazons = endpoint == aws_s3_endpoint(region_of(endpoint));
  out.region = other;
  out.region_is_known = true;
  if (amazons) out.endpoint = aws_s3_endpoint(other);
  return out;
}

Result<S3Settings> resolve_s3_settings(const S3Options& options, const Environment& environment) {
  S3Settings out;
  if (auto good = check_bucket(options.bucket); !good) return good.error();
  out.bucket = options.bucket;
  out.addressing = options.addressing;
  Surroundings around;
  if (!options.disable_config_load) {
    auto found = look_around(environment);
    if (!found) return found.error();
    around = std::move(found.value());
  }
  out.region = !options.region.empty() ? options.region : around.region.value_or("");
  const auto url = !options.endpoint.empty() ? options.endpoint : around.endpoint.value_or("");
  bool amazons = url.empty();
  if (!amazons) {
    auto endpoint = parse_endpoint(url, options.bucket);
    if (!endpoint) return endpoint.error();
    out.endpoint = std::move(endpoint.value());
    amazons = is_global_aws_endpoint(out.endpoint);
    if (out.region.empty()) out.region = region_of(out.endpoint);
  }
  out.region_is_known = !out.region.empty();
  if (!out.region_is_known) out.region = kDefaultRegion;
  if (!is_region(out.region))
    return Error{Error::Kind::kInvalidSetting, "The region \"" + out.region + "\" is not valid",
                 "Set the region to one like eu-west-1"};
  if (amazons) out.endpoint = aws_s3_endpoint(out.region);
  return out;
}

}  // namespace rec::objstore
