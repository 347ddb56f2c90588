// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/failure.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

using Kind = FailureClass;
using std::chrono::milliseconds;

const Utc kNow = *parse_iso8601("2026-11-20T05:00:00Z");

HttpAnswer answer(int status, const std::string& code = {}, Headers headers = {}) {
  return {status, std::move(headers),
          code.empty() ? "" : "<Error><Code>" + code + "</Code><Message>geheim</Message></Error>"};
}

Kind kind(int status, const std::string& code = {}, Headers headers = {},
          Dialect dialect = Dialect::kS3) {
  return failure_of(answer(status, code, std::move(headers)), dialect, kNow).kind;
}

TEST(Failure, TransientOnes) {
  for (const int status : {408, 409, 499, 500, 502, 503, 504, 520})
    EXPECT_EQ(kind(status), Kind::kTransient) << status;
  EXPECT_EQ(kind(500, "InternalError"), Kind::kTransient);
  EXPECT_EQ(kind(400, "RequestTimeout"), Kind::kTransient);
  EXPECT_EQ(kind(400, "IncompleteBody"), Kind::kTransient);
  EXPECT_EQ(kind(409, "OperationAborted"), Kind::kTransient);
  EXPECT_EQ(kind(409, "ConditionalRequestConflict"), Kind::kTransient);
}

TEST(Failure, Throttling) {
  EXPECT_EQ(kind(429), Kind::kThrottle);
  for (const char* code :
       {"SlowDown", "ThrottlingException", "Throttling.User", "RequestLimitExceeded",
        "BandwidthLimitExceeded", "QpsLimitExceeded", "ExceedBucketQPSLimit"})
    EXPECT_EQ(kind(503, code), Kind::kThrottle) << code;
}

TEST(Failure, OnesThatAnotherRequestCures) {
  for (const char* code : {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"})
    EXPECT_EQ(kind(400, code), Kind::kIntegrity) << code;
  for (const char* code : {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                           "SecurityTokenExpired", "InvalidSecurityToken"})
    EXPECT_EQ(kind(400, code), Kind::kAuth) << code;
  EXPECT_EQ(kind(403, "RequestTimeTooSkewed"), Kind::kClock);
  EXPECT_EQ(kind(501), Kind::kNotImplemented);
  EXPECT_EQ(kind(501, "NotImplemented"), Kind::kNotImplemented);
  EXPECT_EQ(kind(412, "PreconditionFailed"), Kind::kExists);
  EXPECT_EQ(kind(409, "FileAlreadyExists"), Kind::kExists);
}

TEST(Failure, FatalOnes) {
  for (const char* code : {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
    EXPECT_EQ(kind(403, code), Kind::kFatal) << code;
  EXPECT_EQ(kind(404, "NoSuchBucket"), Kind::kFatal);
  EXPECT_EQ(kind(400, "EntityTooLarge"), Kind::kFatal);
  EXPECT_EQ(kind(409, "PositionNotEqualToLength"), Kind::kFatal);
  EXPECT_EQ(kind(400), Kind::kFatal);
  EXPECT_EQ(kind(418), Kind::kFatal);
}

TEST(Failure, OfOssDiffersWhereOssDoes) {
  EXPECT_EQ(kind(401), Kind::kFatal);
  EXPECT_EQ(kind(401, {}, {}, Dialect::kOss), Kind::kTransient);
  EXPECT_EQ(kind(400, "BadRequest"), Kind::kFatal);
  EXPECT_EQ(kind(400, "BadRequest", {}, Dialect::kOss), Kind::kTransient);
}

TEST(Failure, RegionComesFromTheHeaderOrTheBody) {
  for (const int status : {301, 302, 307, 308}) EXPECT_EQ(kind(status), Kind::kRegion) << status;
  const Headers header = {{"X-Amz-Bucket-Region", "eu-west-1"}};
  EXPECT_EQ(kind(400, {}, header), Kind::kRegion);  // HEAD has no body
  const auto malformed = [](const std::string& body) {
    return failure_of(HttpAnswer{400, {}, body}, Dialect::kS3, kNow);
  };
  const auto told = malformed(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>");
  EXPECT_EQ(told.kind, Kind::kRegion);
  EXPECT_EQ(told.service.region, "eu-west-1");
  EXPECT_EQ(malformed("<Error><Code>AuthorizationHeaderMalformed</Code></Error>").kind,
            Kind::kFatal);
  const auto evil =
      failure_of(answer(301, {}, {{"x-amz-bucket-region", "evil.example/"}}), Dialect::kS3, kNow);
  EXPECT_EQ(evil.service.region, "");
}

TEST(Failure, ARefusedSignatureFromAnotherTimeIsTheClocks) {
  const auto dated = [](int status, const char* code, const char* date) {
    return failure_of(answer(status, code, {{"Date", date}}), Dialect::kS3, kNow);
  };
  constexpr char kSoon[] = "Fri, 20 Nov 2026 05:04:00 GMT";
  constexpr char kLater[] = "Fri, 20 Nov 2026 06:00:00 GMT";
  constexpr char kEarlier[] = "Fri, 20 Nov 2026 04:00:00 GMT";
  EXPECT_EQ(dated(403, "SignatureDoesNotMatch", kLater).kind, Kind::kClock);
  EXPECT_EQ(dated(403, "AccessDenied", kEarlier).kind, Kind::kClock);
  EXPECT_EQ(dated(403, "", kEarlier).service.server_time, parse_http_date(kEarlier));
  EXPECT_EQ(dated(403, "AccessDenied", kSoon).kind, Kind::kFatal);
  EXPECT_EQ(dated(403, "InvalidAccessKeyId", kLater).kind, Kind::kFatal);
  EXPECT_EQ(dated(404, "NoSuchBucket", kLater).kind, Kind::kFatal);
  // The body knows it better.
  const auto told = failure_of(HttpAnswer{403,
                                          {{"Date", kLater}},
                                          "<Error><Code>RequestTimeTooSkewed</Code>"
                                          "<ServerTime>2026-11-20T07:00:00Z</ServerTime></Error>"},
                               Dialect::kS3, kNow);
  EXPECT_EQ(told.service.server_time, parse_iso8601("2026-11-20T07:00:00Z"));
}

TEST(Failure, InASuccess) {
  const HttpAnswer ok{200, {}, {}};
  EXPECT_TRUE(is_success(ok));
  EXPECT_TRUE(is_success(HttpAnswer{204, {}, {}}));
  EXPECT_FALSE(is_success(HttpAnswer{301, {}, {}}));
  EXPECT_FALSE(is_success(HttpAnswer{100, {}, {}}));
  const auto embedded = [&](const char* code) {
    ServiceError error;
    error.code = code;
    return failure_of(ok, error, Dialect::kS3, kNow).kind;
  };
  EXPECT_EQ(embedded("InternalError"), Kind::kTransient);
  EXPECT_EQ(embedded(""), Kind::kTransient);
  EXPECT_EQ(embedded("SlowDown"), Kind::kThrottle);
  EXPECT_EQ(embedded("AccessDenied"), Kind::kFatal);
}

TEST(Failure, RetryAfterIsHonouredWithinReason) {
  const auto wait = [](Headers headers) {
    return failure_of(answer(503, "SlowDown", std::move(headers)), Dialect::kS3, kNow).retry_after;
  };
  EXPECT_EQ(wait({{"x-amz-retry-after", "1500"}}), milliseconds(1500));
  EXPECT_EQ(wait({{"Retry-After", "7"}}), milliseconds(7000));
  EXPECT_EQ(wait({{"Retry-After", "7"}, {"x-amz-retry-after", "1"}}), milliseconds(1));
  EXPECT_EQ(wait({{"Retry-After", "999999999999"}}), std::chrono::minutes(5));
  for (const char* bad : {"", "-1", "soon", "1.5", "Fri, 20 Nov 2026 05:04:00 GMT"})
    EXPECT_EQ(wait({{"Retry-After", bad}}), std::nullopt) << bad;
}

TEST(Failure, OfTheTransport) {
  using T = TransportError::Kind;
  const auto of = [](T what) { return failure_of(TransportError{what, "x"}); };
  for (const T what : {T::kResolve, T::kConnect, T::kBroken}) {
    EXPECT_EQ(of(what).kind, Kind::kTransient);
    EXPECT_FALSE(of(what).timed_out);
  }
  for (const T what : {T::kTimeout, T::kStalled}) {
    EXPECT_EQ(of(what).kind, Kind::kTransient);
    EXPECT_TRUE(of(what).timed_out);
  }
  for (const T what : {T::kTls, T::kTooLarge, T::kBadRequest})
    EXPECT_EQ(of(what).kind, Kind::kFatal);
  EXPECT_EQ(of(T::kCancelled).kind, Kind::kCancelled);
}

TEST(Failure, SaysWhatWhereAndWhatToDo) {
  const auto denied = failure_of(
      answer(403, "AccessDenied", {{"x-amz-request-id", "4442587FB7D0A2F9"}}), Dialect::kS3, kNow);
  const auto error = error_of(denied, "PUT s3://rec/k", "s3.example.com");
  EXPECT_EQ(error.kind, Error::Kind::kDenied);
  EXPECT_EQ(error.what,
            "PUT s3://rec/k at s3.example.com: 403 AccessDenied (request 4442587FB7D0A2F9)");
  EXPECT_TRUE(error.hint.starts_with("Allow the key to put"));
  const auto moved = failure_of(
      answer(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-west-1"}}), Dialect::kS3, kNow);
  EXPECT_EQ(error_of(moved, "HEAD s3://rec", "h").what,
            "HEAD s3://rec at h: 301 PermanentRedirect; the bucket is in eu-west-1");
  const auto lost =
      failure_of(TransportError{TransportError::Kind::kConnect, "connection refused"});
  EXPECT_EQ(error_of(lost, "PUT s3://rec/k", "h:1").what,
            "PUT s3://rec/k at h:1: connection refused");
}

// Of a refused signature the service repeats the key and what was signed.
TEST(Failure, NeverRepeatsTheServicesMessage) {
  for (const char* code : {"SignatureDoesNotMatch", "InvalidAccessKeyId", "Unknown"}) {
    const auto error =
        error_of(failure_of(answer(403, code), Dialect::kS3, kNow), "PUT s3://rec/k", "h");
    EXPECT_EQ((error.what + error.hint).find("geheim"), std::string::npos);
  }
}

TEST(Failure, HasAKindThatAnApplicationCanUse) {
  const auto kind_of = [](int status, const std::string& code) {
    return error_of(failure_of(answer(status, code), Dialect::kS3, kNow), "x", "h").kind;
  };
  EXPECT_EQ(kind_of(404, "NoSuchBucket"), Error::Kind::kNotFound);
  EXPECT_EQ(kind_of(403, ""), Error::Kind::kDenied);
  EXPECT_EQ(kind_of(400, "ExpiredToken"), Error::Kind::kDenied);
  EXPECT_EQ(kind_of(412, ""), Error::Kind::kExists);
  EXPECT_EQ(kind_of(403, "QuotaExceeded"), Error::Kind::kNoSpace);
  EXPECT_EQ(kind_of(503, "SlowDown"), Error::Kind::kIo);
}

}  // namespace
}  // namespace rec::objstore
