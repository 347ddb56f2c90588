// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes RtpUnits. Input: a byte that chooses the encoding, then packets: two bytes of big-endian
// size, a byte of flags (1 marker, 2 after a gap, 4 the next timestamp), the payload.
#include "lib/codec/rtp_units.h"

#include <array>

#include "tests/fuzz/check.h"
#include "tests/fuzz/chunks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rec::codec::RtpUnits;
  using Held = RtpUnits::Held;
  static constexpr std::array kEncodings = {"H264", "H265", "VP8", "VP9"};
  if (size == 0) return 0;
  const auto units = RtpUnits::create(kEncodings[data[0] % kEncodings.size()]);
  std::uint32_t timestamp = 0;
  std::uint16_t sequence = 0;
  rec::fuzz::for_each_chunk({data + 1, size - 1}, [&](std::span<const std::uint8_t> chunk) {
    if (chunk.size() < 2) return;
    const std::uint8_t flags = chunk[0];
    if (flags & 4) ++timestamp;
    sequence = static_cast<std::uint16_t>(sequence + (flags & 2 ? 2 : 1));
    const auto verdict = units->add({.timestamp = timestamp,
                                     .sequence = sequence,
                                     .marker = (flags & 1) != 0,
                                     .after_gap = (flags & 2) != 0,
                                     .payload = chunk.subspan(1)});
    rec::fuzz::check(!verdict.given_up || (!verdict.taken && verdict.after == Held::kDiscard));
    rec::fuzz::check(verdict.before != Held::kRelease || !(flags & 2));
    rec::fuzz::check(!(flags & 1) || verdict.after != Held::kStay);
  });
  rec::fuzz::check(units->finish() != Held::kStay);
  return 0;
}
