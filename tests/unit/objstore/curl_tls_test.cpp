// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/objstore/transport_harness.h"

namespace rec::objstore {
namespace {

using Kind = TransportError::Kind;

class CaFile {
 public:
  explicit CaFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "objstore-ca-XXXXXX").string();
    close(mkstemp(name.data()));
    path = name;
    std::ofstream(path) << text;
  }
  ~CaFile() { std::filesystem::remove(path); }
  std::string path;
};

TEST_F(TransportTest, TrustsTheCaFileAndNobodyUnknown) {
  const LoopbackServer server(echo, /*tls=*/true);
  const CaFile ca(server.certificate());
  auto request = request_to(server);
  EXPECT_EQ(fault(ask(request)), Kind::kTls);
  request.ca_file = ca.path;
  EXPECT_EQ(answer(ask(request)).status, 200);
  EXPECT_EQ(answer(ask(request)).status, 200);
  request.ca_file.clear();
  EXPECT_EQ(fault(ask(request)), Kind::kTls);  // not over the connection that is open
  request.verify_tls = false;
  EXPECT_EQ(answer(ask(request)).status, 200);
}

TEST_F(TransportTest, TheCertificateMustBeTheHosts) {
  const LoopbackServer server(echo, /*tls=*/true);
  const CaFile ca(server.certificate());
  auto request = request_to(server);
  request.origin.replace(request.origin.find("127.0.0.1"), 9, "localhost");
  request.ca_file = ca.path;
  EXPECT_EQ(fault(ask(request)), Kind::kTls);
}

TEST_F(TransportTest, AServerWithoutTlsIsNoMatterOfPatience) {
  const LoopbackServer server([](LoopbackConnection& connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.wait_for_close();
  });
  auto request = request_to(server);
  request.origin.replace(0, 7, "https://");
  const auto result = ask(request);
  EXPECT_EQ(fault(result), Kind::kTls);
  EXPECT_EQ(std::get<TransportError>(result).what, "The server does not speak TLS there");
  request.ca_file = "/nonexistent.pem";
  EXPECT_EQ(fault(ask(request)), Kind::kTls);
}

}  // namespace
}  // namespace rec::objstore
