// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/aac_stream.h"

#include <string>
#include <utility>

namespace rec::codec {

Status AacStream::set_format(Format format, std::span<const std::uint8_t> codec_data) {
  if (format == Format::kRaw) {
    if (codec_data.empty())
      return Error{Error::Kind::kInvalidData, "Raw AAC without codec_data in its caps",
                   "Put aacparse before this element"};
    auto config = parse_audio_specific_config(codec_data);
    if (!config) return config.error();
    set_config(std::move(config.value()));
  }
  format_ = format;
  return ok();
}

Result<AacStream::Frame> AacStream::convert(std::span<const std::uint8_t> frame) {
  if (frame.empty() || (format_ == Format::kRaw && !config_))
    return Error{Error::Kind::kInvalidData,
                 frame.empty() ? "Empty AAC frame" : "AAC frame before its configuration",
                 "Check the AAC encoder and its caps"};
  Frame out{frame};
  if (format_ == Format::kAdts) {
    auto raw = strip_adts(frame);
    if (!raw) return raw.error();
    out.bytes = raw.value();
  }
  out.config_changed = std::exchange(config_changed_, false);
  config_in_use_ = true;
  return out;
}

Result<std::span<const std::uint8_t>> AacStream::strip_adts(std::span<const std::uint8_t> frame) {
  const auto header = parse_adts(frame);
  if (!header) return header.error();
  if (header.value().frame_size != frame.size())
    return Error{Error::Kind::kInvalidData,
                 "ADTS frame of " + std::to_string(header.value().frame_size) +
                     " bytes in a buffer of " + std::to_string(frame.size()),
                 "Put aacparse before this element: one frame a buffer"};
  const Bytes asc = make_audio_specific_config(header.value());
  if (!config_ || config_->asc != asc) {
    auto config = parse_audio_specific_config(asc);
    if (!config) return config.error();
    set_config(std::move(config.value()));
  }
  return frame.subspan(header.value().size);
}

void AacStream::set_config(AacConfig config) {
  if (config_ == config) return;
  config_ = std::move(config);
  config_changed_ = config_in_use_;
}

}  // namespace rec::codec
