// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h265_stream.h"

#include <array>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {

NalStream::Role H265Stream::role(Nal nal) const {
  const auto type = h265_nal_type(nal);
  if (!type) return Role::kOther;
  if (is_h265_slice(*type)) return Role::kSlice;
  switch (*type) {
    case H265NalType::kVps: return Role::kVps;
    case H265NalType::kSps: return Role::kSps;
    case H265NalType::kPps: return Role::kPps;
    case H265NalType::kAccessUnitDelimiter: return Role::kDelimiter;
    case H265NalType::kFiller: return Role::kFiller;
    default: return Role::kOther;
  }
}

Result<NalStream::SetIds> H265Stream::parse_set(Nal nal) const {
  if (role(nal) == Role::kVps) {
    const auto id = parse_h265_vps(nal);
    if (!id) return id.error();
    return SetIds{id.value(), std::nullopt};
  }
  if (role(nal) == Role::kSps) {
    const auto sps = parse_h265_sps(nal);
    if (!sps) return sps.error();
    return SetIds{sps.value().id, sps.value().vps_id};
  }
  const auto pps = parse_h265_pps(nal);
  if (!pps) return pps.error();
  return SetIds{pps.value().id, pps.value().sps_id};
}

Result<NalStream::Record> H265Stream::parse_record(std::span<const std::uint8_t> data) const {
  auto hvcc = parse_hvcc(data);
  if (!hvcc) return hvcc.error();
  Record record{hvcc.value().nal_length_size, {}};
  for (auto* list : {&hvcc.value().vps, &hvcc.value().sps, &hvcc.value().pps})
    for (Bytes& set : *list) record.sets.push_back(std::move(set));
  return record;
}

std::optional<std::uint8_t> H265Stream::pps_id(Nal slice) const {  // 7.3.6.1
  const auto type = h265_nal_type(slice);
  if (!type) return std::nullopt;
  std::array<std::uint8_t, 8> start{};  // two flags and 13 bits at most
  const std::size_t size = strip_emulation_prevention(slice.subspan(2), start);
  BitReader r({start.data(), size});
  r.skip(1);  // first_slice_segment_in_pic_flag
  // no_output_of_prior_pics_flag
  if (*type >= H265NalType::kFirstIrap && *type <= H265NalType::kLastReservedIrap) r.skip(1);
  const std::uint32_t id = r.ue();
  if (!r.ok() || id > 63) return std::nullopt;
  return static_cast<std::uint8_t>(id);
}

bool H265Stream::starts_picture(Nal slice) const {    // 7.3.6.1
  return slice.size() > 2 && (slice[2] & 0x80) != 0;  // first_slice_segment_in_pic_flag
}

// Every IRAP picture, as ISO/IEC 14496-15, 8 has it for sync samples: IDR, BLA and CRA. The
// pictures that are decoded after a CRA picture and output before it may refer to pictures before
// it (RASL). A decoder that starts at the CRA picture knows, and outputs none of them (8.1.3): the
// pictures that it shows are whole. They stay in the file, where a decoder that comes from further
// ahead decodes them; encoders that send one IDR picture and then only CRA pictures (x265 with
// open-gop, its default) could otherwise be recorded from nowhere else.
bool H265Stream::is_random_access(Nal slice, const std::vector<Nal>&) const {
  const auto type = h265_nal_type(slice);
  return type && is_irap(*type);
}

NalStream::Update H265Stream::set_config(const SetsInUse& sets) {
  const auto sps = parse_h265_sps(sets.sps.front());
  auto hvcc = make_hvcc({4, sets.vps, sets.sps, sets.pps});
  if (!sps || !hvcc) return Update::kRefused;
  const H265Sps& info = sps.value();
  H265Config config{
      std::move(hvcc.value()),       info.width,        info.height, rfc6381("hev1", info.profile),
      info.max_num_reorder_pics > 0, info.vui.picture()};
  if (config_ == config) return Update::kSame;
  config_ = std::move(config);
  return Update::kChanged;
}

}  // namespace rec::codec
