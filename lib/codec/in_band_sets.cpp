// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/in_band_sets.h"

#include <algorithm>
#include <iterator>

#include "lib/codec/h264.h"
#include "lib/codec/h265.h"
#include "lib/codec/nal.h"

namespace rec::codec {
namespace {

void append(std::vector<Bytes>& sets, const std::vector<Bytes>& more) {
  sets.insert(sets.end(), more.begin(), more.end());
}

}  // namespace

InBandSets::InBandSets(const CodecConfig& config) {
  if (const auto* h264 = std::get_if<H264Config>(&config)) {
    codec_ = Codec::kH264;
    if (const auto record = parse_avcc(h264->avcc)) {
      append(sets_, record.value().sps);
      append(sets_, record.value().pps);
    }
  } else if (const auto* h265 = std::get_if<H265Config>(&config)) {
    codec_ = Codec::kH265;
    if (const auto record = parse_hvcc(h265->hvcc)) {
      append(sets_, record.value().vps);
      append(sets_, record.value().sps);
      append(sets_, record.value().pps);
    }
  }
}

InBandSets::Kind InBandSets::kind_of(std::span<const std::uint8_t> nal) const {
  if (codec_ == Codec::kH264) {
    const NalType type = nal_type(nal);
    if (type == NalType::kSps || type == NalType::kPps) return Kind::kSet;
    return type == NalType::kAccessUnitDelimiter ? Kind::kDelimiter : Kind::kOther;
  }
  const auto type = h265_nal_type(nal);
  if (type == H265NalType::kVps || type == H265NalType::kSps || type == H265NalType::kPps)
    return Kind::kSet;
  return type == H265NalType::kAccessUnitDelimiter ? Kind::kDelimiter : Kind::kOther;
}

bool InBandSets::known(std::span<const std::uint8_t> set) const {
  return std::any_of(sets_.begin(), sets_.end(), [&](const Bytes& each) {
    return std::equal(each.begin(), each.end(), set.begin(), set.end());
  });
}

std::optional<std::size_t> InBandSets::dispensable(std::span<const std::uint8_t> sample) const {
  if (codec_ == Codec::kNone) return 0;
  std::size_t lead = 0;  // bytes up to the first NAL unit that stays
  bool leading = true;
  bool sets = false;
  auto cursor = NalCursor::length_prefixed(sample, kNalSizeBytes);
  while (const auto nal = cursor.next()) {
    const Kind kind = kind_of(*nal);
    if (kind == Kind::kSet && (!leading || !known(*nal))) return std::nullopt;
    leading = leading && kind != Kind::kOther;
    sets = sets || kind == Kind::kSet;
    if (leading) lead = static_cast<std::size_t>(nal->data() + nal->size() - sample.data());
  }
  if (!cursor.ok() || lead == sample.size()) return std::nullopt;
  return sets ? lead : 0;
}

}  // namespace rec::codec
