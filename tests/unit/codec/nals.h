// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Access units from NAL units, for tests of the streams.
#pragma once

#include <initializer_list>

#include "lib/base/media.h"

namespace rec::codec {

using Nals = std::initializer_list<Bytes>;

inline Bytes byte_stream(Nals nals) {
  Bytes out;
  for (const Bytes& nal : nals) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), nal.begin(), nal.end());
  }
  return out;
}

inline Bytes prefixed(Nals nals, unsigned length_size = 4) {
  Bytes out;
  for (const Bytes& nal : nals) {
    for (unsigned i = length_size; i-- > 0;)
      out.push_back(static_cast<std::uint8_t>(nal.size() >> 8 * i));
    out.insert(out.end(), nal.begin(), nal.end());
  }
  return out;
}

}  // namespace rec::codec
