// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The codecs that CodecInput::create() knows. nullptr: not one of these media.
#pragma once

#include <memory>

#include "gst/common/handles.h"
#include "gst/record/track_input.h"

namespace rec::record {

std::unique_ptr<CodecInput> make_video_input(const GstStructure* caps);
std::unique_ptr<CodecInput> make_audio_input(const GstStructure* caps);

// Calls `use` with the bytes of codec_data, empty if there is none.
template <class Use>
Status with_codec_data(const GstStructure* caps, Use use) {
  const GValue* value = gst_structure_get_value(caps, "codec_data");
  GstBuffer* data = value && GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : nullptr;
  if (!data) return use(std::span<const std::uint8_t>());
  const ReadMap map(data);
  return use(map ? map.bytes() : std::span<const std::uint8_t>());
}

}  // namespace rec::record
