// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Access units from NAL units, for tests of the streams.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <span>

#include "lib/base/media.h"
#include "lib/codec/nal.h"

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

template <class Stream>
typename Stream::AccessUnit convert(Stream& stream, const Bytes& au) {
  auto out = stream.convert(au);
  EXPECT_TRUE(out) << (out ? "" : out.error().what);
  return out ? out.value() : typename Stream::AccessUnit{};
}

// Feeds units of the pool at random, in both formats, some with a flipped bit: what is not refused
// comes out as NAL units behind their lengths.
template <class Stream>
void expect_well_framed(std::span<const Bytes> pool) {
  using Format = typename Stream::Format;
  std::mt19937 random(4);
  Stream stream;
  for (int i = 0; i < 20000; ++i) {
    const bool annex_b = random() % 2;
    EXPECT_TRUE(stream.set_format(annex_b ? Format::kByteStream : Format::kLengthPrefixed, {}));
    Bytes au;
    for (unsigned n = random() % 6; n-- > 0;) {
      const Bytes& nal = pool[random() % pool.size()];
      const Bytes framed = annex_b ? byte_stream({nal}) : prefixed({nal});
      au.insert(au.end(), framed.begin(), framed.end());
    }
    if (!au.empty() && random() % 2)
      au[random() % au.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    const auto out = stream.convert(au);
    if (!out) continue;
    auto cursor = NalCursor::length_prefixed(out.value().bytes, 4);
    while (cursor.next()) {
    }
    EXPECT_TRUE(cursor.ok());
  }
}

}  // namespace rec::codec
