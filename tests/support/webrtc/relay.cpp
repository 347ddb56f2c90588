// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace rec::test {
namespace {

constexpr std::size_t kMaxDatagram = 65536;

std::size_t slot(Line line) { return static_cast<std::size_t>(line); }

std::chrono::steady_clock::duration seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in address = loopback(0);
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void send_to(int fd, std::uint16_t port, const std::vector<std::uint8_t>& bytes) {
  const sockaddr_in address = loopback(port);
  if (port)
    sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
           sizeof address);
}

// false: nothing is left to read.
bool receive(int fd, std::vector<std::uint8_t>& bytes) {
  bytes.resize(kMaxDatagram);
  const ssize_t size = recv(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return size > 0;
}

std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

// Next to them on the port are STUN and DTLS, whose first bytes are lower (RFC 7983).
bool is_rtp_or_rtcp(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() >= 12 && bytes[0] >= 128 && bytes[0] < 192;
}
bool is_rtcp(const std::vector<std::uint8_t>& bytes) {  // RFC 5761, 4
  return bytes[1] >= 192 && bytes[1] <= 223;
}
bool is_sender_report(const std::vector<std::uint8_t>& bytes) { return bytes[1] == 200; }

Line line_of(std::uint8_t payload_type) {  // the sender's payload types
  return payload_type == 96 ? Line::kVideo : payload_type == 97 ? Line::kAudio : Line::kExtra;
}

// "candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE ..." (RFC 8839, 5.1)
std::string move_candidate(const std::string& candidate, int fd, std::atomic<std::uint16_t>& port) {
  std::istringstream in(candidate);
  std::string foundation, component, transport, priority, address, rest;
  unsigned number = 0;
  in >> foundation >> component >> transport >> priority >> address >> number;
  std::getline(in, rest);
  if (transport != "UDP" && transport != "udp") return "";
  port.store(static_cast<std::uint16_t>(number));
  return foundation + " " + component + " " + transport + " " + priority + " 127.0.0.1 " +
         std::to_string(port_of(fd)) + rest;
}

}  // namespace

Relay::Relay(const NetworkOptions& options) : options_(options), random_(options.seed) {}

Relay::~Relay() {
  if (thread_.joinable()) {
    thread_.request_stop();
    eventfd_write(wake_, 1);
    thread_.join();
  }
  for (const int fd : {caller_side_, callee_side_, wake_})
    if (fd >= 0) close(fd);
}

Status Relay::start() {
  caller_side_ = open_socket();
  callee_side_ = open_socket();
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (caller_side_ < 0 || callee_side_ < 0 || wake_ < 0)
    return Error{Error::Kind::kIo, "The relay has no sockets", "See ulimit -n"};
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return ok();
}

std::string Relay::candidate_of_caller(const std::string& candidate) {
  return move_candidate(candidate, callee_side_, caller_port_);
}

std::string Relay::candidate_of_callee(const std::string& candidate) {
  return move_candidate(candidate, caller_side_, callee_port_);
}

std::uint64_t Relay::lost(Line line) const { return lost_[slot(line)].load(); }
std::uint64_t Relay::held_reports(Line line) const { return held_[slot(line)].load(); }

void Relay::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    timespec patience{};
    const timespec* timeout = nullptr;
    if (!waiting_.empty()) {
      const auto rest = std::max(waiting_.top().due - std::chrono::steady_clock::now(),
                                 std::chrono::steady_clock::duration::zero());
      patience = {rest / std::chrono::seconds(1), (rest % std::chrono::seconds(1)).count()};
      timeout = &patience;
    }
    pollfd readable[] = {{caller_side_, POLLIN, 0}, {callee_side_, POLLIN, 0}, {wake_, POLLIN, 0}};
    ppoll(readable, std::size(readable), timeout, nullptr);
    const Time now = std::chrono::steady_clock::now();
    take_from_caller(now);
    take_from_callee();
    send_due(now);
  }
}

void Relay::take_from_caller(Time now) {
  for (std::vector<std::uint8_t> bytes; receive(caller_side_, bytes);)
    if (const auto due = due_time(now, bytes)) waiting_.push({*due, taken_++, bytes});
}

void Relay::take_from_callee() {
  for (std::vector<std::uint8_t> bytes; receive(callee_side_, bytes);)
    send_to(caller_side_, caller_port_.load(), bytes);
}

void Relay::send_due(Time now) {
  for (; !waiting_.empty() && waiting_.top().due <= now; waiting_.pop())
    send_to(callee_side_, callee_port_.load(), waiting_.top().bytes);
}

// std::nullopt: lost.
std::optional<Relay::Time> Relay::due_time(Time now, const std::vector<std::uint8_t>& bytes) {
  if (!is_rtp_or_rtcp(bytes)) return now;
  if (!is_rtcp(bytes)) return due_time_of_rtp(now, bytes);
  return is_sender_report(bytes) ? due_time_of_report(now, bytes) : now;
}

std::optional<Relay::Time> Relay::due_time_of_rtp(Time now,
                                                  const std::vector<std::uint8_t>& bytes) {
  const Line line = line_of(bytes[1] & 0x7F);
  const std::uint32_t ssrc = word(bytes, 8);
  if (!first_rtp_) first_rtp_ = now;
  line_of_ssrc_[ssrc] = line;
  std::uniform_real_distribution<> share(0, 1);
  if (share(random_) < options_.loss) {
    ++lost_[slot(line)];
    return std::nullopt;
  }
  const Time due = now + seconds(path(line).delay + options_.jitter * share(random_));
  Time& last = last_due_[ssrc];  // a queue on the way delays packets, it does not swap them
  return last = std::max(last, due);
}

Relay::Time Relay::due_time_of_report(Time now, const std::vector<std::uint8_t>& bytes) {
  const auto known = line_of_ssrc_.find(word(bytes, 4));
  if (known == line_of_ssrc_.end() || !first_rtp_) return now;
  const StreamPath& way = path(known->second);
  const Time release = *first_rtp_ + seconds(way.report_after);
  if (now + seconds(way.delay) >= release) return now + seconds(way.delay);
  ++held_[slot(known->second)];
  return release;
}

const StreamPath& Relay::path(Line line) const {
  static constexpr StreamPath kStraight;
  return line == Line::kVideo ? options_.video : line == Line::kAudio ? options_.audio : kStraight;
}

}  // namespace rec::test
