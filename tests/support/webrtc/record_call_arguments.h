// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The command line of record-call-test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/webrtc/call.h"

namespace rec::test {

struct Arguments {
  CallOptions call;
  std::string recorder = "recordbin";
  std::vector<std::string> settings;  // "property=value" or "child::property=value" of the recorder
  std::string messages_path;          // JSON lines of the recorder's messages
  bool no_eos = false;
};

// std::nullopt: there is nothing to run; the reason is on stderr.
std::optional<Arguments> parse(int* argc, char*** argv);

}  // namespace rec::test
