// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The wall clock of a fragment: ProducerReferenceTimeBox (ISO/IEC 14496-12, 8.16.5).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/isobmff/box_writer.h"

namespace rec::isobmff {

inline constexpr std::size_t kPrftBytes = 32;

// One sample of a fragment and when it was.
struct ReferenceTime {
  std::uint32_t track_id = 0;
  std::uint64_t media_time = 0;  // composition time, ticks of the track, on the timeline of tfdt
  std::int64_t utc = 0;          // ns since 1970
  bool of_sender = false;        // `utc` is of the clock that captured the sample
};

// An NTP timestamp (RFC 5905, 6): seconds since 1900 and their fraction, 32 bits each. The seconds
// begin again at 0 in 2036 (era 1); readers know the era from the highest bit. A time before 1970
// becomes 1970, which nobody takes for a date.
std::uint64_t ntp_timestamp(std::int64_t utc);

void write_prft(BoxWriter& w, const ReferenceTime& reference);

}  // namespace rec::isobmff
