// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether a sample can do without the parameter sets that it carries, because the decoder
// configuration record of its track has them too: avc1 and hvc1 (ISO/IEC 14496-15, 5.4.2 and 8.4.1)
// allow sets there only.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"

namespace rec::codec {

class InBandSets {
 public:
  // Of any codec; one without such sets can do without them.
  explicit InBandSets(const CodecConfig& config);

  // How many bytes at the start of a sample (NAL units after their size in 4 bytes) can be left
  // out: parameter sets of the record, and an access unit delimiter among them. nullopt: it has
  // other sets, or has them elsewhere.
  std::optional<std::size_t> dispensable(std::span<const std::uint8_t> sample) const;

 private:
  enum class Codec { kNone, kH264, kH265 };
  enum class Kind { kSet, kDelimiter, kOther };
  Kind kind_of(std::span<const std::uint8_t> nal) const;
  bool known(std::span<const std::uint8_t> set) const;

  Codec codec_ = Codec::kNone;
  std::vector<Bytes> sets_;  // of the record
};

}  // namespace rec::codec
