// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/call.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <algorithm>
#include <utility>

#include "tests/support/webrtc/probe.h"

namespace rec::test {
namespace {

Error call_error(std::string what) {
  return {Error::Kind::kIo, std::move(what), "See GST_DEBUG=webrtcbin:6"};
}

// Loopback only: no STUN, and libnice skips `lo` unless it is named.
GstElement* add_peer(GstElement* pipeline, const char* name) {
  GstElement* peer = gst_element_factory_make("webrtcbin", name);
  if (!peer) return nullptr;
  gst_util_set_object_arg(G_OBJECT(peer), "bundle-policy", "max-bundle");
  gst_bin_add(GST_BIN(pipeline), peer);
  GObject* ice = nullptr;
  g_object_get(peer, "ice-agent", &ice, nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(ice, "add-local-ip-address", "127.0.0.1", &added);
  g_object_unref(ice);
  return peer;
}

// As browsers do, and unlike rtpbin by default: how long a frame took to be sent is not in the
// reports.
void report_capture_times(GstElement* peer) {
  const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(peer), "rtpbin"));
  g_object_set(rtpbin.get(), "rtcp-sync-send-time", FALSE, nullptr);
}

// Has `from` make its "offer" or "answer" and gives it to both, to `to` first: the candidates of
// `from` follow at once.
Status exchange(const char* what, GstElement* from, GstElement* to) {
  GstPromise* promise = gst_promise_new();
  const std::string action = std::string("create-") + what;
  g_signal_emit_by_name(from, action.c_str(), nullptr, promise);
  gst_promise_wait(promise);
  g_autoptr(GstWebRTCSessionDescription) description = nullptr;
  if (const GstStructure* reply = gst_promise_get_reply(promise))
    gst_structure_get(reply, what, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, nullptr);
  gst_promise_unref(promise);
  if (!description) return call_error(std::string("webrtcbin made no ") + what);
  g_signal_emit_by_name(to, "set-remote-description", description, nullptr);
  g_signal_emit_by_name(from, "set-local-description", description, nullptr);
  return ok();
}

GstWebRTCPeerConnectionState state_of(GstElement* peer) {
  GstWebRTCPeerConnectionState state{};
  g_object_get(peer, "connection-state", &state, nullptr);
  return state;
}

// Which m-line a pad of the callee belongs to: the payload types are the sender's.
Line line_of(GstPad* pad) {
  const auto caps = adopt(gst_pad_get_current_caps(pad));
  gint payload = -1;
  if (caps) gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "payload", &payload);
  return payload == 96 ? Line::kVideo : payload == 97 ? Line::kAudio : Line::kExtra;
}

}  // namespace

Call::Call(CallOptions options)
    : options_(std::move(options)),
      log_(options_.log_path, options_.keep_log),
      sender_(options_.media, log_,
              [this] {
                std::lock_guard guard(lock_);
                changed_.notify_all();
              }),
      callee_(adopt_floating(gst_pipeline_new("callee"))) {
  caller_ = options_.plain_rtp ? share(callee_.get()) : adopt_floating(gst_pipeline_new("caller"));
  // A pipeline's own EOS waits for all sinks, and those in webrtcbin never see one: have the
  // recorder's handed on.
  g_object_set(callee_.get(), "message-forward", TRUE, nullptr);
}

Call::~Call() {
  close();
  for (GstElement* peer : {callee_peer_, caller_peer_})
    if (peer) g_signal_handlers_disconnect_by_data(peer, this);
  for (GstElement* pipeline : {callee_.get(), caller_.get()}) {
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
    gst_object_unref(bus);
  }
}

Status Call::start(Patience patience) {
  for (GstElement* pipeline : {callee_.get(), caller_.get()}) {
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(
        bus,
        [](GstBus*, GstMessage* message, gpointer self) {
          return static_cast<Call*>(self)->on_bus(message);
        },
        this, nullptr);
    gst_object_unref(bus);
  }
  if (!options_.network.is_perfect() && !options_.plain_rtp) {
    relay_ = std::make_unique<Relay>(options_.network);
    if (auto status = relay_->start(); !status) return status;
  }
  if (auto status = sender_.add_to(GST_BIN(caller_.get())); !status) return status;
  if (auto status = options_.plain_rtp ? connect_plainly() : connect_peers(); !status)
    return status;
  use_common_time();
  for (GstElement* pipeline : {callee_.get(), caller_.get()})
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      return call_error(errors().empty() ? "A pipeline does not start" : errors().front());
  if (auto status = negotiate(); !status) return status;
  {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, patience, [this] { return connected_ || !errors_.empty(); });
    if (!errors_.empty()) return call_error(errors_.front());
    if (!connected_) return call_error("The call was not connected in time");
  }
  media_start_ = now();
  sender_.open(media_start_);
  return ok();
}

bool Call::wait() {
  std::unique_lock guard(lock_);
  changed_.wait(guard, [this] { return sender_.finished() || !errors_.empty(); });
  // Behind the last packet lie only the network and 200 ms of jitter buffer.
  changed_.wait_for(guard, std::chrono::seconds(2), [this] { return all_received(); });
  return none_missing() && errors_.empty();
}

void Call::request_stop() { sender_.stop_at(now()); }

bool Call::finish(GstElement* recorder, Patience patience) {
  gst_element_send_event(recorder, gst_event_new_eos());
  std::unique_lock guard(lock_);
  return changed_.wait_for(guard, patience, [&] { return at_eos_.contains(GST_OBJECT(recorder)); });
}

void Call::close_callee() { gst_element_set_state(callee_.get(), GST_STATE_NULL); }

void Call::close() {
  gst_element_set_state(caller_.get(), GST_STATE_NULL);
  gst_element_set_state(callee_.get(), GST_STATE_NULL);
}

std::uint64_t Call::received_packets(Line line) const {
  std::lock_guard guard(lock_);
  const auto found = received_.find(line);
  return found == received_.end() ? 0 : found->second;
}

std::map<Line, GstClockTime> Call::pads() const {
  std::lock_guard guard(lock_);
  return pads_;
}

std::string Call::connection_state() const {
  if (!callee_peer_) return "plain";
  g_autofree gchar* name =
      g_enum_to_string(GST_TYPE_WEBRTC_PEER_CONNECTION_STATE, state_of(callee_peer_));
  constexpr std::string_view kPrefix = "GST_WEBRTC_PEER_CONNECTION_STATE_";
  g_autofree gchar* lower = g_ascii_strdown(name + kPrefix.size(), -1);
  return lower;
}

std::vector<std::string> Call::errors() const {
  std::lock_guard guard(lock_);
  return errors_;
}

void Call::use_common_time() {
  const auto clock = adopt(gst_system_clock_obtain());
  base_time_ = gst_clock_get_time(clock.get());
  for (GstElement* pipeline : {callee_.get(), caller_.get()}) {
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock.get());
    gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(pipeline, base_time_);
  }
}

GstClockTime Call::now() const {
  const auto clock = adopt(gst_system_clock_obtain());
  return gst_clock_get_time(clock.get()) - base_time_;
}

Status Call::connect_peers() {
  caller_peer_ = add_peer(caller_.get(), "caller-peer");
  callee_peer_ = add_peer(callee_.get(), "callee-peer");
  if (!caller_peer_ || !callee_peer_)
    return Error{Error::Kind::kNotFound, "There is no webrtcbin",
                 "Install gstreamer1.0-plugins-bad and gstreamer1.0-nice"};
  report_capture_times(caller_peer_);
  for (GstElement* peer : {caller_peer_, callee_peer_})
    g_signal_connect(peer, "on-ice-candidate",
                     G_CALLBACK(+[](GstElement* from, guint mline, gchar* text, gpointer self) {
                       static_cast<Call*>(self)->pass_candidate(from, mline, text);
                     }),
                     this);
  g_signal_connect(callee_peer_, "pad-added",
                   G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer self) {
                     if (GST_PAD_IS_SRC(pad)) static_cast<Call*>(self)->add_callee_pad(pad);
                   }),
                   this);
  g_signal_connect(caller_peer_, "notify::connection-state",
                   G_CALLBACK(+[](GstElement* peer, GParamSpec*, gpointer data) {
                     auto* self = static_cast<Call*>(data);
                     std::lock_guard guard(self->lock_);
                     self->connected_ |=
                         state_of(peer) == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
                     self->changed_.notify_all();
                   }),
                   this);
  for (const auto& branch : sender_.branches()) add_caller_line(branch);
  return ok();
}

void Call::pass_candidate(GstElement* from, guint mline, const gchar* candidate) {
  std::string text = candidate;
  if (relay_)
    text = from == caller_peer_ ? relay_->candidate_of_caller(text)
                                : relay_->candidate_of_callee(text);
  if (text.empty()) return;
  GstElement* to = from == caller_peer_ ? callee_peer_ : caller_peer_;
  g_signal_emit_by_name(to, "add-ice-candidate", mline, text.c_str());
}

// The transceiver gets its caps here: an offer needs no media then, and none has to pile up.
void Call::add_caller_line(const Sender::Branch& branch) {
  const auto src = adopt(gst_element_get_static_pad(branch.bin, "src"));
  const auto sink = adopt(gst_element_request_pad_simple(caller_peer_, "sink_%u"));
  gst_pad_link(src.get(), sink.get());
  GstWebRTCRTPTransceiver* transceiver = nullptr;
  g_object_get(sink.get(), "transceiver", &transceiver, nullptr);
  const auto caps = adopt(gst_caps_from_string(branch.caps.c_str()));
  g_object_set(transceiver, "codec-preferences", caps.get(), "direction",
               GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, nullptr);
  gst_object_unref(transceiver);
}

Status Call::connect_plainly() {
  for (const auto& branch : sender_.branches()) {
    GstElement* buffer = gst_element_factory_make("rtpjitterbuffer", nullptr);
    if (!buffer) return call_error("There is no rtpjitterbuffer");
    gst_bin_add(GST_BIN(callee_.get()), buffer);
    gst_element_link(branch.bin, buffer);
    const auto src = adopt(gst_element_get_static_pad(buffer, "src"));
    // As with webrtcbin, the pad appears with its first packet. The probe that counts packets is
    // added meanwhile and sees this one too.
    add_probe(src.get(), kDataProbe, [this](GstPad* pad, GstPadProbeInfo*) {
      add_callee_pad(pad);
      return GST_PAD_PROBE_REMOVE;
    });
  }
  return ok();
}

Status Call::negotiate() {
  if (options_.plain_rtp) {
    std::lock_guard guard(lock_);
    connected_ = true;
    return ok();
  }
  if (auto status = exchange("offer", caller_peer_, callee_peer_); !status) return status;
  return exchange("answer", callee_peer_, caller_peer_);
}

void Call::add_callee_pad(GstPad* pad) {
  const Line line = line_of(pad);
  {
    std::lock_guard guard(lock_);
    pads_.emplace(line, now());
  }
  add_probe(pad, kDataProbe, [this, line](GstPad*, GstPadProbeInfo* info) {
    std::lock_guard guard(lock_);
    for_each_buffer(info, [this, line](GstBuffer*) { ++received_[line]; });
    changed_.notify_all();
    return GST_PAD_PROBE_OK;
  });
  if (on_pad_) on_pad_(pad);
}

GstBusSyncReply Call::on_bus(GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    g_autoptr(GError) error = nullptr;
    g_autofree gchar* debug = nullptr;
    gst_message_parse_error(message, &error, &debug);
    std::lock_guard guard(lock_);
    errors_.push_back(std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message + " (" +
                      (debug ? debug : "") + ")");
    changed_.notify_all();
  } else if (gst_message_has_name(message, "GstBinForwarded")) {
    GstMessage* inner = nullptr;
    gst_structure_get(gst_message_get_structure(message), "message", GST_TYPE_MESSAGE, &inner,
                      nullptr);
    if (inner && GST_MESSAGE_TYPE(inner) == GST_MESSAGE_EOS) {
      std::lock_guard guard(lock_);
      at_eos_.insert(GST_MESSAGE_SRC(inner));
      changed_.notify_all();
    }
    if (inner) gst_message_unref(inner);
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && on_message_) {
    on_message_(message);
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

bool Call::all_received() const {
  return std::ranges::all_of(sender_.branches(), [this](const auto& branch) {
    const auto found = received_.find(branch.line);
    return (found == received_.end() ? 0 : found->second) >= sender_.packets(branch.line);
  });
}

bool Call::none_missing() const {
  return std::ranges::all_of(sender_.branches(), [this](const auto& branch) {
    const auto found = received_.find(branch.line);
    const std::uint64_t lost = relay_ ? relay_->lost(branch.line) : 0;
    return (found == received_.end() ? 0 : found->second) + lost >= sender_.packets(branch.line);
  });
}

}  // namespace rec::test
