// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/rtp_meta.h"

#include <mutex>

namespace rec::record {
namespace {

// RFC 5905, 6: NTP counts from 1900, in eras of 2^32 seconds.
constexpr guint64 kSecondsTo1970 = 2208988800;
constexpr guint64 kEraSeconds = guint64{1} << 32;

}  // namespace

void register_rtp_meta() {
  static std::once_flag once;
  std::call_once(once, [] {
    static const char* no_tags[] = {nullptr};
    if (!gst_meta_get_info(kRtpMeta))
      gst_meta_register_custom(kRtpMeta, no_tags, nullptr, nullptr, nullptr);
  });
}

void set_rtp_note(GstBuffer* buffer, const RtpNote& note) {
  GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, kRtpMeta);
  GstStructure* s = gst_custom_meta_get_structure(meta);
  gst_structure_set(s, "ssrc", G_TYPE_UINT, note.rtp.ssrc, "timestamp", G_TYPE_UINT,
                    note.rtp.timestamp, "clock-rate", G_TYPE_UINT, note.rtp.clock_rate, "lost",
                    G_TYPE_UINT, note.rtp.lost, "reports", G_TYPE_BOOLEAN,
                    static_cast<gboolean>(note.rtp.reports), nullptr);
  if (note.ntp) gst_structure_set(s, "ntp", G_TYPE_INT64, gint64{*note.ntp}, nullptr);
}

std::optional<RtpNote> rtp_note(GstBuffer* buffer) {
  const GstMetaInfo* info = gst_meta_get_info(kRtpMeta);
  if (!info) return std::nullopt;
  GstMeta* last = nullptr;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, info->api)) last = meta;
  if (!last) return std::nullopt;
  RtpNote note;
  gboolean reports = FALSE;
  gint64 ntp = 0;
  const GstStructure* s = gst_custom_meta_get_structure(reinterpret_cast<GstCustomMeta*>(last));
  gst_structure_get(s, "ssrc", G_TYPE_UINT, &note.rtp.ssrc, "timestamp", G_TYPE_UINT,
                    &note.rtp.timestamp, "clock-rate", G_TYPE_UINT, &note.rtp.clock_rate, "lost",
                    G_TYPE_UINT, &note.rtp.lost, "reports", G_TYPE_BOOLEAN, &reports, nullptr);
  note.rtp.reports = reports;
  if (gst_structure_get_int64(s, "ntp", &ntp)) note.ntp = ntp;
  return note;
}

std::optional<recording::Nanos> ntp_time(GstBuffer* buffer) {
  static GstStaticCaps reference = GST_STATIC_CAPS("timestamp/x-ntp");
  GstCaps* caps = gst_static_caps_get(&reference);
  const auto* meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
  gst_caps_unref(caps);
  if (!meta) return std::nullopt;
  guint64 seconds = meta->timestamp / GST_SECOND;
  if (seconds < kSecondsTo1970) seconds += kEraSeconds;  // since 2036-02-07
  return static_cast<recording::Nanos>((seconds - kSecondsTo1970) * GST_SECOND +
                                       meta->timestamp % GST_SECOND);
}

}  // namespace rec::record
