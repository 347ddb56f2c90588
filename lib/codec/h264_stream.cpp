// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/h264_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::size_t kSizeBytes = 4;  // what an MP4 sample has before each NAL unit

// A set that fits the syntax stays below 5000 bytes (slice group maps of the Extended profile
// apart). Larger ones pass through but are not kept: 288 ids of any size are no bounded memory.
constexpr std::size_t kMaxRememberedBytes = 8192;

constexpr std::uint32_t kRecoveryPoint = 6;  // payloadType, D.1.1

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check that the caps say the right stream-format, and alignment=au"};
}

bool is_slice(NalType type) {  // of a primary coded picture (or redundant; it has the same ids)
  return type == NalType::kSlice || type == NalType::kPartitionA || type == NalType::kIdrSlice;
}

// 7.3.3: first_mb_in_slice comes first, and 0 is written as a one.
bool starts_picture(std::span<const std::uint8_t> slice) {
  return slice.size() > 1 && (slice[1] & 0x80) != 0;
}

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

void append_nal(Bytes& out, std::span<const std::uint8_t> nal) {
  const auto size = static_cast<std::uint32_t>(nal.size());
  const std::array<std::uint8_t, kSizeBytes> prefix = {
      static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
      static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.insert(out.end(), prefix.begin(), prefix.end());
  out.insert(out.end(), nal.begin(), nal.end());
}

}  // namespace

Status H264Stream::set_format(Format format, std::span<const std::uint8_t> codec_data) {
  AvccRecord record;
  if (!codec_data.empty() && (format == Format::kAvc || codec_data[0] == 1)) {
    auto parsed = parse_avcc(codec_data);
    if (!parsed) return parsed.error();
    record = std::move(parsed.value());
  } else if (!codec_data.empty()) {
    auto cursor = NalCursor::byte_stream(codec_data);
    while (auto nal = cursor.next()) {
      if (nal_type(*nal) == NalType::kSps) record.sps.emplace_back(nal->begin(), nal->end());
      if (nal_type(*nal) == NalType::kPps) record.pps.emplace_back(nal->begin(), nal->end());
    }
    if (!cursor.ok()) return invalid("codec_data is neither an avcC record nor Annex B");
  }
  std::map<std::uint8_t, SpsEntry> sps;
  for (Bytes& nal : record.sps) {
    auto info = parse_sps(nal);
    if (!info) return info.error();
    sps[info.value().id] = {std::move(nal), info.value()};
  }
  std::map<std::uint8_t, PpsEntry> pps;
  for (Bytes& nal : record.pps) {
    auto info = parse_pps(nal);
    if (!info) return info.error();
    pps[info.value().id] = {std::move(nal), info.value().sps_id};
  }
  format_ = format;
  nal_length_size_ = record.nal_length_size;
  if (!sps.empty() || !pps.empty()) {  // a record is complete: what it does not name is gone
    sps_ = std::move(sps);
    pps_ = std::move(pps);
    sets_changed_ = true;
    update_config(std::nullopt);
  }
  return ok();
}

Result<H264Stream::AccessUnit> H264Stream::convert(std::span<const std::uint8_t> au) {
  if (auto collected = collect(au); !collected) return collected.error();
  for (const Nal nal : nals_) remember(nal);
  const Contents contents = examine();
  const auto sps_id = contents.slice ? sps_id_of(*contents.slice) : std::nullopt;
  AccessUnit out;
  out.picture = contents.slice.has_value();
  out.beginning_lost = out.picture && !starts_picture(*contents.slice);
  out.key = contents.random_access && sps_id;  // without its parameter sets nobody can start there
  update_config(out.key ? sps_id : std::nullopt);
  out.bytes = write(out.key ? missing_sets(*sps_id) : Insertion{});
  if (out.picture) {
    out.config_changed = std::exchange(config_changed_, false);
    config_in_use_ = config_in_use_ || config_.has_value();
  }
  nals_.clear();
  return out;
}

// Fills nals_ with what is worth keeping. Filler data (type 12) is not: it only pads a channel to a
// constant bit rate, and ISO/IEC 14496-15, 5.3.2 keeps it out of files.
Status H264Stream::collect(std::span<const std::uint8_t> au) {
  nals_.clear();
  if (au.size() > std::numeric_limits<std::uint32_t>::max())
    return invalid("Access unit of " + std::to_string(au.size()) + " bytes");
  auto cursor = format_ == Format::kByteStream ? NalCursor::byte_stream(au)
                                               : NalCursor::length_prefixed(au, nal_length_size_);
  bool any = false;
  while (const auto nal = cursor.next()) {
    any = true;
    if (nal_type(*nal) != NalType::kFiller) nals_.push_back(*nal);
  }
  // 7.4.1.2.3: an access unit delimiter comes first. rtph264depay puts parameter sets before it.
  const auto delimiter = std::find_if(nals_.begin(), nals_.end(), [](Nal nal) {
    return nal_type(nal) == NalType::kAccessUnitDelimiter;
  });
  if (delimiter != nals_.end()) std::rotate(nals_.begin(), delimiter, delimiter + 1);
  if (cursor.ok() && any) return ok();
  nals_.clear();
  return invalid("H.264 access unit of " + std::to_string(au.size()) +
                 (cursor.ok() ? " bytes without a NAL unit" : " bytes with broken framing"));
}

// A random access point is an IDR picture, which is what ISO/IEC 14496-15 calls a sync sample for
// AVC, or a recovery point with recovery_frame_cnt 0 that comes with its SPS: some encoders send
// one IDR picture and only such I pictures afterwards, and a recording that could start at none of
// them would lose everything. Pictures that precede a recovery point in output order and follow it
// in decoding order may be damaged when decoding starts there (14496-12, SAP type 3); with
// recovery_frame_cnt above 0 (gradual refresh) the pictures after it are too, so it is no key.
H264Stream::Contents H264Stream::examine() const {
  Contents contents;
  bool has_sps = false;
  for (const Nal nal : nals_) {
    const NalType type = nal_type(nal);
    if (is_slice(type) && !contents.slice) contents.slice = nal;
    if (type == NalType::kIdrSlice) contents.random_access = true;
    if (type == NalType::kSps) has_sps = true;
  }
  if (contents.slice && !contents.random_access && has_sps)
    contents.random_access = std::any_of(nals_.begin(), nals_.end(), [](Nal nal) {
      return nal_type(nal) == NalType::kSei && is_immediate_recovery_point(nal);
    });
  return contents;
}

// Keeps `nal` if it is a parameter set. One that cannot be read passes through unremembered.
void H264Stream::remember(Nal nal) {
  if (nal.size() > kMaxRememberedBytes) return;
  if (nal_type(nal) == NalType::kSps) {
    const auto info = parse_sps(nal);
    if (!info) return;
    SpsEntry& entry = sps_[info.value().id];
    if (std::equal(nal.begin(), nal.end(), entry.nal.begin(), entry.nal.end())) return;
    entry = {Bytes(nal.begin(), nal.end()), info.value()};
    sets_changed_ = true;
  } else if (nal_type(nal) == NalType::kPps) {
    const auto info = parse_pps(nal);
    if (!info) return;
    PpsEntry& entry = pps_[info.value().id];
    if (std::equal(nal.begin(), nal.end(), entry.nal.begin(), entry.nal.end())) return;
    entry = {Bytes(nal.begin(), nal.end()), info.value().sps_id};
    sets_changed_ = true;
  }
}

// The SPS that a slice's PPS refers to, if both are known (7.3.3).
std::optional<std::uint8_t> H264Stream::sps_id_of(Nal slice) const {
  std::array<std::uint8_t, 16> start{};  // first_mb_in_slice, slice_type and the id take 8 at most
  const std::size_t size = strip_emulation_prevention(slice.subspan(1), start);
  BitReader r({start.data(), size});
  r.ue();  // first_mb_in_slice
  r.ue();  // slice_type
  const std::uint32_t pps_id = r.ue();
  if (!r.ok() || pps_id > 255) return std::nullopt;
  const auto pps = pps_.find(static_cast<std::uint8_t>(pps_id));
  if (pps == pps_.end() || !sps_.contains(pps->second.sps_id)) return std::nullopt;
  return pps->second.sps_id;
}

std::vector<Bytes> H264Stream::pps_of(std::uint8_t sps_id) const {
  std::vector<Bytes> found;
  for (const auto& [id, pps] : pps_)
    if (pps.sps_id == sps_id) found.push_back(pps.nal);
  return found;
}

// `activated`: the SPS that the current key access unit uses. Without one the active SPS stays, and
// as long as there is none the first that has a PPS is announced.
void H264Stream::update_config(std::optional<std::uint8_t> activated) {
  std::optional<std::uint8_t> id = activated ? activated : active_sps_;
  if (id == active_sps_ && !sets_changed_) return;
  if (!id || !sps_.contains(*id)) {
    const auto complete = std::find_if(sps_.begin(), sps_.end(), [this](const auto& entry) {
      return !pps_of(entry.first).empty();
    });
    if (complete == sps_.end()) return;
    id = complete->first;
  }
  sets_changed_ = false;
  const SpsEntry& sps = sps_.at(*id);
  const std::vector<Bytes> pps = pps_of(*id);
  if (pps.empty()) return;
  auto avcc = make_avcc({sps.nal}, pps);
  if (!avcc) return;
  H264Config config{std::move(avcc.value()), sps.info.width, sps.info.height,
                    rfc6381("avc3", sps.info), sps.info.reorders};
  active_sps_ = id;
  max_num_reorder_frames_ = sps.info.max_num_reorder_frames;
  if (config_ == config) return;
  config_ = std::move(config);
  config_changed_ = config_in_use_;
}

// What a decoder that starts here needs and the access unit does not carry: its SPS and every PPS
// that refers to it, because later pictures may use another than this one.
H264Stream::Insertion H264Stream::missing_sets(std::uint8_t sps_id) const {
  const auto position = [this](const Bytes& set) {
    const auto found = std::find_if(nals_.begin(), nals_.end(), [&set](Nal nal) {
      return std::equal(nal.begin(), nal.end(), set.begin(), set.end());
    });
    return static_cast<std::size_t>(found - nals_.begin());
  };
  Insertion insertion;
  const Bytes& sps = sps_.at(sps_id).nal;
  const std::size_t sps_at = position(sps);
  if (sps_at == nals_.size()) {
    insertion.before = nal_type(nals_.front()) == NalType::kAccessUnitDelimiter ? 1 : 0;
    insertion.sets.push_back(&sps);
  } else {
    insertion.before = sps_at + 1;  // decoders want an SPS before the PPS that refer to it
  }
  for (const auto& [id, pps] : pps_)
    if (pps.sps_id == sps_id && position(pps.nal) == nals_.size())
      insertion.sets.push_back(&pps.nal);
  return insertion;
}

Bytes H264Stream::write(const Insertion& insertion) const {
  std::size_t size = 0;
  for (const Nal nal : nals_) size += kSizeBytes + nal.size();
  for (const Bytes* set : insertion.sets) size += kSizeBytes + set->size();
  Bytes out;
  out.reserve(size);
  const auto append = [&out](const auto& nal) { append_nal(out, nal); };
  const auto split = nals_.begin() + static_cast<std::ptrdiff_t>(insertion.before);
  std::for_each(nals_.begin(), split, append);
  for (const Bytes* set : insertion.sets) append(*set);
  std::for_each(split, nals_.end(), append);
  return out;
}

}  // namespace rec::codec
