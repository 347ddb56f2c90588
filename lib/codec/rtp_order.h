// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the sequence numbers of an RTP stream say (RFC 3550, 5.1): what is missing, what comes late
// or twice.
#pragma once

#include <cstdint>
#include <optional>

namespace rec::codec {

class RtpOrder {  // one per stream, one thread
 public:
  enum class Place {
    kNext,
    kAfterGap,  // something before it is missing
    kAnew,      // another sender, or one that began anew: how much is missing cannot be known
    kOld,       // late or twice: depayloaders do not take it
  };

  Place add(std::uint32_t ssrc, std::uint16_t sequence) {
    const bool anew = last_ && ssrc_ != ssrc;
    const int step = last_ && !anew ? static_cast<std::int16_t>(sequence - *last_) : 1;
    if (step <= 0 && step > -kReordered) return Place::kOld;
    last_ = sequence;
    ssrc_ = ssrc;
    if (anew || step < 0) {
      ++lost_;
      return Place::kAnew;
    }
    lost_ += static_cast<std::uint32_t>(step - 1);
    return step == 1 ? Place::kNext : Place::kAfterGap;
  }
  // A packet that had come was given up.
  void lose() { ++lost_; }
  std::uint32_t lost() const { return lost_; }  // packets, ever

 private:
  // A sequence number further back than this is a sender that began anew. Depayloaders of
  // GStreamer have the same limit.
  static constexpr int kReordered = 100;

  std::optional<std::uint16_t> last_;
  std::uint32_t ssrc_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace rec::codec
