// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/store_call.h"

#include "lib/objstore/digest.h"
#include "tests/unit/objstore/store_harness.h"

namespace rec::objstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

HttpResult error(int status, const std::string& code, const std::string& more = {},
                 Headers headers = {}) {
  return HttpAnswer{status, std::move(headers),
                    "<Error><Code>" + code + "</Code>" + more + "</Error>"};
}
HttpResult good() { return HttpAnswer{200, {}, {}}; }

struct StoreCallTest : StoreHarness {
  // The answers in order; afterwards 200.
  std::deque<HttpResult> answers;
  FakeTransport transport;
  std::shared_ptr<StoreCalls> calls = make_calls(transport);

  StoreCallTest() {
    transport.handler = [this](const HttpRequest&) {
      if (answers.empty()) return good();
      auto answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    };
  }
  static StoreRequest put() {
    StoreRequest out;
    out.method = "PUT";
    out.key = "a b";
    out.query = {{"partNumber", "1"}, {"uploadId", "u"}};
    out.headers = {{"Content-Type", "video/mp4"}};
    out.checksums = {{"x-amz-checksum-crc32c", "AAAAAA=="}};
    return out;
  }
  std::shared_ptr<StoreCalls::Call> start(StoreRequest request = put(),
                                          std::chrono::nanoseconds patience = hours(24)) {
    return calls->start(std::move(request), clock.monotonic() + patience, handlers());
  }
  std::string header(std::size_t request, const char* name) const {
    const auto* const value = find_header(transport.requests.at(request).headers, name);
    return value ? *value : "";
  }
};

TEST_F(StoreCallTest, IsSignedAndSent) {
  auto request = put();
  request.body = {std::make_shared<const Bytes>(3, 'x')};
  start(std::move(request));
  EXPECT_EQ(status(), 200);
  ASSERT_EQ(transport.requests.size(), 1U);
  EXPECT_EQ(transport.requests[0].url(),
            "https://rec.s3.us-east-1.amazonaws.com/a%20b?partNumber=1&uploadId=u");
  EXPECT_EQ(body_text(transport.requests[0]), "xxx");
  EXPECT_EQ(header(0, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(header(0, "x-amz-date"), "20261120T050000Z");
  EXPECT_EQ(header(0, "x-amz-checksum-crc32c"), "AAAAAA==");
  EXPECT_TRUE(header(0, "Authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKID1/20261120/us-east-1/s3/"));
}

TEST_F(StoreCallTest, SignsThePayloadIfItsHashIsGiven) {
  auto request = put();
  request.payload_sha256 = kEmptySha256;
  start(std::move(request));
  EXPECT_EQ(header(0, "x-amz-content-sha256"), kEmptySha256);
}

TEST_F(StoreCallTest, GoesOnUntilItSucceeds) {
  answers = {TransportError{TransportError::Kind::kConnect, "refused"}, error(500, "InternalError"),
             error(503, "SlowDown")};
  start();
  EXPECT_TRUE(results.empty());
  scheduler.run();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(transport.requests.size(), 4U);
  EXPECT_EQ(delays, (std::vector<milliseconds>{milliseconds(25), milliseconds(50), seconds(2)}));
  EXPECT_EQ(retried[0].transport, "refused");
  EXPECT_EQ(retried[2].service.code, "SlowDown");
}

TEST_F(StoreCallTest, GivesUpAtItsDeadline) {
  transport.handler = [](const HttpRequest&) { return error(503, "ServiceUnavailable"); };
  start(put(), seconds(60));
  scheduler.run();
  EXPECT_EQ(failure().service.code, "ServiceUnavailable");
  EXPECT_EQ(clock.monotonic(), TestClock().monotonic() + seconds(60));
}

TEST_F(StoreCallTest, GivesUpAtOnceWhereNothingHelps) {
  answers = {error(403, "AccessDenied")};
  start();
  EXPECT_EQ(failure().service.code, "AccessDenied");
  EXPECT_EQ(transport.requests.size(), 1U);
}

TEST_F(StoreCallTest, LearnsTheServersTime) {
  answers = {error(403, "RequestTimeTooSkewed", "<ServerTime>2026-11-20T07:30:00Z</ServerTime>")};
  start();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(header(0, "x-amz-date"), "20261120T050000Z");
  EXPECT_EQ(header(1, "x-amz-date"), "20261120T073000Z");
  start();  // the next call knows it
  EXPECT_EQ(header(2, "x-amz-date"), "20261120T073000Z");
}

TEST_F(StoreCallTest, RenewsExpiredCredentials) {
  start();
  next_credentials = Credentials{"AKID2", Secret("s"), Secret("t"), {}, "a test"};
  answers = {error(400, "ExpiredToken")};
  start();
  EXPECT_EQ(status(1), 200);
  EXPECT_EQ(fetches, 2);
  EXPECT_NE(header(1, "Authorization").find("AKID1/"), std::string::npos);
  EXPECT_NE(header(2, "Authorization").find("AKID2/"), std::string::npos);
  EXPECT_EQ(header(2, "x-amz-security-token"), "t");
}

TEST_F(StoreCallTest, WaitsForCredentialsThatComeLater) {
  hold_background = true;
  start();
  EXPECT_TRUE(transport.requests.empty());
  ASSERT_EQ(background.size(), 1U);
  background.front()();
  EXPECT_EQ(status(), 200);
  scheduler.run();  // the alarm of a wait that is over means nothing
  EXPECT_EQ(transport.requests.size(), 1U);
  EXPECT_EQ(results.size(), 1U);
}

TEST_F(StoreCallTest, ReportsMissingCredentialsOnceAndAsksOn) {
  next_credentials = Error{Error::Kind::kDenied, "nobody knows me", "x"};
  start();
  for (int i = 0; i < 20; ++i) scheduler.run_next();
  EXPECT_TRUE(results.empty());
  ASSERT_EQ(retried.size(), 1U);
  EXPECT_EQ(retried[0].transport, "nobody knows me");
  next_credentials = Credentials{"AKID2", Secret("s"), Secret(), {}, "a test"};
  scheduler.run();
  EXPECT_EQ(status(), 200);
}

TEST_F(StoreCallTest, GivesUpWithoutCredentialsAtItsDeadline) {
  next_credentials = Error{Error::Kind::kDenied, "nobody knows me", "x"};
  start(put(), seconds(30));
  scheduler.run();
  EXPECT_EQ(failure().transport, "nobody knows me");
}

TEST_F(StoreCallTest, WrongSettingsOfCredentialsAreHopeless) {
  next_credentials = Error{Error::Kind::kInvalidSetting, "half a pair", "x"};
  start();
  EXPECT_EQ(failure().transport, "half a pair");
}

TEST_F(StoreCallTest, GoesWhereTheBucketIs) {
  answers = {
      HttpAnswer{301,
                 {{"x-amz-bucket-region", "eu-west-1"}, {"Location", "https://evil.example/"}},
                 "<Error><Code>PermanentRedirect</Code></Error>"}};
  start();
  EXPECT_EQ(status(), 200);
  ASSERT_EQ(transport.requests.size(), 2U);
  EXPECT_EQ(transport.requests[1].origin, "https://rec.s3.eu-west-1.amazonaws.com");
  EXPECT_NE(header(1, "Authorization").find("/eu-west-1/s3/"), std::string::npos);
  start();
  EXPECT_EQ(transport.requests[2].origin, "https://rec.s3.eu-west-1.amazonaws.com");
}

TEST_F(StoreCallTest, AsksTheBucketWhereItIs) {
  answers = {HttpAnswer{301, {}, {}}, HttpAnswer{403, {{"x-amz-bucket-region", "eu-west-1"}}, {}}};
  start();
  EXPECT_EQ(status(), 200);
  ASSERT_EQ(transport.requests.size(), 3U);
  EXPECT_EQ(transport.requests[1].method, "HEAD");
  EXPECT_EQ(transport.requests[1].url(), "https://rec.s3.us-east-1.amazonaws.com/");
  EXPECT_EQ(transport.requests[2].origin, "https://rec.s3.eu-west-1.amazonaws.com");
}

TEST_F(StoreCallTest, ARegionThatNobodyNamesOrThatDoesNotHelpIsAnError) {
  answers = {HttpAnswer{301, {}, {}}, HttpAnswer{200, {}, {}}};
  start();
  EXPECT_EQ(failure().status, 301);
  answers = {HttpAnswer{301, {}, {}},
             HttpAnswer{403, {{"x-amz-bucket-region", "evil.example/"}}, {}}};
  start();
  EXPECT_EQ(failure(1).status, 301);
  EXPECT_EQ(transport.requests.size(), 4U);
  const HttpAnswer elsewhere{301, {{"x-amz-bucket-region", "eu-west-1"}}, {}};
  answers = {elsewhere, elsewhere};
  start();
  EXPECT_EQ(failure(2).service.region, "eu-west-1");
  EXPECT_EQ(transport.requests.size(), 6U);
}

TEST_F(StoreCallTest, LeavesOutForGoodWhatTheStoreDoesNotKnow) {
  answers = {error(501, "NotImplemented")};
  start();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(header(0, "x-amz-checksum-crc32c"), "AAAAAA==");
  EXPECT_EQ(header(1, "x-amz-checksum-crc32c"), "");
  EXPECT_FALSE(calls->sends_checksums());
  start();
  EXPECT_EQ(header(2, "x-amz-checksum-crc32c"), "");
  answers = {error(501, "NotImplemented")};
  start();
  EXPECT_EQ(failure(2).status, 501);  // it was something else
}

TEST_F(StoreCallTest, AnErrorInASuccessIsAnError) {
  auto request = put();
  request.error_in_success = [](const HttpAnswer& answer) -> std::optional<ServiceError> {
    const auto completed = parse_completed(answer.body);
    if (const auto* failed = std::get_if<ServiceError>(&completed)) return *failed;
    return std::nullopt;
  };
  answers = {error(200, "InternalError"), HttpAnswer{200, {}, "  "},
             HttpAnswer{200, {}, "<CompleteMultipartUploadResult/>"}};
  start(std::move(request));
  scheduler.run();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(transport.requests.size(), 3U);
  EXPECT_EQ(retried[0].service.code, "InternalError");
}

TEST_F(StoreCallTest, CanBeCancelledWhileItWaits) {
  answers = {error(500, "InternalError")};
  const auto call = start();
  StoreCalls::cancel(*call);
  EXPECT_EQ(failure().kind, FailureClass::kCancelled);
  scheduler.run();
  StoreCalls::cancel(*call);
  EXPECT_EQ(results.size(), 1U);
  EXPECT_EQ(transport.requests.size(), 1U);
}

struct HeldCallTest : StoreHarness {
  HeldTransport transport;
  std::shared_ptr<StoreCalls> calls = make_calls(transport);
  std::shared_ptr<StoreCalls::Call> start() {
    StoreRequest request;
    request.method = "PUT";
    request.key = "k";
    return calls->start(std::move(request), clock.monotonic() + hours(1), handlers());
  }
};

TEST_F(HeldCallTest, NoMoreThanTheLimitAreUnderWay) {
  for (int i = 0; i < 10; ++i) start();
  EXPECT_EQ(transport.held.size(), 4U);
  transport.answer(1, good());
  EXPECT_EQ(transport.held.size(), 4U);
  transport.answer(2, error(503, "SlowDown"));  // waits, and does not hold a place
  EXPECT_EQ(concurrency.current(), 2U);
  EXPECT_EQ(transport.held.size(), 3U);
  transport.answer(3, good());
  EXPECT_EQ(transport.held.size(), 2U);
  transport.answer(4, good());
  EXPECT_EQ(transport.held.size(), 2U);
  while (!transport.held.empty() || scheduler.waiting() > 0) {
    if (!transport.held.empty())
      transport.answer(transport.held.begin()->first, good());
    else
      scheduler.run_next();
  }
  EXPECT_EQ(results.size(), 10U);
}

TEST_F(HeldCallTest, CanBeCancelledWhileItIsSentAndWhileItQueues) {
  std::vector<std::shared_ptr<StoreCalls::Call>> all;
  for (int i = 0; i < 5; ++i) all.push_back(start());
  StoreCalls::cancel(*all[4]);
  EXPECT_EQ(failure().kind, FailureClass::kCancelled);
  StoreCalls::cancel(*all[0]);
  EXPECT_EQ(transport.cancelled, std::vector<Transport::Id>{1});
  EXPECT_EQ(failure(1).kind, FailureClass::kCancelled);
  for (int i = 1; i < 4; ++i) transport.answer(static_cast<Transport::Id>(i + 1), good());
  EXPECT_EQ(results.size(), 5U);
  EXPECT_TRUE(transport.held.empty());
}

}  // namespace
}  // namespace rec::objstore
