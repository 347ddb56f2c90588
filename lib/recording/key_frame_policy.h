// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which samples of a track a decoder can use, and when its sender is asked for a key frame: at most
// twice a second, for as long as one is missing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "lib/recording/sample.h"

namespace rec::recording {

class KeyFramePolicy {
 public:
  // `keep_damaged`: what refers to lost packets is taken all the same.
  KeyFramePolicy(Medium medium, bool keep_damaged)
      : video_(medium == Medium::kVideo), keep_damaged_(keep_damaged), required_(video_) {}

  // Nothing but a key frame can continue the track.
  void require() { required_ = video_; }

  // False: no decoder could use it.
  bool admit(const Input& input) {
    if (!video_) return true;
    const bool broken = input.rtp && input.rtp->damaged;
    if (broken || (input.rtp && misses(*input.rtp))) damaged_ = true;
    if (input.key && !broken) required_ = damaged_ = false;
    return !required_ && (keep_damaged_ || !damaged_);
  }
  // Packets were lost since the last key frame: what comes refers to what is missing.
  bool damaged() const { return damaged_; }

  // When ask() will be true, not before `at`.
  Nanos next_ask(Nanos at) const { return asked_ ? std::max(at, *asked_ + kInterval) : at; }
  // True: ask now. What asks goes on asking, so none that is too early is forgotten.
  bool ask(Nanos now) {
    if (asked_ && now < *asked_ + kInterval) return false;
    asked_ = now;
    return true;
  }

 private:
  static constexpr Nanos kInterval = kSecond / 2;

  // Another sender knows nothing of what the one before has sent.
  bool misses(const Input::Rtp& rtp) {
    const bool other = std::exchange(ssrc_, rtp.ssrc).value_or(rtp.ssrc) != rtp.ssrc;
    return std::exchange(lost_, rtp.lost) != rtp.lost || other;
  }

  const bool video_;
  const bool keep_damaged_;
  bool required_;
  bool damaged_ = false;
  std::uint32_t lost_ = 0;             // packets, as the last input said
  std::optional<std::uint32_t> ssrc_;  // of the last input
  std::optional<Nanos> asked_;
};

}  // namespace rec::recording
