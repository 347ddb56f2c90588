// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/negotiated.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace rec::record {
namespace {

struct FreeDescription {
  void operator()(GstWebRTCSessionDescription* d) const { gst_webrtc_session_description_free(d); }
};

Ref<GstCaps> caps_of_encoding(const char* encoding) {  // "opus/48000/2"
  const auto is = [&](const char* name) {
    return g_ascii_strncasecmp(encoding, name, strlen(name)) == 0;
  };
  if (is("opus/"))
    return adopt(gst_caps_new_simple("audio/x-opus", "channels", G_TYPE_INT, 2,
                                     "channel-mapping-family", G_TYPE_INT, 0, nullptr));
  if (!is("PCMU/8000") && !is("PCMA/8000")) return nullptr;
  return adopt(gst_caps_new_simple(is("PCMU") ? "audio/x-mulaw" : "audio/x-alaw", "rate",
                                   G_TYPE_INT, 8000, "channels", G_TYPE_INT, 1, nullptr));
}

// What the payload that the m-line prefers will become; nullptr: that is not known before it comes.
Ref<GstCaps> preferred_caps(const GstSDPMedia* media) {
  if (gst_sdp_media_formats_len(media) == 0) return nullptr;
  const std::string_view format = gst_sdp_media_get_format(media, 0);
  for (guint i = 0;; ++i) {
    const gchar* map = gst_sdp_media_get_attribute_val_n(media, "rtpmap", i);
    if (!map) return nullptr;
    const std::string_view text = map;  // "96 opus/48000/2"
    if (!text.starts_with(format) || text.size() <= format.size() || text[format.size()] != ' ')
      continue;
    return caps_of_encoding(map + format.size() + 1);
  }
}

bool receives(GstWebRTCRTPTransceiver* transceiver) {
  GstWebRTCRTPTransceiverDirection direction = GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_NONE;
  g_object_get(transceiver, "current-direction", &direction, nullptr);
  return direction == GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY ||
         direction == GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDRECV;
}

}  // namespace

std::vector<NegotiatedTrack> negotiated_audio(GstElement* webrtcbin) {
  std::vector<NegotiatedTrack> tracks;
  if (!g_signal_lookup("get-transceivers", G_OBJECT_TYPE(webrtcbin))) return tracks;
  GstWebRTCSessionDescription* boxed = nullptr;
  g_object_get(webrtcbin, "current-local-description", &boxed, nullptr);
  const std::unique_ptr<GstWebRTCSessionDescription, FreeDescription> local(boxed);
  if (!local) return tracks;
  g_autoptr(GArray) transceivers = nullptr;
  g_signal_emit_by_name(webrtcbin, "get-transceivers", &transceivers);
  for (guint i = 0; transceivers && i < transceivers->len; ++i) {
    auto* transceiver = g_array_index(transceivers, GstWebRTCRTPTransceiver*, i);
    guint line = 0;
    g_object_get(transceiver, "mlineindex", &line, nullptr);
    if (!receives(transceiver) || line >= gst_sdp_message_medias_len(local->sdp)) continue;
    auto caps = preferred_caps(gst_sdp_message_get_media(local->sdp, line));
    if (caps) tracks.push_back({transceiver, std::move(caps)});
  }
  return tracks;
}

}  // namespace rec::record
