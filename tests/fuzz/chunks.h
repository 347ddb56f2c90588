// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Cuts a fuzzer's input into what a stream gets in one call after the other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace rec::fuzz {

// Two bytes of big-endian size before each chunk; the last one may be cut off.
template <class Call>
void for_each_chunk(std::span<const std::uint8_t> input, Call call) {
  while (input.size() >= 2) {
    const std::size_t wanted = static_cast<std::size_t>(input[0]) << 8 | input[1];
    const auto chunk = input.subspan(2, std::min(wanted, input.size() - 2));
    input = input.subspan(2 + chunk.size());
    call(chunk);
  }
}

}  // namespace rec::fuzz
