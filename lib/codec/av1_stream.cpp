// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/av1_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

constexpr std::uint8_t kMarkerAndVersion = 0x81;  // the first byte of av1C
constexpr std::size_t kRecordHeader = 4;          // bytes of av1C before its configOBUs
constexpr std::uint32_t kKeyFrame = 0;            // frame_type
// A sequence header takes at most some 250 bytes (32 operating points). Padding is not kept.
constexpr std::size_t kMaxSequenceBytes = 4096;
constexpr std::array<std::uint8_t, 1> kSequenceHeader = {
    static_cast<unsigned>(ObuType::kSequenceHeader) << 3};

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check that the caps say stream-format=obu-stream (Annex B is not read), alignment=tu"};
}

// 2.4 of the binding: what a sample should not have.
bool is_dropped(ObuType type) {
  return type == ObuType::kTemporalDelimiter || type == ObuType::kPadding ||
         type == ObuType::kRedundantFrameHeader;
}

// uncompressed_header(), 5.9.2: a key frame that is shown.
bool is_shown_key(const Obu& frame, const Av1Sequence& sequence) {
  if (sequence.reduced_still_picture_header) return true;
  BitReader r(frame.payload);
  const bool show_existing = r.flag();
  const std::uint32_t type = r.bits(2);
  const bool shown = r.flag();
  return r.ok() && !show_existing && type == kKeyFrame && shown;
}

}  // namespace

Status Av1Stream::set_format(Format format, std::span<const std::uint8_t> codec_data) {
  if (format == Format::kAnnexB)
    return Error{Error::Kind::kUnsupported, "AV1 in the format of Annex B",
                 "Put av1parse before this element, or ask for stream-format=obu-stream"};
  if (codec_data.empty()) return ok();
  if (codec_data.size() < kRecordHeader || codec_data[0] != kMarkerAndVersion)
    return invalid("codec_data is no av1C record");
  ObuCursor cursor(codec_data.subspan(kRecordHeader));
  std::optional<Sequence> sequence;
  while (const auto obu = cursor.next()) {
    if (obu->type != ObuType::kSequenceHeader) continue;
    auto read = read_sequence(obu->payload);
    if (!read) return read.error();
    sequence = std::move(read.value());
  }
  if (!cursor.ok()) return invalid("codec_data has configOBUs that are no OBUs");
  if (sequence) accept(std::move(*sequence));
  return ok();
}

Result<Av1Stream::AccessUnit> Av1Stream::convert(std::span<const std::uint8_t> temporal_unit) {
  const auto collected = collect(temporal_unit);
  if (!collected) return collected.error();
  const Contents& contents = collected.value();
  if (contents.sequence) {
    auto sequence = read_sequence(contents.sequence->payload);
    if (!sequence) return sequence.error();
    accept(std::move(sequence.value()));
  }

  AccessUnit out;
  out.picture = contents.first_frame.has_value();
  // Without its sequence header nobody can start there.
  out.key = out.picture && sequence_ && is_shown_key(*contents.first_frame, sequence_->info);
  if (out.key && !contents.sequence_leads)
    obus_.insert(obus_.begin(), {ObuType::kSequenceHeader, kSequenceHeader, sequence_->payload});
  std::size_t size = 0;
  for (const Obu& obu : obus_) size += obu_size_bound(obu);
  out.bytes.reserve(size);
  for (const Obu& obu : obus_) append_obu(out.bytes, obu);
  if (out.picture) {
    out.config_changed = std::exchange(config_changed_, false);
    config_in_use_ = config_in_use_ || config_.has_value();
  }
  obus_.clear();
  return out;
}

// Fills obus_ with what a sample holds.
Result<Av1Stream::Contents> Av1Stream::collect(std::span<const std::uint8_t> temporal_unit) {
  obus_.clear();
  if (temporal_unit.empty()) return invalid("AV1 temporal unit of 0 bytes");
  ObuCursor cursor(temporal_unit);
  Contents contents;
  bool first = true;
  while (const auto obu = cursor.next()) {
    if (obu->type == ObuType::kTemporalDelimiter && !first)
      return invalid("Two AV1 temporal units in one buffer");
    if (obu->type == ObuType::kTileList)
      return Error{Error::Kind::kUnsupported, "AV1 with a tile list (large scale tile coding)",
                   "Let the encoder make ordinary frames"};
    first = false;
    if (is_dropped(obu->type)) continue;
    obus_.push_back(*obu);
    if (obu->type == ObuType::kSequenceHeader) {
      contents.sequence = *obu;
      contents.sequence_leads = contents.sequence_leads || !contents.first_frame;
    } else if ((obu->type == ObuType::kFrame || obu->type == ObuType::kFrameHeader) &&
               !contents.first_frame) {
      contents.first_frame = *obu;
    }
  }
  if (!cursor.ok())
    return invalid("AV1 temporal unit of " + std::to_string(temporal_unit.size()) +
                   " bytes with an OBU that is damaged");
  return contents;
}

Result<Av1Stream::Sequence> Av1Stream::read_sequence(std::span<const std::uint8_t> payload) {
  if (payload.size() > kMaxSequenceBytes)
    return invalid("AV1 sequence header of " + std::to_string(payload.size()) + " bytes");
  const auto info = parse_av1_sequence(payload);
  if (!info) return info.error();
  const std::uint32_t width = info.value().width;
  const std::uint32_t height = info.value().height;
  if (std::max(width, height) > std::numeric_limits<std::uint16_t>::max())
    return Error{Error::Kind::kUnsupported,
                 "AV1 of " + std::to_string(width) + "x" + std::to_string(height),
                 "An MP4 sample entry has no room for more than 65535 pixels"};
  return Sequence{Bytes(payload.begin(), payload.end()), info.value()};
}

void Av1Stream::accept(Sequence sequence) {
  const Av1Sequence& info = sequence.info;
  Av1Config config{make_av1c(info, sequence.payload),
                   static_cast<std::uint16_t>(info.width),
                   static_cast<std::uint16_t>(info.height),
                   av1_rfc6381(info),
                   {info.primaries, info.transfer, info.matrix, info.full_range}};
  sequence_ = std::move(sequence);
  if (config_ == config) return;
  config_ = std::move(config);
  config_changed_ = config_in_use_;
}

}  // namespace rec::codec
