// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A publisher, its network and the receiver in front of a recorder, for tests that judge a file by
// what really was when. True time is the monotonic clock of the test; each unit carries the true
// time of its capture, "1234567#8" being unit 8, captured at 1234567 ns.
#pragma once

#include <cmath>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/recording/studio.h"

namespace rec::test {

inline constexpr Nanos kEpoch = 1'700'000'000 * recording::kSecond;  // UTC at true time 0
inline constexpr Nanos kRunning = 1'000'000 * kMs;  // running time - monotonic time

// One capture, as it arrives.
struct Unit {
  int n;
  Nanos captured;
  Nanos arrival;
  bool sent = true;   // false: never was (mute)
  bool lost = false;  // was sent, but does not arrive
  Input input;
};

// A device, the clock of its RTP timestamps, and the way to the receiver.
struct Source {
  Medium medium = Medium::kAudio;
  std::int64_t step = 960;    // ticks of its own clock between captures
  std::int64_t rate = 48000;  // Hz, as declared
  double ppm = 0;             // the error of its clock: > 0 runs fast
  Nanos start = 0;            // true time of the first capture
  Nanos delay = 20 * kMs;     // capture to arrival, at least
  Nanos jitter = 0;           // at most, on top of the delay
  bool smooth = false;        // PTS as rtpjitterbuffer estimates them; else the arrival itself
  bool rtp = true;            // false: encoded input
  Nanos first_report = -1;    // true time; -1: sender reports never come
  Nanos report_interval = 5000 * kMs;
  Nanos report_error = 2 * kMs;  // at most, each way
  bool reports = false;          // they can be expected
  Nanos wall = 0;                // the sender's wall clock - the true one
  int gop = 50;                  // units from one key frame to the next
  std::size_t bytes = 0;         // of a unit, at least
  std::uint32_t ssrc = 1;
  std::uint32_t first_timestamp = 0xfffff000;
  unsigned seed = 1;
  std::function<void(Unit&)> edit;  // the last word on a unit

  static Source audio() { return {}; }
  static Source video(int fps = 25) {
    return {.medium = Medium::kVideo,
            .step = 90000 / fps,
            .rate = 90000,
            .ssrc = 2,
            .first_timestamp = 0x80000000,
            .seed = 2};
  }
};

// The skew estimate of rtpjitterbuffer: the least delay of its window, approached slowly.
class SmoothedSkew {
 public:
  Nanos next(Nanos delta) {
    window_.push_back(delta);
    if (window_.size() > kWindow) window_.pop_front();
    const double least = static_cast<double>(*std::min_element(window_.begin(), window_.end()));
    skew_ = window_.size() == 1 ? least : (least + 124 * skew_) / 125;
    return static_cast<Nanos>(skew_);
  }

 private:
  static constexpr std::size_t kWindow = 64;
  std::deque<Nanos> window_;
  double skew_ = 0;
};

class Sender {
 public:
  Sender(Source source, int track)
      : source_(std::move(source)), track_(track), random_(source_.seed) {
    prepare();
  }
  int track() const { return track_; }
  Source& source() { return source_; }
  const Unit& next() const { return unit_; }
  int lost() const { return static_cast<int>(lost_); }

  Unit take() {
    Unit taken = std::move(unit_);
    prepare();
    return taken;
  }
  void want_key(Nanos at) { key_from_ = at; }

 private:
  double true_rate() const { return static_cast<double>(source_.rate) * (1 + source_.ppm * 1e-6); }
  Nanos captured(std::int64_t n) const {
    return source_.start + std::llround(static_cast<double>(n * source_.step) * 1e9 / true_rate());
  }
  Nanos random(Nanos most) {
    return most > 0 ? std::uniform_int_distribution<Nanos>(0, most)(random_) : 0;
  }

  // The latest report that has arrived says when the unit was captured, by the sender's clock.
  std::optional<Nanos> ntp(std::int64_t ticks, Nanos arrival) {
    if (source_.first_report < 0) return std::nullopt;
    while (source_.first_report + reports_ * source_.report_interval + source_.delay <= arrival) {
      const Nanos at = source_.first_report + reports_++ * source_.report_interval;
      report_utc_ =
          kEpoch + source_.wall + at + random(2 * source_.report_error) - source_.report_error;
      report_ticks_ = static_cast<double>(at - source_.start) * true_rate() / 1e9;
    }
    if (reports_ == 0) return std::nullopt;
    return report_utc_ + std::llround((static_cast<double>(ticks) - report_ticks_) * 1e9 /
                                      static_cast<double>(source_.rate));
  }

  void prepare() {
    const int n = n_++;
    const std::int64_t ticks = n * source_.step;
    const bool video = source_.medium == Medium::kVideo;
    unit_ = Unit{.n = n, .captured = captured(n), .arrival = 0, .input = {}};
    arrival_ = std::max(arrival_, unit_.captured + source_.delay + random(source_.jitter));
    unit_.arrival = arrival_;
    Input& in = unit_.input;
    in.pts = arrival_ + kRunning;
    if (source_.smooth) {
      const Nanos sent =
          source_.start + recording::to_nanos(ticks, static_cast<std::uint32_t>(source_.rate));
      in.pts = sent + skew_.next(arrival_ - sent) + kRunning;
    }
    in.duration = video ? 0 : source_.step;
    in.key = !video || n % source_.gop == 0 || unit_.captured >= key_from_;
    if (unit_.captured >= key_from_) key_from_ = kNever;
    if (source_.rtp)
      in.rtp = Input::Rtp{.ssrc = source_.ssrc,
                          .timestamp = source_.first_timestamp + static_cast<std::uint32_t>(ticks),
                          .clock_rate = static_cast<std::uint32_t>(source_.rate),
                          .reports = source_.reports || source_.first_report >= 0};
    in.ntp = ntp(ticks, arrival_);
    const std::string text = std::to_string(unit_.captured) + "#" + std::to_string(n) + " ";
    in.bytes.assign(text.begin(), text.end());
    in.bytes.resize(std::max(in.bytes.size(), source_.bytes), ' ');
    if (source_.edit) source_.edit(unit_);
    if (unit_.lost) ++lost_;
    if (in.rtp) in.rtp->lost = lost_;
  }

  static constexpr Nanos kNever = INT64_MAX;
  Source source_;
  const int track_;
  std::mt19937 random_;
  Unit unit_{};
  int n_ = 0;
  Nanos arrival_ = 0;
  Nanos key_from_ = kNever;
  std::uint32_t lost_ = 0;
  SmoothedSkew skew_;
  std::int64_t reports_ = 0;
  Nanos report_utc_ = 0;
  double report_ticks_ = 0;
};

// All senders of one recording. Requests for key frames are answered after a round trip.
class Call {
 public:
  explicit Call(Studio& studio) : studio_(studio) {
    studio_.recorder.set_utc_origin(kEpoch - kRunning);
  }
  int add(Source source) {
    const int track = source.medium == Medium::kVideo ? studio_.add_video() : studio_.add_audio();
    senders_.emplace_back(std::move(source), track);
    return track;
  }
  Sender& sender(int track) {
    return *std::find_if(senders_.begin(), senders_.end(),
                         [&](const Sender& s) { return s.track() == track; });
  }

  // What arrives before `until`.
  void run_until(Nanos until) {
    for (;;) {
      Sender& first = *std::min_element(
          senders_.begin(), senders_.end(),
          [](const Sender& a, const Sender& b) { return a.next().arrival < b.next().arrival; });
      if (first.next().arrival >= until) break;
      deliver(first);
    }
    studio_.run_until(until);
  }
  void run_and_finish(Nanos until) {
    run_until(until);
    studio_.finish();
  }

  struct Delivery {
    Unit unit;  // without its input
    Taken taken;
  };
  std::map<int, std::vector<Delivery>> delivered;  // by track

 private:
  void deliver(Sender& sender) {
    Unit unit = sender.take();
    if (!unit.sent || unit.lost) return;
    studio_.run_until(unit.arrival);
    Input input = std::move(unit.input);
    unit.input = {};
    unit.input.key = input.key;
    const Taken taken = studio_.push(sender.track(), std::move(input));
    delivered[sender.track()].push_back({std::move(unit), taken});
    for (; answered_ < studio_.key_requests.size(); ++answered_) {
      const auto& request = studio_.key_requests[answered_];
      this->sender(request.track).want_key(request.at + kRoundTrip);
    }
  }

  static constexpr Nanos kRoundTrip = 60 * kMs;
  Studio& studio_;
  std::deque<Sender> senders_;
  std::size_t answered_ = 0;
};

}  // namespace rec::test
