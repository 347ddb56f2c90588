// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/objstore/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "lib/objstore/text.h"

namespace rec::objstore {

LoopbackConnection::LoopbackConnection(int fd, SSL_CTX* tls) : fd_(fd), wants_tls_(tls) {
  if (!tls) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd_);
  if (SSL_accept(ssl_.get()) != 1) ssl_.reset();
}

LoopbackConnection::~LoopbackConnection() {
  if (ssl_) SSL_shutdown(ssl_.get());
}

std::size_t LoopbackConnection::receive(char* out, std::size_t size) {
  const auto got = ssl_ ? SSL_read(ssl_.get(), out, static_cast<int>(size))
                        : static_cast<int>(recv(fd_, out, size, 0));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::optional<LoopbackConnection::Request> LoopbackConnection::read_head() {
  char block[4096];
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    const auto size = receive(block, sizeof(block));
    if (size == 0) return std::nullopt;
    pending_.append(block, size);
  }
  Request out;
  out.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  const auto line_end = out.head.find("\r\n");
  out.line = out.head.substr(0, line_end);
  out.head.erase(0, line_end + 2);
  return out;
}

void LoopbackConnection::read_body(Request& request) {
  const auto length = request.header("content-length");
  const std::size_t wanted = length.empty() ? 0 : std::stoull(length);
  char block[65536];
  while (pending_.size() < wanted) {
    const auto size = receive(block, sizeof(block));
    if (size == 0) break;
    pending_.append(block, size);
  }
  request.body = pending_.substr(0, wanted);
  pending_.erase(0, wanted);
}

std::optional<LoopbackConnection::Request> LoopbackConnection::read() {
  auto request = read_head();
  if (request) read_body(*request);
  return request;
}

std::string LoopbackConnection::Request::header(const std::string& name) const {
  for (const auto text : split(head, '\n')) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !equals_ignoring_case(text.substr(0, colon), name))
      continue;
    auto value = text.substr(colon + 1);
    if (value.ends_with('\r')) value.remove_suffix(1);
    return std::string(trim(value));
  }
  return {};
}

void LoopbackConnection::send(const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const auto size =
        ssl_ ? SSL_write(ssl_.get(), text.data() + sent, static_cast<int>(text.size() - sent))
             : static_cast<int>(::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL));
    if (size <= 0) return;
    sent += static_cast<std::size_t>(size);
  }
}

void LoopbackConnection::answer(int status, const std::string& body, const std::string& headers) {
  send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " +
       std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
}

void LoopbackConnection::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ssl_.reset();
}

void LoopbackConnection::wait_for_close() {
  char byte = 0;
  while (receive(&byte, 1) > 0) continue;
}

LoopbackServer::LoopbackServer(Handler handler, bool tls) : handler_(std::move(handler)) {
  if (tls) make_certificate();
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  listen(listener_, 128);
  socklen_t size = sizeof(address);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard l(lock_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  close(listener_);
}

std::string LoopbackServer::origin() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

void LoopbackServer::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard l(lock_);
    if (fd < 0 || stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      {
        LoopbackConnection connection(fd, tls_.get());
        if (connection.handshaken()) handler_(connection);
      }
      const std::lock_guard inner(lock_);
      std::erase(open_, fd);
      close(fd);
    });
  }
}

void LoopbackServer::make_certificate() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
  X509* const x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key.get());
  auto* const name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  for (const auto& [id, value] : {std::pair(NID_subject_alt_name, "IP:127.0.0.1"),
                                  std::pair(NID_basic_constraints, "critical,CA:TRUE")}) {
    auto* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x, key.get(), EVP_sha256());
  tls_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(tls_.get(), x);
  SSL_CTX_use_PrivateKey(tls_.get(), key.get());
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(memory.get(), x);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  certificate_.assign(text, static_cast<std::size_t>(size));
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write to a client that has gone
}

}  // namespace rec::objstore
