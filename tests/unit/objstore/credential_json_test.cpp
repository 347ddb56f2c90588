// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/credential_json.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

TEST(CredentialJson, OfTheMetadataService) {
  const auto made = parse_credential_json(
      R"({"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC",
          "AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-20T06:00:00Z"})",
      "Token", "x");
  ASSERT_TRUE(made);
  EXPECT_EQ(made.value().access_key_id, "ASIA1");
  EXPECT_EQ(made.value().secret_access_key, Secret("s"));
  EXPECT_EQ(made.value().session_token, Secret("t"));
  EXPECT_EQ(made.value().expires, parse_iso8601("2026-11-20T06:00:00Z"));
  EXPECT_EQ(made.value().source, "x");
}

TEST(CredentialJson, NeedsNeitherTokenNorExpiration) {
  const auto made = parse_credential_json(
      R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":null})", "SessionToken", "x");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made.value().session_token.empty());
  EXPECT_EQ(made.value().expires, std::nullopt);
}

TEST(CredentialJson, ThatIsWrongIsAnErrorWithoutItsContent) {
  for (const char* text :
       {"", "[]", "geheim", "{", "{}", R"({"AccessKeyId":"geheim"})",
        R"({"SecretAccessKey":"geheim"})", R"({"AccessKeyId":1,"SecretAccessKey":"geheim"})",
        R"({"AccessKeyId":" ","SecretAccessKey":"geheim"})",
        R"({"AccessKeyId":"a\r\nb","SecretAccessKey":"geheim"})",
        R"({"AccessKeyId":"a","SecretAccessKey":"geheim","Token":"a\nb"})",
        R"({"AccessKeyId":"a","SecretAccessKey":"geheim","Expiration":"soon"})"}) {
    const auto made = parse_credential_json(text, "Token", "x");
    ASSERT_FALSE(made) << text;
    EXPECT_EQ((made.error().what + made.error().hint).find("geheim"), std::string::npos);
  }
}

TEST(CredentialJson, SaysTheCodeOfARefusalIfItIsOne) {
  const auto refused =
      parse_credential_json(R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"geheim"})",
                            "Token", "the machine's role");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "The credentials of the machine's role were refused: AssumeRoleUnauthorizedAccess");
  const auto odd = parse_credential_json(R"({"Code":"a\nb"})", "Token", "x");
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().what, "The credentials of x were refused: unknown");
}

TEST(CredentialJson, VersionOfAProcess) {
  EXPECT_TRUE(has_version_1(R"({"Version":1})"));
  for (const char* bad :
       {R"({"Version":2})", R"({"Version":"1"})", R"({"Version":1.0})", "{}", "x"})
    EXPECT_FALSE(has_version_1(bad)) << bad;
}

}  // namespace
}  // namespace rec::objstore
