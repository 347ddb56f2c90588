// SPDX-License-Identifier: LGPL-2.1-or-later
//
// profile_tier_level() of H.265. Private to lib/codec.
#pragma once

#include "lib/codec/bit_reader.h"
#include "lib/codec/h265.h"

namespace rec::codec {

// 7.3.3, with the general profile; what it says of single temporal layers is skipped.
H265Profile parse_profile_tier_level(BitReader& r, unsigned temporal_layers);

}  // namespace rec::codec
