// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/aws_profile.h"

#include <gtest/gtest.h>

#include "tests/unit/objstore/fakes.h"

namespace rec::objstore {
namespace {

TEST(Ini, HasSectionsKeysAndComments) {
  const auto file = parse_ini(
      "stray = 1\n# a comment\n[default]\r\nRegion = eu-west-1\r\n; another\n\n"
      "aws_secret_access_key = a/b+c#d;e==\n[ b ]\nempty =\n= nameless\nno equals\nx=1\nx = "
      "2\n[bad\ny=1\n");
  const IniFile expected = {
      {"default", {{"region", "eu-west-1"}, {"aws_secret_access_key", "a/b+c#d;e=="}}},
      {"b", {{"empty", ""}, {"x", "2"}}}};
  EXPECT_EQ(file, expected);
}

TEST(Ini, NestsKeysBelowAnEmptyOneAndContinuesOthers) {
  const auto file = parse_ini(
      "[services local]\ns3 =\n  endpoint_url = http://127.0.0.1:9000\n  Other=1\nsts =\n"
      "\tendpoint_url = http://sts\n[default]\ncredential_process = get\n  keys now\nregion=x\n");
  const IniFile expected = {{"services local",
                             {{"s3", ""},
                              {"s3.endpoint_url", "http://127.0.0.1:9000"},
                              {"s3.other", "1"},
                              {"sts", ""},
                              {"sts.endpoint_url", "http://sts"}}},
                            {"default", {{"credential_process", "get keys now"}, {"region", "x"}}}};
  EXPECT_EQ(file, expected);
}

// People indent whole sections.
TEST(Ini, LinesOfOneIndentationAreKeys) {
  const auto file = parse_ini("[default]\n  a = 1\n  b = 2\n  [c]\n  d = 3\n");
  const IniFile expected = {{"default", {{"a", "1"}, {"b", "2"}}}, {"c", {{"d", "3"}}}};
  EXPECT_EQ(file, expected);
}

struct ProfilesTest : testing::Test {
  AwsProfiles load() {
    auto loaded = load_aws_profiles(environment);
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded ? loaded.value() : AwsProfiles{};
  }
  FakeEnvironment environment;
};

TEST_F(ProfilesTest, NoFilesAreNoProfiles) {
  const auto profiles = load();
  EXPECT_EQ(profiles.current, "default");
  EXPECT_FALSE(profiles.chosen);
  EXPECT_FALSE(profiles.has("default"));
}

TEST_F(ProfilesTest, TheCredentialsFileComesFirst) {
  environment.files["/home/u/.aws/credentials"] = "[rec]\naws_access_key_id = A\nregion = x\n";
  environment.files["/home/u/.aws/config"] =
      "[profile rec]\naws_access_key_id = B\nregion = y\nrole_arn = r\n[default]\nregion = z\n"
      "[profile \"two words\"]\nregion = w\n[rec2]\nregion = not a profile\n";
  environment.variables["AWS_PROFILE"] = "rec";
  const auto profiles = load();
  EXPECT_EQ(profiles.current, "rec");
  EXPECT_TRUE(profiles.chosen);
  EXPECT_EQ(profiles.value("rec", "aws_access_key_id"), "A");
  EXPECT_EQ(profiles.value("rec", "region"), "x");
  EXPECT_EQ(profiles.value("rec", "role_arn"), "r");
  EXPECT_EQ(profiles.value("default", "region"), "z");
  EXPECT_EQ(profiles.value("two words", "region"), "w");
  EXPECT_EQ(profiles.value("rec", "nothing"), std::nullopt);
  EXPECT_FALSE(profiles.has("rec2"));
}

TEST_F(ProfilesTest, FilesCanBeElsewhere) {
  environment.variables["AWS_SHARED_CREDENTIALS_FILE"] = "/etc/c";
  environment.variables["AWS_CONFIG_FILE"] = "~/f";
  environment.variables["AWS_DEFAULT_PROFILE"] = "p";
  environment.files["/etc/c"] = "[p]\na=1\n";
  environment.files["/home/u/f"] = "[profile default]\nb=2\n[default]\nb=3\n";
  const auto profiles = load();
  EXPECT_EQ(profiles.value("p", "a"), "1");
  EXPECT_EQ(profiles.value("default", "b"), "2");  // "profile default" wins, as in the SDKs
}

TEST_F(ProfilesTest, AProfileThatIsNamedMustExist) {
  environment.variables["AWS_PROFILE"] = "nobody";
  const auto loaded = load_aws_profiles(environment);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().what, "AWS_PROFILE names the profile \"nobody\", which does not exist");
}

TEST_F(ProfilesTest, EndpointsOfServices) {
  environment.files["/home/u/.aws/config"] =
      "[default]\nservices = local\nendpoint_url = http://all\n[services local]\ns3 =\n"
      "  endpoint_url = http://127.0.0.1:9000\n";
  const auto profiles = load();
  EXPECT_EQ(profiles.endpoint_url("s3"), "http://127.0.0.1:9000");
  EXPECT_EQ(profiles.endpoint_url("sts"), "http://all");
}

}  // namespace
}  // namespace rec::objstore
