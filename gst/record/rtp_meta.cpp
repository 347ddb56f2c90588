// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/rtp_meta.h"

#include <mutex>

namespace rec::record {

void register_rtp_meta() {
  static std::once_flag once;
  std::call_once(once, [] {
    static const char* no_tags[] = {nullptr};
    if (!gst_meta_get_info(kRtpMeta))
      gst_meta_register_custom(kRtpMeta, no_tags, nullptr, nullptr, nullptr);
  });
}

void set_rtp_time(GstBuffer* buffer, const recording::Input::Rtp& rtp) {
  GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, kRtpMeta);
  gst_structure_set(gst_custom_meta_get_structure(meta), "ssrc", G_TYPE_UINT, rtp.ssrc, "timestamp",
                    G_TYPE_UINT, rtp.timestamp, "clock-rate", G_TYPE_UINT, rtp.clock_rate, "lost",
                    G_TYPE_UINT, rtp.lost, nullptr);
}

std::optional<recording::Input::Rtp> rtp_time(GstBuffer* buffer) {
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, kRtpMeta);
  if (!meta) return std::nullopt;
  recording::Input::Rtp rtp;
  gst_structure_get(gst_custom_meta_get_structure(meta), "ssrc", G_TYPE_UINT, &rtp.ssrc,
                    "timestamp", G_TYPE_UINT, &rtp.timestamp, "clock-rate", G_TYPE_UINT,
                    &rtp.clock_rate, "lost", G_TYPE_UINT, &rtp.lost, nullptr);
  return rtp;
}

}  // namespace rec::record
