// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A transport, and how a test asks it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/objstore/curl_transport.h"
#include "tests/unit/objstore/loopback_server.h"

namespace rec::objstore {

inline std::shared_ptr<const Bytes> block(std::string_view text) {
  return std::make_shared<const Bytes>(text.begin(), text.end());
}

inline HttpRequest request_to(const LoopbackServer& server, const std::string& method = "GET",
                              const std::string& path = "/") {
  HttpRequest out;
  out.method = method;
  out.origin = server.origin();
  out.path = path;
  return out;
}

// Answers every request with what it was, in `request`'s words.
inline void echo(LoopbackConnection& connection) {
  while (const auto request = connection.read())
    connection.answer(200, request->line + "\r\n" + request->head + "\r\n" + request->body);
}

inline HttpAnswer answer(HttpResult result) {
  if (const auto* error = std::get_if<TransportError>(&result)) {
    ADD_FAILURE() << error->what;
    return {};
  }
  return std::get<HttpAnswer>(std::move(result));
}

inline std::optional<TransportError::Kind> fault(const HttpResult& result) {
  const auto* const error = std::get_if<TransportError>(&result);
  if (!error) return std::nullopt;
  return error->kind;
}

struct TransportTest : testing::Test {
  HttpResult ask(const HttpRequest& request) { return perform(transport, request); }
  CurlTransport transport;
};

}  // namespace rec::objstore
