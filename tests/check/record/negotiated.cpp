// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What two real webrtcbins have negotiated, before any packet.
#include "gst/record/negotiated.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <array>
#include <string>

#include "tests/check/record/bus_messages.h"
#include "tests/check/record/pipeline_fixture.h"

using namespace rec;
using namespace rec::test;

namespace {

Ref<GstElement> make_webrtcbin(Pipeline& pipeline) {
  GstElement* element = gst_element_factory_make("webrtcbin", nullptr);
  fail_unless(element != nullptr, "no webrtcbin");
  pipeline.add(element);
  return share(element);
}

void add_transceiver(GstElement* webrtcbin, GstWebRTCRTPTransceiverDirection direction,
                     const char* text) {
  const auto caps = adopt(gst_caps_from_string(text));
  GstWebRTCRTPTransceiver* transceiver = nullptr;
  g_signal_emit_by_name(webrtcbin, "add-transceiver", direction, caps.get(), &transceiver);
  fail_unless(transceiver != nullptr);
  gst_object_unref(transceiver);
}

GstWebRTCSessionDescription* make_description(GstElement* webrtcbin, const char* kind) {
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtcbin, (std::string("create-") + kind).c_str(), nullptr, promise);
  fail_unless_equals_int(gst_promise_wait(promise), GST_PROMISE_RESULT_REPLIED);
  GstWebRTCSessionDescription* description = nullptr;
  gst_structure_get(gst_promise_get_reply(promise), kind, GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                    &description, nullptr);
  fail_unless(description != nullptr, "no %s", kind);
  gst_promise_unref(promise);
  return description;
}

void set_description(GstElement* webrtcbin, const char* signal,
                     GstWebRTCSessionDescription* description) {
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtcbin, signal, description, promise);
  fail_unless_equals_int(gst_promise_wait(promise), GST_PROMISE_RESULT_REPLIED);
  gst_promise_unref(promise);
}

struct Negotiated {
  const char* rtp;      // what is offered
  const char* encoded;  // what is declared; nullptr: nothing
};
constexpr std::array<Negotiated, 5> kNegotiated = {{
    {"media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=97",
     "audio/x-opus,channels=2,channel-mapping-family=0"},
    {"media=audio,encoding-name=PCMU,clock-rate=8000,payload=0",
     "audio/x-mulaw,rate=8000,channels=1"},
    {"media=audio,encoding-name=PCMA,clock-rate=8000,payload=8",
     "audio/x-alaw,rate=8000,channels=1"},
    {"media=audio,encoding-name=G722,clock-rate=8000,payload=9", nullptr},
    {"media=video,encoding-name=VP8,clock-rate=90000,payload=96", nullptr},
}};

}  // namespace

GST_START_TEST(audio_of_a_known_encoding_is_negotiated) {
  const Negotiated& expected = kNegotiated[static_cast<std::size_t>(__i__)];
  Pipeline pipeline;
  const auto sender = make_webrtcbin(pipeline);
  const auto receiver = make_webrtcbin(pipeline);
  fail_unless(pipeline.set(GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE);
  const std::string caps = std::string("application/x-rtp,") + expected.rtp;
  add_transceiver(sender.get(), GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps.c_str());
  add_transceiver(receiver.get(), GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps.c_str());
  fail_unless(record::negotiated_audio(receiver.get()).empty());

  auto* offer = make_description(sender.get(), "offer");
  set_description(sender.get(), "set-local-description", offer);
  set_description(receiver.get(), "set-remote-description", offer);
  auto* answer = make_description(receiver.get(), "answer");
  set_description(receiver.get(), "set-local-description", answer);
  gst_webrtc_session_description_free(offer);
  gst_webrtc_session_description_free(answer);

  const auto tracks = record::negotiated_audio(receiver.get());
  fail_unless_equals_int(tracks.size(), expected.encoded ? 1 : 0);
  if (!expected.encoded) return;
  const auto wanted = adopt(gst_caps_from_string(expected.encoded));
  g_autofree gchar* text = gst_caps_to_string(tracks[0].caps.get());
  fail_unless(gst_caps_is_equal(tracks[0].caps.get(), wanted.get()), "%s", text);
}
GST_END_TEST

static Suite* record_negotiated_suite() {
  Suite* suite = suite_create("negotiated");
  TCase* tests = tcase_create("all");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, audio_of_a_known_encoding_is_negotiated, 0, kNegotiated.size());
  return suite;
}
GST_CHECK_MAIN(record_negotiated)
