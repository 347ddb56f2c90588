// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wall clock of a fragment.
#include "lib/isobmff/reference_time.h"

#include <algorithm>

namespace rec::isobmff {
namespace {

constexpr std::uint64_t kNanosASecond = 1'000'000'000;
constexpr std::uint64_t kFrom1900To1970 = 2'208'988'800;  // seconds: 70 years, 17 of them leap

// What `utc` is of the sample at media_time. 0, 1, 2 and 4 name moments that a recorder does not
// see or that say nothing of the media: the sample goes into the encoder, comes out of it, the moof
// is finished, the moof is written.
enum PrftFlag : std::uint32_t {
  kConsistent = 0x000008,  // arbitrary, but the same for all boxes of the track
  kCaptured = 0x000018,    // at a constant, small distance from what was seen and heard
};

}  // namespace

std::uint64_t ntp_timestamp(std::int64_t utc) {
  const auto nanos = static_cast<std::uint64_t>(std::max<std::int64_t>(utc, 0));
  const std::uint64_t seconds = nanos / kNanosASecond + kFrom1900To1970;
  // To the nearest 2^-32 s. A nanosecond is four of them: it never rounds up to a whole second.
  const std::uint64_t fraction =
      ((nanos % kNanosASecond << 32) + kNanosASecond / 2) / kNanosASecond;
  return (seconds << 32) + fraction;  // the era is shifted out
}

void write_prft(BoxWriter& w, const ReferenceTime& reference) {
  auto prft = w.full_box("prft", 1, reference.of_sender ? kCaptured : kConsistent);
  w.u32(reference.track_id);
  w.u64(ntp_timestamp(reference.utc));
  w.u64(reference.media_time);
}

}  // namespace rec::isobmff
