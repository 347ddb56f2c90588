// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/store_process.h"

#include <future>

#include "tests/unit/objstore/transport_harness.h"

namespace rec::objstore {
namespace {

CredentialSettings keys(const std::string& id) {
  CredentialSettings out;
  out.access_key_id = id;
  out.secret_access_key = Secret("s");
  return out;
}

std::shared_ptr<StoreService> service_at(const std::string& origin) {
  S3Settings settings;
  settings.bucket = "rec";
  settings.endpoint = parse_endpoint(origin, "rec").value();
  settings.region = "us-east-1";
  return std::make_shared<S3Service>(settings, "", true);
}

StoreRequest put() {
  StoreRequest out;
  out.method = "PUT";
  out.key = "k";
  return out;
}

TEST(StoreProcess, OneRefresherForTheSameCredentials) {
  const auto process = StoreProcess::shared();
  EXPECT_EQ(process, StoreProcess::shared());
  const auto first = process->credentials(keys("A"));
  EXPECT_EQ(process->credentials(keys("A")), first);
  EXPECT_NE(process->credentials(keys("B")), first);
  auto token = keys("A");
  token.session_token = Secret("t");
  EXPECT_NE(process->credentials(token), first);
}

TEST(StoreProcess, SendsSignedRequests) {
  const LoopbackServer server(echo);
  const auto process = StoreProcess::shared();
  const auto calls = process->open(service_at(server.origin()), process->credentials(keys("AKID")));
  std::promise<StoreResult> done;
  calls->start(put(), Monotonic::max(),
               {[&](StoreResult result) { done.set_value(std::move(result)); }, nullptr});
  const auto result = done.get_future().get();
  const auto* const answer = std::get_if<HttpAnswer>(&result);
  ASSERT_NE(answer, nullptr);
  EXPECT_TRUE(answer->body.starts_with("PUT /rec/k HTTP/1.1\r\n")) << answer->body;
  EXPECT_NE(answer->body.find("Authorization: AWS4-HMAC-SHA256 Credential=AKID/"),
            std::string::npos);
}

// An upload may be left to itself: aborting it, for one, is nobody's business any more.
TEST(StoreProcess, LivesAsLongAsItsCalls) {
  std::promise<void> arrived;
  std::promise<void> go_on;
  const LoopbackServer server([&](LoopbackConnection& connection) {
    if (!connection.read()) return;
    arrived.set_value();
    go_on.get_future().get();
    connection.answer(204, "");
    connection.wait_for_close();
  });
  std::promise<StoreResult> done;
  std::weak_ptr<StoreProcess> process;
  {
    const auto held = StoreProcess::shared();
    process = held;
    held->open(service_at(server.origin()), held->credentials(keys("AKID")))
        ->start(put(), Monotonic::max(),
                {[&](StoreResult result) { done.set_value(std::move(result)); }, nullptr});
  }
  arrived.get_future().get();
  EXPECT_FALSE(process.expired());
  go_on.set_value();
  const auto result = done.get_future().get();
  const auto* const answer = std::get_if<HttpAnswer>(&result);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->status, 204);
}

}  // namespace
}  // namespace rec::objstore
