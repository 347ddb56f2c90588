// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What an H.264 profile implies for syntax. Private to lib/codec.
#pragma once

#include <cstdint>

namespace rec::codec {

// The profiles whose SPS carries chroma_format_idc and bit depths (7.3.2.1.1). 144 is the High
// 4:4:4 profile that the standard had until 2006 and that ISO/IEC 14496-15 still names.
constexpr bool has_chroma_format(std::uint8_t profile_idc) {
  switch (profile_idc) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
    case 144: return true;
    default: return false;
  }
}

}  // namespace rec::codec
