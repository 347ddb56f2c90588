// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An HTTP server on the loopback interface that does what a test says, and what no real server
// would. With or without TLS.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rec::objstore {

// One connection, in its own thread.
class LoopbackConnection {
 public:
  LoopbackConnection(int fd, SSL_CTX* tls);
  ~LoopbackConnection();

  struct Request {
    std::string line;  // "PUT /a HTTP/1.1"
    std::string head;  // all header lines
    std::string body;
    std::string header(const std::string& name) const;  // "" if there is none
  };
  // Nothing: the client has closed.
  std::optional<Request> read();
  std::optional<Request> read_head();
  void read_body(Request& request);
  void send(const std::string& text);
  void answer(int status, const std::string& body, const std::string& headers = {});
  void reset();           // RST instead of FIN
  void wait_for_close();  // until the client goes
  bool handshaken() const { return ssl_ || !wants_tls_; }

 private:
  std::size_t receive(char* out, std::size_t size);
  int fd_;
  const bool wants_tls_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  std::string pending_;
};

class LoopbackServer {
 public:
  using Handler = std::function<void(LoopbackConnection&)>;
  explicit LoopbackServer(Handler handler, bool tls = false);
  ~LoopbackServer();  // closes everything and waits

  std::string origin() const;
  int connections() const { return connections_; }
  // The certificate that it signed itself, PEM. Its name is 127.0.0.1.
  const std::string& certificate() const { return certificate_; }

 private:
  void accept_all();
  void make_certificate();

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_{nullptr, SSL_CTX_free};
  std::string certificate_;
  std::atomic<int> connections_{0};
  std::mutex lock_;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace rec::objstore
