// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Open bitstream units of AV1. Clauses are of the "AV1 Bitstream & Decoding Process Specification",
// version 1.0.0 with errata 1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"

namespace rec::codec {

enum class ObuType : std::uint8_t {  // 6.2.2; numbers without a name are reserved
  kSequenceHeader = 1,
  kTemporalDelimiter = 2,
  kFrameHeader = 3,
  kTileGroup = 4,
  kMetadata = 5,
  kFrame = 6,
  kRedundantFrameHeader = 7,
  kTileList = 8,
  kPadding = 15,
};

struct Obu {
  ObuType type{};
  std::span<const std::uint8_t> header;   // one byte, or two with an extension
  std::span<const std::uint8_t> payload;  // without the size field
};

// OBUs one after the other in the low-overhead bitstream format (5.2). The last one need not have
// a size.
class ObuCursor {
 public:
  explicit ObuCursor(std::span<const std::uint8_t> data) : rest_(data) {}  // borrows
  std::optional<Obu> next();  // nothing at the end, or at an OBU that is none: see ok()
  bool ok() const { return ok_; }

 private:
  std::optional<std::uint64_t> read_size();

  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

// How many bytes append_obu() appends at most.
std::size_t obu_size_bound(const Obu& obu);
// Appends the OBU with a size field, whether it had one or not.
void append_obu(Bytes& out, const Obu& obu);

}  // namespace rec::codec
