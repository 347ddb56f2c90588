// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A chain of credentials in a made-up world, where at first nobody answers.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lib/objstore/credential_chain.h"
#include "tests/unit/objstore/fakes.h"
#include "tests/unit/objstore/test_clock.h"

namespace rec::objstore {

struct ChainTest : testing::Test {
  ChainTest() {
    transport.handler = [](const HttpRequest&) {
      return HttpResult(TransportError{TransportError::Kind::kConnect, "no route"});
    };
  }
  Result<Credentials> fetch() {
    return CredentialChain(settings, environment, transport, server_clock).fetch();
  }
  std::string fetch_id() {
    auto fetched = fetch();
    return fetched ? fetched.value().access_key_id : "error: " + fetched.error().what;
  }
  void credentials_file(const std::string& text) {
    environment.files["/home/u/.aws/credentials"] = text;
  }
  void config_file(const std::string& text) { environment.files["/home/u/.aws/config"] = text; }

  FakeEnvironment environment;
  FakeTransport transport;
  TestClock clock;
  ServerClock server_clock{clock};
  CredentialSettings settings;
};

}  // namespace rec::objstore
