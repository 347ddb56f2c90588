// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/endpoint.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

std::string normalised(std::string_view text, std::string_view bucket = "rec") {
  const auto endpoint = parse_endpoint(text, bucket);
  return endpoint ? endpoint.value().origin() + endpoint.value().base_path
                  : "error: " + endpoint.error().what;
}

Endpoint endpoint(std::string_view text) { return parse_endpoint(text, "rec").value(); }

TEST(Endpoint, IsHttpsUnlessHttpIsWritten) {
  EXPECT_EQ(normalised("minio.example.com"), "https://minio.example.com");
  EXPECT_EQ(normalised("minio.example.com:9000"), "https://minio.example.com:9000");
  EXPECT_EQ(normalised("http://localhost:7480"), "http://localhost:7480");
  EXPECT_EQ(normalised("HTTPS://S3.Example.COM/"), "https://s3.example.com");
}

TEST(Endpoint, LosesDefaultPortsSlashesAndTheBucketButKeepsAPath) {
  EXPECT_EQ(normalised("https://a.example:443//"), "https://a.example");
  EXPECT_EQ(normalised("http://a.example:80"), "http://a.example");
  EXPECT_EQ(normalised("http://a.example:443"), "http://a.example:443");
  EXPECT_EQ(normalised("https://rec.s3.eu-west-1.amazonaws.com"),
            "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(normalised("https://records.example.com"), "https://records.example.com");
  EXPECT_EQ(normalised("https://gw.example/storage/v1/s3/"), "https://gw.example/storage/v1/s3");
  EXPECT_EQ(normalised("http://[::1]:7480"), "http://[::1]:7480");
  EXPECT_EQ(normalised("gw.example/a%20b/!"), "https://gw.example/a%20b/%21");
}

TEST(Endpoint, RefusesEverythingElseWithoutRepeatingIt) {
  for (const char* bad :
       {"", "https://", "ftp://a.example", "https://user:geheim@a.example",
        "https://a.example?geheim", "https://a.example#geheim", "https://a.example:0",
        "https://a.example:65536", "https://a.example:9x", "https://a.example:", "https://a b",
        "https://a.example/../geheim", "https://a.example/%2e%2E/x", "https://a..b", "https://a\\b",
        "https://[::1", "https://[g::1]", "https://a.example/%zz", "https://a\r\nb"}) {
    const auto result = normalised(bad);
    EXPECT_TRUE(result.starts_with("error: ")) << bad << " gave " << result;
    EXPECT_EQ(result.find("geheim"), std::string::npos) << result;
  }
}

TEST(Endpoint, OfAmazonFollowsTheRegion) {
  EXPECT_EQ(aws_s3_endpoint("eu-west-1").origin(), "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(aws_s3_endpoint("cn-north-1").origin(), "https://s3.cn-north-1.amazonaws.com.cn");
  EXPECT_TRUE(is_global_aws_endpoint(endpoint("https://s3.amazonaws.com/")));
  EXPECT_FALSE(is_global_aws_endpoint(endpoint("http://s3.amazonaws.com")));
  EXPECT_FALSE(is_global_aws_endpoint(endpoint("https://s3.eu-west-1.amazonaws.com")));
}

TEST(Region, IsReadFromTheHostsOfKnownProviders) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3.eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3-eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"},
      {"s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {"s3-fips.dualstack.us-east-2.amazonaws.com", "us-east-2"},
      {"other.s3.ap-south-1.amazonaws.com", "ap-south-1"},
      {"s3.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", "us-east-1"},
      {"s3-external-1.amazonaws.com", "us-east-1"},
      {"s3.amazonaws.com", ""},
      {"s3-accelerate.amazonaws.com", ""},
      {"s3-accelerate.dualstack.amazonaws.com", ""},
      {"vpce.amazonaws.com", ""},
      {"oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"},
      {"oss-cn-hangzhou-internal.aliyuncs.com", "cn-hangzhou"},
      {"s3.oss-cn-beijing.aliyuncs.com", "cn-beijing"},
      {"cn-shanghai.oss.aliyuncs.com", "cn-shanghai"},
      {"oss-accelerate-overseas.aliyuncs.com", ""},
      {"account.r2.cloudflarestorage.com", "auto"},
      {"account.eu.r2.cloudflarestorage.com", "auto"},
      {"s3.eu-central-2.wasabisys.com", "eu-central-2"},
      {"s3.wasabisys.com", ""},
      {"s3.us-west-004.backblazeb2.com", "us-west-004"},
      {"s3.fr-par.scw.cloud", "fr-par"},
      {"ams3.digitaloceanspaces.com", "ams3"},
      {"s3.storage.example.com", ""},
      {"127.0.0.1:7480", ""},
  };
  for (const auto& [host, region] : cases) EXPECT_EQ(region_of(endpoint(host)), region) << host;
}

TEST(Region, CannotCarryMoreThanAHostLabel) {
  EXPECT_TRUE(is_region("us-east-1"));
  for (const char* bad : {"", "us_east", "evil.example/", "a/b", "A", "x\r\ny"})
    EXPECT_FALSE(is_region(bad)) << bad;
}

struct Case {
  const char* endpoint;
  Addressing style;
  const char* bucket;
  const char* url;
};

TEST(Address, PutsTheBucketWhereTheStyleSays) {
  const Case cases[] = {
      {"s3.eu-west-1.amazonaws.com", Addressing::kAuto, "rec",
       "https://rec.s3.eu-west-1.amazonaws.com/k"},
      {"s3.cn-north-1.amazonaws.com.cn", Addressing::kAuto, "rec",
       "https://rec.s3.cn-north-1.amazonaws.com.cn/k"},
      {"oss-cn-hangzhou.aliyuncs.com", Addressing::kAuto, "rec",
       "https://rec.oss-cn-hangzhou.aliyuncs.com/k"},
      {"s3.eu-west-1.amazonaws.com", Addressing::kPath, "rec",
       "https://s3.eu-west-1.amazonaws.com/rec/k"},
      {"s3.eu-west-1.amazonaws.com", Addressing::kAuto, "my.rec",
       "https://s3.eu-west-1.amazonaws.com/my.rec/k"},
      {"s3.eu-west-1.amazonaws.com", Addressing::kAuto, "Rec_1",
       "https://s3.eu-west-1.amazonaws.com/Rec_1/k"},
      {"fakeamazonaws.com", Addressing::kAuto, "rec", "https://fakeamazonaws.com/rec/k"},
      {"minio.example.com", Addressing::kAuto, "rec", "https://minio.example.com/rec/k"},
      {"http://localhost:7480", Addressing::kAuto, "rec", "http://localhost:7480/rec/k"},
      {"http://localhost:7480", Addressing::kVirtual, "rec", "http://rec.localhost:7480/k"},
      {"http://localhost:7480", Addressing::kVirtual, "my.rec", "http://my.rec.localhost:7480/k"},
      {"https://gw.example/s3", Addressing::kPath, "rec", "https://gw.example/s3/rec/k"},
      {"https://gw.example/s3", Addressing::kVirtual, "rec", "https://rec.gw.example/s3/k"},
      {"https://rec.example.com", Addressing::kCname, "other", "https://rec.example.com/k"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_endpoint(c.endpoint, "");
    ASSERT_TRUE(parsed) << c.endpoint;
    const auto made = address(parsed.value(), c.style, c.bucket, "k");
    EXPECT_EQ(made.url(), c.url);
    EXPECT_EQ(made.warning, "") << c.url;
  }
}

TEST(Address, FallsBackToPathsWhereAHostIsImpossibleAndSaysSo) {
  const Case cases[] = {
      {"https://minio.example.com", Addressing::kVirtual, "my.rec",
       "https://minio.example.com/my.rec/k"},
      {"http://127.0.0.1:7480", Addressing::kVirtual, "rec", "http://127.0.0.1:7480/rec/k"},
      {"http://[::1]:7480", Addressing::kVirtual, "rec", "http://[::1]:7480/rec/k"},
      {"http://minio.example", Addressing::kVirtual, "Rec_1", "http://minio.example/Rec_1/k"},
  };
  for (const auto& c : cases) {
    const auto made = address(endpoint(c.endpoint), c.style, c.bucket, "k");
    EXPECT_EQ(made.url(), c.url);
    EXPECT_TRUE(made.warning.starts_with("Path style is used instead of virtual hosts: ")) << c.url;
  }
}

TEST(Address, EncodesTheKeyOnceAndGivesTheHostHeader) {
  const auto made =
      address(endpoint("http://localhost:7480"), Addressing::kAuto, "rec", "a b/\xc3\xbc+%25/./c");
  EXPECT_EQ(made.path, "/rec/a%20b/%C3%BC%2B%2525/./c");
  EXPECT_EQ(made.authority, "localhost:7480");
}

TEST(Address, OfABucketHasNoKey) {
  EXPECT_EQ(address(endpoint("http://localhost"), Addressing::kPath, "rec", "").url(),
            "http://localhost/rec");
  EXPECT_EQ(address(endpoint("http://localhost"), Addressing::kVirtual, "rec", "").url(),
            "http://rec.localhost/");
}

}  // namespace
}  // namespace rec::objstore
