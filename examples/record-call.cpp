// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Records a WebRTC call: two webrtcbins call each other over the loopback interface, H.264 + Opus,
// and the one that is called gives every track to a recordbin. What an application copies is the
// first part; the second is an ordinary call.
//   record-call --seconds 10 --stream-name room1 --storage ./records
#include <glib-unix.h>
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <atomic>
#include <csignal>

namespace {

constexpr guint kPatience = 10;  // seconds, for the connection and for the end of the recording

struct Call {
  gint seconds = 10;
  gchar* stream_name = g_strdup("call");
  gchar* storage = g_strdup("records");
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  GstElement* pipeline = gst_pipeline_new("call");  // owns the other elements
  GstElement* caller = nullptr;
  GstElement* callee = nullptr;
  GstElement* recorder = nullptr;
  std::atomic<bool> connected = false;
  bool stopping = false;
  int exit_code = 0;
};

bool fail(Call* call, const char* text) {
  g_printerr("record-call: %s\n", text);
  call->exit_code = 1;
  g_main_loop_quit(call->loop);
  return false;
}

// ---- The recorder ------------------------------------------------------------------------------

// A track appears with its first packet: its pad goes straight to the recorder. Streaming thread.
void link_to_recorder(GstElement*, GstPad* pad, Call* call) {
  if (!GST_PAD_IS_SRC(pad)) return;
  g_autoptr(GstPad) sink = gst_element_request_pad_simple(call->recorder, "sink_%u");
  if (!sink || GST_PAD_LINK_FAILED(gst_pad_link(pad, sink)))
    GST_ELEMENT_WARNING(call->recorder, CORE, PAD, ("A track could not be linked."), (nullptr));
}

gboolean give_up(gpointer call) {
  return fail(static_cast<Call*>(call), "the recorder did not finish in time");
}

// EOS goes to the recorder alone: it closes the file and posts EOS. The call could go on.
gboolean stop(gpointer data) {
  auto* call = static_cast<Call*>(data);
  if (call->stopping) return G_SOURCE_CONTINUE;
  call->stopping = true;
  g_print("Stopping: the recorder finishes the file\n");
  gst_element_send_event(call->recorder, gst_event_new_eos());
  g_timeout_add_seconds(kPatience, give_up, call);
  return G_SOURCE_CONTINUE;
}

void print(const GstStructure* message) {
  g_print("%-16s", gst_structure_get_name(message));
  const auto print_field = [](GQuark name, const GValue* value, gpointer) -> gboolean {
    g_autofree gchar* text = g_strdup_value_contents(value);
    g_print(" %s=%s", g_quark_to_string(name), text);
    return TRUE;
  };
  gst_structure_foreach(message, print_field, nullptr);
  g_print("\n");
}

gboolean on_message(GstBus*, GstMessage* message, gpointer data) {
  auto* call = static_cast<Call*>(data);
  auto* recorder = GST_OBJECT(call->recorder);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    g_autoptr(GError) error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    fail(call, error->message);
  } else if (gst_message_has_name(message, "GstBinForwarded")) {
    // The pipeline's own EOS would also wait for the sinks inside webrtcbin, which never see one:
    // message-forward hands on the recorder's.
    g_autoptr(GstMessage) inner = nullptr;
    const GstStructure* fields = gst_message_get_structure(message);
    gst_structure_get(fields, "message", GST_TYPE_MESSAGE, &inner, nullptr);
    if (GST_MESSAGE_TYPE(inner) == GST_MESSAGE_EOS && GST_MESSAGE_SRC(inner) == recorder)
      g_main_loop_quit(call->loop);
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT &&
             gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), recorder)) {
    print(gst_message_get_structure(message));
  }
  return G_SOURCE_CONTINUE;
}

// ---- The call ----------------------------------------------------------------------------------

struct Source {
  const char* text;  // as in gst-launch-1.0; its valve opens when the call is connected
  const char* caps;  // of its RTP packets
};
constexpr const char* kValves[] = {"camera", "microphone"};
constexpr Source kSources[] = {
    {"videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=480,framerate=30/1 ! "
     "timeoverlay font-desc=\"Sans 36\" ! valve name=camera drop=true ! "
     "x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=9000 ! "
     "video/x-h264,profile=constrained-baseline,stream-format=byte-stream ! "
     "rtph264pay pt=96 aggregate-mode=zero-latency",
     "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
     "packetization-mode=(string)1,profile-level-id=(string)42c01f"},
    {"audiotestsrc is-live=true wave=ticks samplesperbuffer=960 ! audio/x-raw,channels=2 ! "
     "valve name=microphone drop=true ! opusenc ! rtpopuspay pt=97",
     "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,"
     "encoding-params=(string)2"}};

// The transceiver gets its caps here, so that the offer does not have to wait for media.
bool add_source(Call* call, const Source& source) {
  g_autoptr(GError) error = nullptr;
  GstElement* bin = gst_parse_bin_from_description(source.text, TRUE, &error);
  if (!bin) return fail(call, error->message);
  gst_bin_add(GST_BIN(call->pipeline), bin);
  g_autoptr(GstPad) src = gst_element_get_static_pad(bin, "src");
  g_autoptr(GstPad) sink = gst_element_request_pad_simple(call->caller, "sink_%u");
  if (GST_PAD_LINK_FAILED(gst_pad_link(src, sink))) return fail(call, "a source does not fit");
  g_autoptr(GstWebRTCRTPTransceiver) transceiver = nullptr;
  g_object_get(sink, "transceiver", &transceiver, nullptr);
  g_autoptr(GstCaps) caps = gst_caps_from_string(source.caps);
  g_object_set(transceiver, "codec-preferences", caps, "direction",
               GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, nullptr);
  return true;
}

// A webrtcbin that uses the loopback interface only: no STUN, nothing leaves the machine.
GstElement* add_peer(Call* call, const char* name) {
  GstElement* peer = gst_element_factory_make("webrtcbin", name);
  gst_util_set_object_arg(G_OBJECT(peer), "bundle-policy", "max-bundle");
  gst_bin_add(GST_BIN(call->pipeline), peer);
  g_autoptr(GstObject) ice = nullptr;
  g_object_get(peer, "ice-agent", &ice, nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
  return peer;
}

void pass_candidate(GstElement*, guint mline, const gchar* candidate, GstElement* to) {
  g_signal_emit_by_name(to, "add-ice-candidate", mline, candidate);
}

// Has one webrtcbin make its "offer" or "answer" and shows it to both. `to` hears of it first:
// the candidates of `from` follow at once.
bool exchange(Call* call, const char* what, GstElement* from, GstElement* to) {
  g_autoptr(GstPromise) promise = gst_promise_new();
  g_autofree gchar* action = g_strdup_printf("create-%s", what);
  g_signal_emit_by_name(from, action, nullptr, promise);
  gst_promise_wait(promise);
  g_autoptr(GstWebRTCSessionDescription) description = nullptr;
  if (const GstStructure* reply = gst_promise_get_reply(promise))
    gst_structure_get(reply, what, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, nullptr);
  if (!description) return fail(call, "webrtcbin cannot describe the call");
  g_signal_emit_by_name(to, "set-remote-description", description, nullptr);
  g_signal_emit_by_name(from, "set-local-description", description, nullptr);
  return true;
}

gboolean check_connection(gpointer data) {
  auto* call = static_cast<Call*>(data);
  return !call->connected && fail(call, "no connection: is the loopback interface up?");
}

// The camera starts when somebody is there to see. Thread of webrtcbin.
void on_connection_state(GstElement* caller, GParamSpec*, Call* call) {
  GstWebRTCPeerConnectionState state;
  g_object_get(caller, "connection-state", &state, nullptr);
  if (state != GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED || call->connected.exchange(true)) return;
  g_print("Connected\n");
  for (const char* name : kValves) {
    g_autoptr(GstElement) valve = gst_bin_get_by_name(GST_BIN(call->pipeline), name);
    g_object_set(valve, "drop", FALSE, nullptr);
  }
  g_timeout_add_seconds(call->seconds, stop, call);
}

bool build(Call* call) {
  g_object_set(call->pipeline, "message-forward", TRUE, nullptr);
  call->caller = add_peer(call, "caller");
  call->callee = add_peer(call, "callee");
  call->recorder = gst_element_factory_make("recordbin", "recorder");
  g_object_set(call->recorder, "stream-name", call->stream_name, "storage", call->storage, nullptr);
  gst_bin_add(GST_BIN(call->pipeline), call->recorder);
  g_signal_connect(call->callee, "pad-added", G_CALLBACK(link_to_recorder), call);
  g_signal_connect(call->caller, "on-ice-candidate", G_CALLBACK(pass_candidate), call->callee);
  g_signal_connect(call->callee, "on-ice-candidate", G_CALLBACK(pass_candidate), call->caller);
  g_signal_connect(call->caller, "notify::connection-state", G_CALLBACK(on_connection_state), call);
  return add_source(call, kSources[0]) && add_source(call, kSources[1]);
}

bool is_installed(const char* element, const char* remedy) {
  g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);
  if (!factory) g_printerr("record-call: no GStreamer element \"%s\": %s\n", element, remedy);
  return factory;
}

bool everything_is_installed() {
  return is_installed("opusenc", "install gstreamer1.0-plugins-base") &&
         is_installed("timeoverlay", "install gstreamer1.0-x") &&
         is_installed("rtph264pay", "install gstreamer1.0-plugins-good") &&
         is_installed("webrtcbin", "install gstreamer1.0-plugins-bad") &&
         is_installed("x264enc", "install gstreamer1.0-plugins-ugly") &&
         is_installed("nicesrc", "install gstreamer1.0-nice") &&
         is_installed("recordbin", "run inside `meson devenv -C build`, or set GST_PLUGIN_PATH");
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  Call call;
  const GOptionEntry options[] = {
      {"seconds", 0, 0, G_OPTION_ARG_INT, &call.seconds, "Length of the call (10)", "N"},
      {"stream-name", 0, 0, G_OPTION_ARG_STRING, &call.stream_name, "Its name (call)", "NAME"},
      {"storage", 0, 0, G_OPTION_ARG_STRING, &call.storage, "Where to record (records)", "DIR"},
      {}};
  g_autoptr(GOptionContext) context = g_option_context_new("- record a WebRTC call");
  g_option_context_add_main_entries(context, options, nullptr);
  g_autoptr(GError) error = nullptr;
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    g_printerr("record-call: %s\n", error->message);
    return 2;
  }
  if (!everything_is_installed() || !build(&call)) return 1;

  g_autoptr(GstBus) bus = gst_element_get_bus(call.pipeline);
  gst_bus_add_watch(bus, on_message, &call);
  g_unix_signal_add(SIGINT, stop, &call);
  g_unix_signal_add(SIGTERM, stop, &call);
  g_timeout_add_seconds(kPatience, check_connection, &call);
  // A failure is on the bus: the loop shows it and ends.
  if (gst_element_set_state(call.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE ||
      (exchange(&call, "offer", call.caller, call.callee) &&
       exchange(&call, "answer", call.callee, call.caller)))
    g_main_loop_run(call.loop);
  gst_element_set_state(call.pipeline, GST_STATE_NULL);
  gst_bus_remove_watch(bus);
  gst_object_unref(call.pipeline);
  return call.exit_code;
}
