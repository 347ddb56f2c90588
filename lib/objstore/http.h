// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Requests and answers, and who carries them. The signers and the engine know nothing else of HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/media.h"

namespace rec::objstore {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};
using Headers = std::vector<Header>;

// The first of that name, in whatever case; nullptr if there is none.
const std::string* find_header(const Headers& headers, std::string_view name);
// Replaces all of that name.
void set_header(Headers& headers, std::string_view name, std::string value);
// What cannot end the header: no control characters but the tab. Everything that comes from outside
// (metadata, tokens) has to pass.
bool is_header_value(std::string_view value);

// Blocks that are sent one after the other. Shared: a retry sends the same bytes, and nobody
// copies.
using Body = std::vector<std::shared_ptr<const Bytes>>;
std::uint64_t body_size(const Body& body);

struct HttpRequest {
  std::string method = "GET";
  std::string origin;      // "https://host:port"; the Host header follows from it
  std::string path = "/";  // percent-encoded, as sent
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  Headers headers;
  Body body;

  // Off for addresses of this machine or its hypervisor: credentials go to nobody in between.
  bool use_proxy = true;
  bool expect_continue = false;  // ask before the body is sent
  std::string ca_file;           // PEM, besides the system's; empty: none
  bool verify_tls = true;
  std::uint64_t max_answer_bytes = 1 << 20;
  std::chrono::milliseconds connect_timeout{10'000};
  // Without a byte in either direction. There is no limit to the whole: a slow uplink is no fault.
  std::chrono::milliseconds stall_timeout{30'000};

  std::string authority() const;     // what the Host header says
  std::string query_string() const;  // encoded and sorted, as it is sent and signed: "a=b&c="
  std::string url() const;
};

struct HttpAnswer {
  int status = 0;
  Headers headers;
  std::string body;
};

struct TransportError {
  enum class Kind {
    kBadRequest,  // it could not even be built
    kResolve,
    kConnect,  // TCP or TLS handshake
    kTls,      // certificate or handshake: no retry helps
    kTimeout,  // of the connection
    kStalled,
    kBroken,    // the connection ended before the answer did
    kTooLarge,  // the answer
    kCancelled
  };
  Kind kind = Kind::kBroken;
  std::string what;  // with the host, never with a path's query or a header
};

using HttpResult = std::variant<HttpAnswer, TransportError>;

class Transport {
 public:
  using Done = std::function<void(HttpResult)>;
  using Id = std::uint64_t;
  virtual ~Transport() = default;
  // Any thread, never blocks. `done` is called exactly once, from the transport's thread, with no
  // lock held: it may start and cancel, and must not block.
  virtual Id start(HttpRequest request, Done done) = 0;
  // Any thread. `done` follows with kCancelled, unless the request has ended already.
  virtual void cancel(Id id) = 0;
};

// For the few callers that have a thread to wait in (credentials). Never from `done`.
HttpResult perform(Transport& transport, HttpRequest request);

}  // namespace rec::objstore
