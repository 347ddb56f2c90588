// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/object_url.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

TEST(ObjectUrl, HasABucketAPathAndOptions) {
  const auto url = parse_object_url(
      "s3://rec/calls/2026?region=eu-west-1&endpoint=http://127.0.0.1:7480&&root=a%26b+c");
  ASSERT_TRUE(url) << url.error().what;
  EXPECT_EQ(url.value().scheme, "s3");
  EXPECT_EQ(url.value().bucket, "rec");
  EXPECT_EQ(url.value().path, "calls/2026");
  EXPECT_EQ(
      url.value().options,
      (Options{{"region", "eu-west-1"}, {"endpoint", "http://127.0.0.1:7480"}, {"root", "a&b+c"}}));
}

TEST(ObjectUrl, NeedsNoPathAndIgnoresTheCaseOfTheScheme) {
  const auto plain = parse_object_url("S3://rec");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain.value().scheme, "s3");
  EXPECT_EQ(plain.value().path, "");
  EXPECT_TRUE(plain.value().options.empty());
  const auto slash = parse_object_url("oss://rec/?region=cn-hangzhou");
  ASSERT_TRUE(slash);
  EXPECT_EQ(slash.value().path, "");
  EXPECT_EQ(slash.value().options.size(), 1U);
}

TEST(ObjectUrl, DecodesThePathOnce) {
  const auto url = parse_object_url("s3://rec/%C3%BC%20a%3Fb%2523/c");
  ASSERT_TRUE(url);
  EXPECT_EQ(url.value().path, "\xc3\xbc a?b%23/c");
}

TEST(ObjectUrl, RefusesWhatIsNotOne) {
  for (const char* bad : {"", "rec/a", "s3:/rec", "://rec", "s3://", "s3:///key", "s3://ab",
                          "s3://a b c/k", "s3://rec/%zz", "s3://rec/%ff", "s3://rec/%00",
                          "s3://rec/a#b", "s3://rec?=x", "s3://rec?region", "s3://rec?region=%0a",
                          "s3://re/c", "s3://a..b", "s3://.abc", "s_3://rec"})
    EXPECT_FALSE(parse_object_url(bad)) << bad;
}

TEST(ObjectUrl, RefusesSecretsWithoutRepeatingThem) {
  for (const char* url :
       {"s3://AKID:geheim@rec/k", "s3://geheim@rec", "s3://rec/k?secret-access-key=geheim",
        "s3://rec/k?SECRET_ACCESS_KEY=geheim", "s3://rec?session_token=geheim",
        "oss://rec?access-key-secret=geheim", "oss://rec?security-token=geheim",
        "s3://rec?access-key-id=geheim", "s3://rec?session%2Dtoken=geheim"}) {
    const auto parsed = parse_object_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().kind, Error::Kind::kInvalidSetting);
    EXPECT_EQ(parsed.error().what.find("geheim"), std::string::npos) << parsed.error().what;
    EXPECT_NE(parsed.error().hint.find("never in a URL"), std::string::npos);
  }
}

TEST(Bucket, IsAnythingThatAPathCanCarry) {
  for (const char* good : {"rec", "my.rec-1", "Old_Bucket", "1ab"}) EXPECT_TRUE(check_bucket(good));
  for (const char* bad : {"", "ab", "a/b", "a b", "a:b", "a%b", "..."}) {
    const auto status = check_bucket(bad);
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().kind, Error::Kind::kInvalidSetting);
  }
  EXPECT_FALSE(check_bucket(std::string(256, 'a')));
}

std::string key(std::string_view root, std::string_view path) {
  auto made = object_key(root, path);
  return made ? made.value() : "error: " + made.error().what;
}

TEST(ObjectKey, JoinsRootAndPath) {
  for (const char* root : {"recordings", "/recordings", "recordings/", "//recordings//"})
    EXPECT_EQ(key(root, "room/1.mp4"), "recordings/room/1.mp4") << root;
  for (const char* root : {"", "/", "//"}) EXPECT_EQ(key(root, "1.mp4"), "1.mp4") << root;
  EXPECT_EQ(key("/a//b/", " //c///d.mp4 "), "a/b/c/d.mp4");
  EXPECT_EQ(key(" a ", "b"), " a /b");  // blanks of a root are the user's
  EXPECT_EQ(key("a", "b/"), "a/b/");
  EXPECT_EQ(key("", "a?b#c%20&+ \xc3\xbc"), "a?b#c%20&+ \xc3\xbc");
}

TEST(ObjectKey, RefusesWhatAStoreOrAUrlWouldChange) {
  for (const char* path : {"", " ", "/", "a/../b", "..", "./a", "a/.", "a\nb", "a\x7f", "a\xff"})
    EXPECT_TRUE(key("root", path).starts_with("error: ")) << path;
  EXPECT_TRUE(key("../up", "a").starts_with("error: "));
  EXPECT_EQ(key("", "..a/b..c/..."), "..a/b..c/...");
}

TEST(ObjectKey, IsAtMostAsLongAsTheStoreAllows) {
  EXPECT_EQ(key("", std::string(1024, 'k')), std::string(1024, 'k'));
  EXPECT_EQ(key("", std::string(1025, 'k')), "error: The object key has 1025 bytes (at most 1024)");
  EXPECT_FALSE(object_key("", std::string(1024, 'k'), 1023));
}

}  // namespace
}  // namespace rec::objstore
