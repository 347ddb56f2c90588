// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ITU-T G.711: one byte a sample and channel, nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/media.h"

namespace rec::codec {

// Whole samples in `bytes` bytes.
inline std::uint32_t g711_samples(const G711Config& config, std::size_t bytes) {
  return static_cast<std::uint32_t>(bytes / config.channels);
}

// The byte that decodes to 0 in mu-law (tables 2a, 2b), and to +8 of 32768 in A-law, which has no
// zero (tables 1a, 1b); a stretch of it is silence of any length.
inline std::uint8_t g711_silence(const G711Config& config) { return config.alaw ? 0xd5 : 0xff; }

}  // namespace rec::codec
