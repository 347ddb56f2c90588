// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/media_hash.h"

#include <glib.h>

#include <cstddef>
#include <vector>

namespace rec::test {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Offset of the next 00 00 01 at or after `from`, or the end.
std::size_t next_start_code(Bytes bytes, std::size_t from) {
  for (std::size_t i = from; i + 3 <= bytes.size(); ++i)
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i;
  return bytes.size();
}

std::vector<Bytes> annex_b_nals(Bytes bytes) {
  std::vector<Bytes> nals;
  std::size_t start = next_start_code(bytes, 0);
  while (start < bytes.size()) {
    const std::size_t begin = start + 3;
    start = next_start_code(bytes, begin);
    std::size_t end = start;
    // Zeros before a start code belong to it: a NAL unit never ends in 00 (ITU-T H.264, 7.4.1).
    while (end > begin && bytes[end - 1] == 0) --end;
    nals.push_back(bytes.subspan(begin, end - begin));
  }
  return nals;
}

std::vector<Bytes> length_prefixed_nals(Bytes bytes) {
  std::vector<Bytes> nals;
  while (bytes.size() >= 4) {
    const std::size_t size = std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 |
                             std::size_t{bytes[2]} << 8 | bytes[3];
    if (size > bytes.size() - 4) break;
    nals.push_back(bytes.subspan(4, size));
    bytes = bytes.subspan(4 + size);
  }
  return nals;
}

}  // namespace

std::string md5_of(Bytes bytes) {
  g_autofree gchar* hex = g_compute_checksum_for_data(G_CHECKSUM_MD5, bytes.data(), bytes.size());
  return hex;
}

std::string slices_md5(Bytes access_unit, H264Framing framing) {
  std::vector<std::uint8_t> slices;
  const auto nals = framing == H264Framing::kAnnexB ? annex_b_nals(access_unit)
                                                    : length_prefixed_nals(access_unit);
  for (const Bytes nal : nals) {
    if (nal.empty() || (nal[0] & 0x1f) < 1 || (nal[0] & 0x1f) > 5) continue;
    if (slices.empty()) slices.push_back(0);
    slices.insert(slices.end(), {0, 0, 1});
    slices.insert(slices.end(), nal.begin(), nal.end());
  }
  return md5_of(slices);
}

}  // namespace rec::test
