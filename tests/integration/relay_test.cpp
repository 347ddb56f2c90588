// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The relay does to each stream what it was told to, and nothing to the rest.
#include "tests/support/webrtc/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rec::test {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint8_t kVideo = 96;
constexpr std::uint8_t kAudio = 97;
constexpr std::uint8_t kSenderReport = 200;
constexpr std::uint8_t kReceiverReport = 201;

std::string candidate(const char* transport, int port) {
  return "candidate:1 1 " + std::string(transport) + " 2015363327 127.0.0.1 " +
         std::to_string(port) + " typ host";
}

int port_in(const std::string& candidate) {
  const auto at = candidate.find("127.0.0.1 ");
  return at == std::string::npos ? 0 : std::stoi(candidate.substr(at + 10));
}

class Peer {
 public:
  Peer() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address = loopback(0);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Peer() { close(fd_); }
  Peer(const Peer&) = delete;

  int port() const { return port_; }
  void send(int port, const Bytes& bytes) const {
    const sockaddr_in address = loopback(port);
    sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
           sizeof address);
  }
  // Empty: nothing came in `patience`.
  Bytes receive(milliseconds patience = std::chrono::seconds(5)) const {
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(patience.count())) <= 0) return {};
    Bytes bytes(2000);
    bytes.resize(static_cast<std::size_t>(recv(fd_, bytes.data(), bytes.size(), 0)));
    return bytes;
  }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  const int fd_;
  int port_ = 0;
};

// The SSRC is the payload type.
Bytes rtp(std::uint8_t payload_type, std::uint16_t sequence = 0) {
  return {0x80,
          payload_type,
          static_cast<std::uint8_t>(sequence >> 8),
          static_cast<std::uint8_t>(sequence),
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          payload_type,
          1,
          2,
          3};
}
Bytes rtcp(std::uint8_t type, std::uint8_t payload_type) {
  return {0x80, type, 0, 6, 0, 0, 0, payload_type, 9, 9, 9, 9, 9, 9, 9, 9};
}
std::uint16_t sequence_of(const Bytes& bytes) {
  return static_cast<std::uint16_t>(bytes[2] << 8 | bytes[3]);
}

class RelayTest : public testing::Test {
 protected:
  void start(const NetworkOptions& options) {
    relay_ = std::make_unique<Relay>(options);
    ASSERT_TRUE(relay_->start());
    to_caller_ = port_in(relay_->candidate_of_caller(candidate("UDP", caller_.port())));
    to_callee_ = port_in(relay_->candidate_of_callee(candidate("UDP", callee_.port())));
  }
  void call(const Bytes& bytes) const { caller_.send(to_callee_, bytes); }
  // Which of `count` packets arrive.
  std::vector<std::uint16_t> send_one_by_one(std::uint16_t count) const {
    const Bytes next = rtcp(kReceiverReport, kVideo);  // is neither delayed nor lost
    std::vector<std::uint16_t> arrived;
    for (std::uint16_t i = 0; i < count; ++i) {
      call(rtp(kVideo, i));
      call(next);
      for (Bytes bytes; (bytes = callee_.receive()) != next && !bytes.empty();)
        arrived.push_back(sequence_of(bytes));
    }
    return arrived;
  }

  Peer caller_;
  Peer callee_;
  std::unique_ptr<Relay> relay_;
  int to_caller_ = 0;  // where the callee sends to
  int to_callee_ = 0;
};

TEST_F(RelayTest, EachPeerIsToldOfTheRelayInsteadOfTheOther) {
  start({});
  EXPECT_EQ(relay_->candidate_of_caller(candidate("UDP", caller_.port())),
            candidate("UDP", to_caller_));
  EXPECT_NE(to_caller_, caller_.port());
  EXPECT_NE(to_caller_, to_callee_);
  EXPECT_EQ(relay_->candidate_of_caller(candidate("TCP", 9)), "");
}

TEST_F(RelayTest, CarriesAllThatItHasNoRuleForUnchangedBothWays) {
  start({.video = {.delay = 60}, .loss = 0});
  for (const Bytes& bytes : {Bytes{0, 1, 2}, rtp(kAudio), rtcp(kReceiverReport, kVideo), rtp(98)}) {
    call(bytes);
    EXPECT_EQ(callee_.receive(), bytes);
  }
  callee_.send(to_caller_, rtp(kVideo));
  EXPECT_EQ(caller_.receive(), rtp(kVideo));
}

TEST_F(RelayTest, DelaysOneStreamAndItsReports) {
  start({.video = {.delay = 0.15}});
  const auto sent = Clock::now();
  call(rtp(kVideo));
  call(rtcp(kSenderReport, kVideo));
  call(rtp(kAudio));
  EXPECT_EQ(callee_.receive(), rtp(kAudio));
  EXPECT_EQ(callee_.receive(), rtp(kVideo));
  EXPECT_GE(Clock::now() - sent, milliseconds(150));
  EXPECT_EQ(callee_.receive(), rtcp(kSenderReport, kVideo));
}

TEST_F(RelayTest, JitterKeepsTheOrder) {
  start({.jitter = 0.03});
  const auto sent = Clock::now();
  for (std::uint16_t i = 0; i < 100; ++i) call(rtp(kVideo, i));
  for (std::uint16_t i = 0; i < 100; ++i) ASSERT_EQ(callee_.receive(), rtp(kVideo, i));
  EXPECT_GE(Clock::now() - sent, milliseconds(20));  // one of them takes that long
}

TEST_F(RelayTest, LosesItsShareAndTheSameAtEachRun) {
  start({.loss = 0.1, .seed = 5});
  const auto first = send_one_by_one(1000);
  EXPECT_NEAR(static_cast<double>(first.size()), 900, 40);
  EXPECT_EQ(relay_->lost(Line::kVideo), 1000 - first.size());
  EXPECT_EQ(relay_->lost(Line::kAudio), 0u);
  start({.loss = 0.1, .seed = 5});
  EXPECT_EQ(send_one_by_one(1000), first);
  start({.loss = 0.1, .seed = 6});
  EXPECT_NE(send_one_by_one(1000), first);
}

TEST_F(RelayTest, HoldsReportsOfOneStreamUntilTheirTime) {
  start({.audio = {.report_after = 0.3}});
  const auto sent = Clock::now();
  call(rtp(kVideo));
  call(rtp(kAudio));
  call(rtcp(kSenderReport, kAudio));
  call(rtcp(kSenderReport, kVideo));
  call(rtcp(kReceiverReport, kAudio));
  EXPECT_EQ(callee_.receive(), rtp(kVideo));
  EXPECT_EQ(callee_.receive(), rtp(kAudio));
  EXPECT_EQ(callee_.receive(), rtcp(kSenderReport, kVideo));
  EXPECT_EQ(callee_.receive(), rtcp(kReceiverReport, kAudio));
  EXPECT_EQ(callee_.receive(), rtcp(kSenderReport, kAudio));
  EXPECT_GE(Clock::now() - sent, milliseconds(300));
  EXPECT_EQ(relay_->held_reports(Line::kAudio), 1u);
  EXPECT_EQ(relay_->held_reports(Line::kVideo), 0u);
  call(rtcp(kSenderReport, kAudio));
  EXPECT_EQ(callee_.receive(), rtcp(kSenderReport, kAudio));
  EXPECT_EQ(relay_->held_reports(Line::kAudio), 1u);
}

}  // namespace
}  // namespace rec::test
