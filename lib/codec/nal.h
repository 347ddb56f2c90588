// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NAL units as H.264 and H.265 frame them alike: where they begin and end in what comes in, and how
// they are written into a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"

namespace rec::codec {

using Nal = std::span<const std::uint8_t>;  // with its header, without start code or size

// Walks the NAL units of one access unit (or of a whole stream) without copying or allocating:
//   for (auto cursor = NalCursor::byte_stream(data); auto nal = cursor.next();) ...
//   if (!cursor.ok()) ...
class NalCursor {
 public:
  // Annex B of both standards: 3- and 4-byte start codes; leading and trailing zero bytes belong to
  // no NAL unit.
  static NalCursor byte_stream(std::span<const std::uint8_t> data);
  // ISO/IEC 14496-15, 5.3.4.2 and 8.3.2: each NAL unit after its size in `length_size` (1, 2, 4)
  // bytes.
  static NalCursor length_prefixed(std::span<const std::uint8_t> data, unsigned length_size);

  // The next NAL unit, never empty; nothing at the end or at an error.
  std::optional<Nal> next();
  // False: the data does not start with a start code, or a length points past the end.
  bool ok() const { return ok_; }

 private:
  NalCursor(std::span<const std::uint8_t> data, unsigned length_size);
  std::optional<Nal> next_of_byte_stream();
  std::optional<Nal> next_length_prefixed();

  std::span<const std::uint8_t> rest_;
  unsigned length_size_;  // bytes; 0: byte stream
  bool ok_ = true;
};

constexpr std::size_t kNalSizeBytes = 4;  // what an MP4 sample has before each NAL unit
void append_nal(Bytes& out, Nal nal);     // after its size

// The lists of parameter sets in avcC and hvcC: each NAL unit after its size in two bytes.
constexpr std::size_t kMaxSetBytes = 0xffff;
// Moves past `count` of them; false if the data ends before they do. Empty ones are left out.
bool read_sets(std::span<const std::uint8_t>& data, std::size_t count, std::vector<Bytes>& sets);
void append_sets(Bytes& out, const std::vector<Bytes>& sets);

}  // namespace rec::codec
