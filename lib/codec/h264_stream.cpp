// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::uint32_t kRecoveryPoint = 6;  // payloadType, D.1.1

// Reads one of the two numbers that start an SEI message (7.3.2.3.1).
bool read_sei_number(std::span<const std::uint8_t>& data, std::size_t& number) {
  number = 0;
  while (!data.empty()) {
    const std::uint8_t byte = data[0];
    data = data.subspan(1);
    number += byte;
    if (byte != 255) return true;
  }
  return false;
}

// Whether the SEI says that decoding may start at this picture and is right from it on.
bool is_immediate_recovery_point(std::span<const std::uint8_t> sei) {
  const Bytes rbsp = strip_emulation_prevention(sei.subspan(1));
  std::span<const std::uint8_t> rest(rbsp);
  std::size_t type = 0;
  std::size_t size = 0;
  while (read_sei_number(rest, type) && read_sei_number(rest, size) && size <= rest.size()) {
    if (type == kRecoveryPoint) {
      BitReader r(rest.first(size));
      const std::uint32_t recovery_frame_cnt = r.ue();
      return r.ok() && recovery_frame_cnt == 0;
    }
    rest = rest.subspan(size);
  }
  return false;
}

}  // namespace

NalStream::Role H264Stream::role(Nal nal) const {
  switch (nal_type(nal)) {
    case NalType::kSlice:  // of a primary coded picture (or redundant; it has the same ids)
    case NalType::kPartitionA:
    case NalType::kIdrSlice: return Role::kSlice;
    case NalType::kSps: return Role::kSps;
    case NalType::kPps: return Role::kPps;
    case NalType::kAccessUnitDelimiter: return Role::kDelimiter;
    case NalType::kFiller: return Role::kFiller;
    default: return Role::kOther;
  }
}

Result<NalStream::SetIds> H264Stream::parse_set(Nal nal) const {
  if (role(nal) == Role::kSps) {
    const auto sps = parse_sps(nal);
    if (!sps) return sps.error();
    return SetIds{sps.value().id, std::nullopt};
  }
  const auto pps = parse_pps(nal);
  if (!pps) return pps.error();
  return SetIds{pps.value().id, pps.value().sps_id};
}

Result<NalStream::Record> H264Stream::parse_record(std::span<const std::uint8_t> data) const {
  auto avcc = parse_avcc(data);
  if (!avcc) return avcc.error();
  Record record{avcc.value().nal_length_size, std::move(avcc.value().sps)};
  for (Bytes& pps : avcc.value().pps) record.sets.push_back(std::move(pps));
  return record;
}

std::optional<std::uint8_t> H264Stream::pps_id(Nal slice) const {  // 7.3.3
  std::array<std::uint8_t, 16> start{};  // first_mb_in_slice, slice_type and the id take 8 at most
  const std::size_t size = strip_emulation_prevention(slice.subspan(1), start);
  BitReader r({start.data(), size});
  r.ue();  // first_mb_in_slice
  r.ue();  // slice_type
  const std::uint32_t id = r.ue();
  if (!r.ok() || id > 255) return std::nullopt;
  return static_cast<std::uint8_t>(id);
}

bool H264Stream::starts_picture(Nal slice) const {    // 7.3.3
  return slice.size() > 1 && (slice[1] & 0x80) != 0;  // first_mb_in_slice: 0 is written as a one
}

// A random access point is an IDR picture, which is what ISO/IEC 14496-15 calls a sync sample for
// AVC, or a recovery point with recovery_frame_cnt 0 that comes with its SPS: some encoders send
// one IDR picture and only such I pictures afterwards, and a recording that could start at none of
// them would lose everything. Pictures that precede a recovery point in output order and follow it
// in decoding order may be damaged when decoding starts there (14496-12, SAP type 3); with
// recovery_frame_cnt above 0 (gradual refresh) the pictures after it are too, so it is no key.
bool H264Stream::is_random_access(Nal, const std::vector<Nal>& nals) const {
  const auto has = [&nals](NalType type) {
    return std::any_of(nals.begin(), nals.end(), [type](Nal nal) { return nal_type(nal) == type; });
  };
  if (has(NalType::kIdrSlice)) return true;
  return has(NalType::kSps) && std::any_of(nals.begin(), nals.end(), [](Nal nal) {
           return nal_type(nal) == NalType::kSei && is_immediate_recovery_point(nal);
         });
}

NalStream::Update H264Stream::set_config(const SetsInUse& sets) {
  const auto sps = parse_sps(sets.sps.front());
  auto avcc = make_avcc(sets.sps, sets.pps);
  if (!sps || !avcc) return Update::kRefused;
  const H264Sps& info = sps.value();
  H264Config config{std::move(avcc.value()), info.width,    info.height,
                    rfc6381("avc3", info),   info.reorders, info.vui.picture()};
  max_num_reorder_frames_ = info.max_num_reorder_frames;
  if (config_ == config) return Update::kSame;
  config_ = std::move(config);
  return Update::kChanged;
}

}  // namespace rec::codec
