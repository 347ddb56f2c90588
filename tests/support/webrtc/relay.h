// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A bad network between the two peers of a call: a UDP relay on loopback that delays and loses RTP
// and holds back sender reports. SRTP hides payloads only: payload types, SSRCs and RTCP packet
// types are in the clear (RFC 3711, 3.1 and 3.4). What flows back to the caller is left alone.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/result.h"
#include "tests/support/webrtc/send_log.h"

namespace rec::test {

struct StreamPath {
  double delay = 0;  // seconds
  double report_after =
      0;  // seconds after the first RTP packet; its sender reports wait until then
};

struct NetworkOptions {
  StreamPath video;
  StreamPath audio;
  double jitter = 0;       // seconds; each RTP packet takes up to that much longer, in order
  double loss = 0;         // share of the RTP packets, 0 to 1
  std::uint32_t seed = 1;  // of jitter and loss

  bool is_perfect() const {
    return video.delay == 0 && audio.delay == 0 && video.report_after == 0 &&
           audio.report_after == 0 && jitter == 0 && loss == 0;
  }
};

class Relay {
 public:
  explicit Relay(const NetworkOptions& options);
  ~Relay();  // stops
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  Status start();

  // Each peer's ICE candidate as the other one shall see it: at the relay. Empty: to be kept from
  // it (TCP). Any thread.
  std::string candidate_of_caller(const std::string& candidate);
  std::string candidate_of_callee(const std::string& candidate);

  std::uint64_t lost(Line line) const;          // RTP packets; kExtra: of any other payload type
  std::uint64_t held_reports(Line line) const;  // RTCP packets that had to wait

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Packet {
    Time due;
    std::uint64_t number = 0;  // in order of arrival, for packets due at once
    std::vector<std::uint8_t> bytes;
    bool operator>(const Packet& other) const {
      return due != other.due ? due > other.due : number > other.number;
    }
  };

  void run(const std::stop_token& stop);
  void take_from_caller(Time now);
  void take_from_callee();
  void send_due(Time now);
  std::optional<Time> due_time(Time now, const std::vector<std::uint8_t>& bytes);
  std::optional<Time> due_time_of_rtp(Time now, const std::vector<std::uint8_t>& bytes);
  Time due_time_of_report(Time now, const std::vector<std::uint8_t>& bytes);
  const StreamPath& path(Line line) const;

  const NetworkOptions options_;
  int caller_side_ = -1;  // socket that the caller takes for the callee
  int callee_side_ = -1;  // and the other way round
  int wake_ = -1;         // eventfd: stop
  std::atomic<std::uint16_t> caller_port_{0};
  std::atomic<std::uint16_t> callee_port_{0};
  std::array<std::atomic<std::uint64_t>, 3> lost_{};
  std::array<std::atomic<std::uint64_t>, 3> held_{};

  // The relay's thread only.
  std::mt19937 random_;
  std::optional<Time> first_rtp_;
  std::map<std::uint32_t, Line> line_of_ssrc_;
  std::map<std::uint32_t, Time> last_due_;  // by SSRC
  std::uint64_t taken_ = 0;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> waiting_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace rec::test
