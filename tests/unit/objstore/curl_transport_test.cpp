// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/curl_transport.h"

#include <stdlib.h>

#include <future>

#include "lib/objstore/text.h"
#include "tests/unit/objstore/transport_harness.h"

namespace rec::objstore {
namespace {

using Kind = TransportError::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(TransportTest, SendsTheRequestAsItWasSigned) {
  const LoopbackServer server(echo);
  auto request = request_to(server, "PUT", "/b/a/./b/../c//%C3%BC%20%2525");
  request.query = {{"uploadId", "a+b/="}, {"partNumber", "1"}};
  request.headers = {{"x-amz-meta-a", "1  2"}, {"x-empty", ""}, {"Content-Type", "video/mp4"}};
  request.body = {block("hello "), block(""), block("world")};
  const auto got = answer(ask(request)).body;
  EXPECT_TRUE(got.starts_with(
      "PUT /b/a/./b/../c//%C3%BC%20%2525?partNumber=1&uploadId=a%2Bb%2F%3D HTTP/1.1\r\n"))
      << got;
  for (const auto& line :
       {"Host: " + request.authority(), std::string("x-amz-meta-a: 1  2"), std::string("x-empty:"),
        std::string("Content-Type: video/mp4"), std::string("Content-Length: 11")})
    EXPECT_NE(got.find("\r\n" + line + "\r\n"), std::string::npos) << line << "\n" << got;
  EXPECT_TRUE(got.ends_with("\r\n\r\nhello world"));
}

// A store keeps a content type that nobody meant; a server may wait for what Expect promises.
TEST_F(TransportTest, AddsNothingThatWasNotAskedFor) {
  const LoopbackServer server(echo);
  for (const char* method : {"GET", "PUT", "POST", "DELETE"}) {
    auto request = request_to(server, method);
    if (std::string_view(method) == "PUT") request.body = {block(std::string(3 << 20, 'x'))};
    request.max_answer_bytes = 4 << 20;
    const auto got = answer(ask(request)).body;
    EXPECT_TRUE(got.starts_with(method)) << got.substr(0, 200);
    for (const char* name : {"content-type:", "expect:", "transfer-encoding:", "accept-encoding:"})
      EXPECT_EQ(to_lower(got).find("\r\n" + std::string(name)), std::string::npos)
          << got.substr(0, 200);
    const bool sends = request.method == "PUT" || request.method == "POST";
    EXPECT_EQ(got.find("\r\nContent-Length: ") != std::string::npos, sends) << method;
  }
}

TEST_F(TransportTest, GivesStatusHeadersAndBody) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    connection.read();
    connection.send("HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\n");
    connection.answer(503, "<Error/>", "x-amz-request-id:  ab c \r\nRetry-After: 3\r\n");
  });
  const auto got = answer(ask(request_to(server)));
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.body, "<Error/>");
  EXPECT_EQ(*find_header(got.headers, "X-AMZ-Request-Id"), "ab c");
  EXPECT_EQ(find_header(got.headers, "x-early"), nullptr);
}

TEST_F(TransportTest, HeadHasNoBodyWhateverItsLength) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    while (connection.read()) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
  });
  for (int i = 0; i < 2; ++i) {
    const auto got = answer(ask(request_to(server, "HEAD")));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(*find_header(got.headers, "content-length"), "5000");
    EXPECT_EQ(got.body, "");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TransportTest, KeepsConnectionsOpen) {
  const LoopbackServer server(echo);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answer(ask(request_to(server))).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

// The kept connection is dead when it is used again: the body starts from its first byte.
TEST_F(TransportTest, SendsAgainOverANewConnectionWhenTheKeptOneIsDead) {
  std::promise<void> closed;
  std::atomic<int> connections = 0;
  const LoopbackServer server([&](LoopbackConnection& connection) {
    const bool first = ++connections == 1;
    auto request = connection.read();
    if (!request) return;
    connection.answer(200, request->body);
    if (first) {
      // Announced by nothing: the second request meets a connection that ends under its hands.
      connection.read_head();
      connection.reset();
      closed.set_value();
    } else {
      connection.wait_for_close();
    }
  });
  auto request = request_to(server, "PUT");
  std::string whole;
  for (int i = 0; i < 500; ++i) {
    const std::string text(1000, static_cast<char>('a' + i % 26));
    request.body.push_back(block(text));
    whole += text;
  }
  EXPECT_EQ(answer(ask(request)).body, whole);
  EXPECT_EQ(answer(ask(request)).body, whole);
  closed.get_future().get();
  EXPECT_EQ(connections, 2);
}

TEST_F(TransportTest, DoesNotFollowRedirects) {
  const LoopbackServer elsewhere(echo);
  const LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read();
    connection.answer(307, "", "Location: " + elsewhere.origin() + "/\r\n");
  });
  EXPECT_EQ(answer(ask(request_to(server))).status, 307);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(TransportTest, AsksFirstIfItIsTold) {
  std::atomic<std::size_t> received = 1;
  const LoopbackServer server([&](LoopbackConnection& connection) {
    const auto request = connection.read_head();
    if (!request || request->header("expect") != "100-continue") return;
    connection.answer(403, "", "Connection: close\r\n");
    LoopbackConnection::Request rest{{}, "content-length: 99999999\r\n", {}};
    connection.read_body(rest);
    received = rest.body.size();
  });
  auto request = request_to(server, "PUT");
  request.body = {block(std::string(8 << 20, 'x'))};
  request.expect_continue = true;
  EXPECT_EQ(answer(ask(request)).status, 403);
  // Seen by the server's thread once the client has closed.
  while (received == 1) std::this_thread::yield();
  EXPECT_EQ(received, 0U);
}

TEST_F(TransportTest, RefusesWhatWouldBecomeAnotherRequest) {
  const LoopbackServer server(echo);
  const auto with = [&](auto change) {
    auto request = request_to(server);
    change(request);
    return fault(ask(request));
  };
  EXPECT_EQ(with([](HttpRequest& r) { r.headers = {{"a", "b\r\nc: d"}}; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.headers = {{"a\r\nb", "c"}}; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.headers = {{"", "c"}}; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.path = "/a b"; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.path = "/a\r\n\r\nGET /"; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.path = "/a#b"; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.method = "GET /x"; }), Kind::kBadRequest);
  EXPECT_EQ(with([](HttpRequest& r) { r.origin = "file://"; }), Kind::kBadRequest);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(TransportTest, LimitsTheAnswer) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    const auto request = connection.read();
    if (!request) return;
    if (request->line.starts_with("GET /body "))
      connection.answer(200, std::string(1000, 'x'));
    else
      connection.send("HTTP/1.1 200 OK\r\n" + [] {
        std::string headers;
        for (int i = 0; i < 1000; ++i)
          headers += "x-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
        return headers;
      }());
  });
  auto request = request_to(server, "GET", "/body");
  request.max_answer_bytes = 1000;
  EXPECT_EQ(answer(ask(request)).body.size(), 1000U);
  request.max_answer_bytes = 999;
  EXPECT_EQ(fault(ask(request)), Kind::kTooLarge);
  EXPECT_EQ(fault(ask(request_to(server, "GET", "/headers"))), Kind::kTooLarge);
}

TEST_F(TransportTest, SaysHowAConnectionFailed) {
  std::string gone;
  {
    const LoopbackServer server(echo);
    gone = server.origin();
  }
  HttpRequest refused;
  refused.origin = gone;
  EXPECT_EQ(fault(ask(refused)), Kind::kConnect);

  HttpRequest unknown;
  unknown.origin = "http://nobody.invalid";
  unknown.use_proxy = false;
  EXPECT_EQ(fault(ask(unknown)), Kind::kResolve);

  const LoopbackServer closing([](LoopbackConnection& connection) { connection.read(); });
  EXPECT_EQ(fault(ask(request_to(closing))), Kind::kBroken);

  const LoopbackServer cut([](LoopbackConnection& connection) {
    connection.read();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
  });
  EXPECT_EQ(fault(ask(request_to(cut))), Kind::kBroken);

  const LoopbackServer resetting([](LoopbackConnection& connection) {
    connection.read_head();
    connection.reset();
  });
  auto upload = request_to(resetting, "PUT");
  upload.body = {block(std::string(4 << 20, 'x'))};
  EXPECT_EQ(fault(ask(upload)), Kind::kBroken);
}

TEST_F(TransportTest, GivesUpWhenNothingMoves) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    const auto request = connection.read_head();
    if (request && request->line.starts_with("GET /part"))
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    connection.wait_for_close();
  });
  for (const char* path : {"/nothing", "/part"}) {
    auto request = request_to(server, "GET", path);
    request.stall_timeout = milliseconds(100);
    EXPECT_EQ(fault(ask(request)), Kind::kStalled) << path;
  }
}

// However slowly: 40 pieces in four times the stall timeout.
TEST_F(TransportTest, GoesOnAsLongAsSomethingMoves) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    connection.read();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
    for (int i = 0; i < 40; ++i) {
      std::this_thread::sleep_for(milliseconds(50));  // this is the slow network under test
      connection.send("x");
    }
  });
  auto request = request_to(server);
  request.stall_timeout = milliseconds(500);
  EXPECT_EQ(answer(ask(request)).body.size(), 40U);
}

TEST_F(TransportTest, CancelsWhatIsUnderWay) {
  std::promise<void> arrived;
  const LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read();
    arrived.set_value();
    connection.wait_for_close();
  });
  std::promise<HttpResult> done;
  const auto id = transport.start(request_to(server),
                                  [&](HttpResult result) { done.set_value(std::move(result)); });
  arrived.get_future().get();
  transport.cancel(id);
  EXPECT_EQ(fault(done.get_future().get()), Kind::kCancelled);
  transport.cancel(id);                                                        // has ended
  transport.cancel(id + 1000);                                                 // never was
  EXPECT_EQ(fault(ask(request_to(server, "BAD METHOD"))), Kind::kBadRequest);  // still alive
}

TEST_F(TransportTest, ManyAtOnceAndEachCalledOnce) {
  const LoopbackServer server(echo);
  constexpr int kRequests = 200;
  std::atomic<int> good = 0;
  std::atomic<int> called = 0;
  std::promise<void> all;
  for (int i = 0; i < kRequests; ++i) {
    auto request = request_to(server, "PUT", "/" + std::to_string(i));
    request.body = {block(std::string(1000, 'x'))};
    transport.start(std::move(request), [&, i](HttpResult result) {
      const auto* const got = std::get_if<HttpAnswer>(&result);
      if (got && got->body.starts_with("PUT /" + std::to_string(i) + " ")) ++good;
      if (++called == kRequests) all.set_value();
    });
  }
  all.get_future().get();
  EXPECT_EQ(good, kRequests);
  EXPECT_EQ(called, kRequests);
}

TEST_F(TransportTest, MayBeUsedFromItsOwnCallback) {
  const LoopbackServer server(echo);
  std::promise<int> done;
  transport.start(request_to(server), [&](HttpResult) {
    transport.start(request_to(server), [&](HttpResult result) {
      done.set_value(std::get<HttpAnswer>(result).status);
    });
  });
  EXPECT_EQ(done.get_future().get(), 200);
}

TEST_F(TransportTest, RunsJobsInTheOrderOfTheirTimes) {
  std::vector<int> order;  // the transport's thread, then this one
  std::promise<void> done;
  const auto start = std::chrono::steady_clock::now();
  transport.after(milliseconds(60), [&] {
    order.push_back(3);
    done.set_value();
  });
  transport.after(milliseconds(30), [&] { order.push_back(2); });
  transport.after(milliseconds(0), [&] { order.push_back(1); });
  done.get_future().get();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(60));
}

TEST(Transport, ItsEndRunsTheJobsThatWait) {
  std::vector<int> order;  // the transport's thread only, until it has ended
  {
    CurlTransport transport;
    transport.after(std::chrono::hours(1), [&] {
      order.push_back(1);
      transport.after(std::chrono::hours(1), [&] { order.push_back(2); });
    });
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(Transport, ItsEndCancelsAndRefuses) {
  std::promise<void> arrived;
  const LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read();
    arrived.set_value();
    connection.wait_for_close();
  });
  std::vector<Kind> results;  // the transport's thread only, until it has ended
  {
    CurlTransport transport;
    const auto again = [&](HttpResult result) {
      results.push_back(fault(result).value());
      transport.start(HttpRequest{},
                      [&](HttpResult late) { results.push_back(fault(late).value()); });
    };
    transport.start(request_to(server), again);
    arrived.get_future().get();
  }
  EXPECT_EQ(results, (std::vector<Kind>{Kind::kCancelled, Kind::kCancelled}));
}

TEST(Transport, MayBeDroppedByItsOwnCallback) {
  const LoopbackServer server(echo);
  std::promise<void> done;
  std::promise<void> dropped;
  auto transport = std::make_shared<CurlTransport>();
  transport->start(request_to(server),
                   [&, held = transport, gone = dropped.get_future().share()](HttpResult) mutable {
                     gone.wait();
                     held.reset();
                     done.set_value();
                   });
  transport.reset();
  dropped.set_value();
  done.get_future().get();
}

TEST(Transport, OfTheProcessIsOneWhileSomebodyHoldsIt) {
  const auto first = CurlTransport::shared();
  EXPECT_EQ(first, CurlTransport::shared());
}

TEST_F(TransportTest, AsksNoProxyForAddressesOfThisMachine) {
  const LoopbackServer proxy(echo);
  const LoopbackServer server(echo);
  ASSERT_EQ(setenv("http_proxy", proxy.origin().c_str(), 1), 0);
  auto request = request_to(server, "GET", "/x");
  EXPECT_TRUE(answer(ask(request)).body.starts_with("GET http://127.0.0.1:"));
  EXPECT_EQ(server.connections(), 0);
  request.use_proxy = false;
  EXPECT_TRUE(answer(ask(request)).body.starts_with("GET /x "));
  ASSERT_EQ(unsetenv("http_proxy"), 0);
  EXPECT_EQ(proxy.connections(), 1);
}

}  // namespace
}  // namespace rec::objstore
