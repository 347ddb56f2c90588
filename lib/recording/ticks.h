// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ticks and nanoseconds. A position is converted once from its own ticks; differences are taken
// between ticks, so that rounding never adds up.
#pragma once

#include <cstdint>

namespace rec::recording {

using Nanos =
    std::int64_t;  // of running time or of the monotonic clock, as the name beside it says

inline constexpr Nanos kSecond = 1'000'000'000;

// The product of a time and a rate does not fit into 64 bits.
__extension__ using Int128 = __int128;

constexpr std::int64_t floor_div(Int128 value, std::int64_t divisor) {
  // In the first hours it does, and 64 bits are divided several times faster.
  if (const auto small = static_cast<std::int64_t>(value); small == value)
    return small / divisor - (small % divisor < 0 ? 1 : 0);
  const Int128 quotient = value / divisor;
  return static_cast<std::int64_t>(value % divisor < 0 ? quotient - 1 : quotient);
}

// The nanosecond at or before the tick.
constexpr Nanos to_nanos(std::int64_t ticks, std::uint32_t timescale) {
  return floor_div(static_cast<Int128>(ticks) * kSecond, timescale);
}

// The nearest tick.
constexpr std::int64_t to_ticks(Nanos nanos, std::uint32_t timescale) {
  return floor_div(static_cast<Int128>(nanos) * timescale * 2 + kSecond, 2 * kSecond);
}

// The first tick that is not before the nanosecond.
constexpr std::int64_t first_tick_at(Nanos nanos, std::uint32_t timescale) {
  return -floor_div(static_cast<Int128>(nanos) * -Int128{timescale}, kSecond);
}

}  // namespace rec::recording
