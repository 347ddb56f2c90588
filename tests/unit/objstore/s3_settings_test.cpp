// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/s3_settings.h"

#include <gtest/gtest.h>

#include "tests/unit/objstore/fakes.h"

namespace rec::objstore {
namespace {

struct S3SettingsTest : testing::Test {
  // "REGION ORIGIN", with a '?' behind a region that is a guess.
  std::string resolve() {
    const auto settings = resolve_s3_settings(options, environment);
    if (!settings) return "error: " + settings.error().what;
    const auto& s = settings.value();
    return s.region + (s.region_is_known ? " " : "? ") + s.endpoint.origin();
  }
  void profile(const std::string& text) { environment.files["/home/u/.aws/config"] = text; }

  FakeEnvironment environment;
  S3Options options{.bucket = "rec"};
};

TEST_F(S3SettingsTest, WithoutAnythingAreAmazonsFirstRegionAsAGuess) {
  EXPECT_EQ(resolve(), "us-east-1? https://s3.us-east-1.amazonaws.com");
}

// Each line is stronger than those before it.
TEST_F(S3SettingsTest, RegionFromTheStrongestSource) {
  options.endpoint = "https://s3.eu-north-1.amazonaws.com";
  EXPECT_EQ(resolve(), "eu-north-1 https://s3.eu-north-1.amazonaws.com");
  options.endpoint = "https://s3.amazonaws.com";
  EXPECT_EQ(resolve(), "us-east-1? https://s3.us-east-1.amazonaws.com");
  profile("[default]\nregion = eu-west-1\n");
  EXPECT_EQ(resolve(), "eu-west-1 https://s3.eu-west-1.amazonaws.com");
  environment.variables["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(resolve(), "eu-west-2 https://s3.eu-west-2.amazonaws.com");
  environment.variables["AWS_REGION"] = "cn-north-1";
  EXPECT_EQ(resolve(), "cn-north-1 https://s3.cn-north-1.amazonaws.com.cn");
  options.region = "ap-south-1";
  EXPECT_EQ(resolve(), "ap-south-1 https://s3.ap-south-1.amazonaws.com");
}

TEST_F(S3SettingsTest, EndpointFromTheStrongestSource) {
  profile("[default]\nservices = local\nendpoint_url = http://five\n");
  EXPECT_EQ(resolve(), "us-east-1? http://five");
  profile(
      "[default]\nservices = local\nendpoint_url = http://five\n"
      "[services local]\ns3 =\n  endpoint_url = http://four\n");
  EXPECT_EQ(resolve(), "us-east-1? http://four");
  environment.variables["AWS_ENDPOINT_URL"] = "http://three";
  EXPECT_EQ(resolve(), "us-east-1? http://three");
  environment.variables["AWS_ENDPOINT_URL_S3"] = "http://two";
  EXPECT_EQ(resolve(), "us-east-1? http://two");
  options.endpoint = "rec.one.example:9000/";
  EXPECT_EQ(resolve(), "us-east-1? https://one.example:9000");
}

TEST_F(S3SettingsTest, DisableConfigLoadLooksNowhereElse) {
  environment.variables = {{"AWS_REGION", "eu-west-1"}, {"AWS_PROFILE", "nobody"}};
  EXPECT_EQ(resolve(), "error: AWS_PROFILE names the profile \"nobody\", which does not exist");
  options.disable_config_load = true;
  EXPECT_EQ(resolve(), "us-east-1? https://s3.us-east-1.amazonaws.com");
}

TEST_F(S3SettingsTest, WrongOnesSaySo) {
  options.region = "evil.example/";
  EXPECT_EQ(resolve(), "error: The region \"evil.example/\" is not valid");
  options.region.clear();
  options.endpoint = "ftp://x";
  EXPECT_EQ(resolve(), "error: The endpoint is neither http:// nor https://");
  options.bucket = "a";
  EXPECT_EQ(resolve(), "error: This cannot be the name of a bucket: \"a\"");
}

TEST_F(S3SettingsTest, AnotherRegionMovesAmazonsEndpointsOnly) {
  const auto moved = [&](const char* endpoint) {
    options.endpoint = endpoint;
    const auto settings = resolve_s3_settings(options, environment).value().in_region("eu-west-3");
    EXPECT_EQ(settings.region, "eu-west-3");
    EXPECT_TRUE(settings.region_is_known);
    return settings.endpoint.origin();
  };
  EXPECT_EQ(moved(""), "https://s3.eu-west-3.amazonaws.com");
  EXPECT_EQ(moved("https://s3.us-west-2.amazonaws.com"), "https://s3.eu-west-3.amazonaws.com");
  EXPECT_EQ(moved("http://127.0.0.1:7480"), "http://127.0.0.1:7480");
  EXPECT_EQ(moved("https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"),
            "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com");
}

}  // namespace
}  // namespace rec::objstore
