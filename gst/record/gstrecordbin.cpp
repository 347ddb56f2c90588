// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-recordbin
 * @title: recordbin
 * @short_description: Records what webrtcbin receives, crash-safely
 *
 * Link the source pads of webrtcbin to request pads of recordbin as they appear. It depayloads,
 * asks for key frames at the start and after loss, muxes with recordmux and stores with the element
 * that the scheme of #GstRecBin:storage chooses. H.264, H.265, VP8, VP9, Opus,
 * AAC and G.711 are taken, as RTP and encoded; encoded AV1 too, and as RTP where there is
 * rtpav1depay.
 *
 * Whatever arrives, nothing but GST_FLOW_OK goes back: what cannot be recorded is reported in a
 * `record-track` message and dropped, and the other tracks go on.
 *
 * A pad that appears later for the same m-line continues its track: recordbin knows it by the
 * transceiver of the peer pad, else by the pad property `track`, else it is the only track of its
 * medium that is silent.
 *
 * Behind a webrtcbin, the property `add-reference-timestamp-meta` of its inner rtpbin is turned on,
 * unless #GstRecBin:timing is `arrival`: sender reports then put the tracks beside each other.
 *
 * To end the recording and keep the call, send EOS to recordbin (gst_element_send_event()) and wait
 * for its EOS message: it then swallows data. Setting the pipeline to NULL finalises too, within
 * #GstRecBin:shutdown-timeout.
 *
 * With #GstRecBin:recover, recordings that killed processes have left in the storage are finished
 * in the background.
 *
 * The children are reached as `mux::` and `store::`, for example `store::durability=fragment`.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=150 ! x264enc tune=zerolatency ! rtph264pay !
 * recordbin name=rec storage=records audiotestsrc num-buffers=250 ! opusenc ! rtpopuspay ! rec.
 * ]|
 *
 * Since: 0.1
 */
#include "gst/record/gstrecordbin.h"

#include "gst/record/action_signal.h"
#include "gst/record/gstrecordbinpad.h"
#include "gst/record/record_bin.h"
#include "gst/record/rtp_meta.h"
#include "gst/record/settings.h"

GST_DEBUG_CATEGORY(record_bin_debug);

struct _GstRecBin {
  GstBin parent;
  rec::record::RecordBin* impl;
};

G_DEFINE_TYPE_WITH_CODE(GstRecBin, gst_rec_bin, GST_TYPE_BIN,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_TAG_SETTER, nullptr)
                            GST_DEBUG_CATEGORY_INIT(record_bin_debug, "recordbin", 0,
                                                    "Recording bin"))
GST_ELEMENT_REGISTER_DEFINE(recordbin, "recordbin", GST_RANK_NONE, GST_TYPE_REC_BIN)

namespace {

using rec::record::RecordBin;

enum : guint {  // behind those of recordmux
  kStorage = G_N_ELEMENTS(rec::record::kProperties) + 1,
  kShutdownTimeout,
  kRecover,
  kStats,
};

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);

RecordBin& impl(gpointer self) { return *GST_REC_BIN(self)->impl; }

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  RecordBin& bin = impl(object);
  const char* text = G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : nullptr;
  if (id == kStorage)
    bin.set_storage(text ? text : "");
  else if (id == kShutdownTimeout)
    bin.set_shutdown_timeout(g_value_get_uint64(value));
  else if (id == kRecover)
    bin.set_recover(g_value_get_boolean(value));
  else if (bin.mux())
    g_object_set_property(G_OBJECT(bin.mux()), spec->name, value);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  RecordBin& bin = impl(object);
  if (id == kStorage)
    g_value_set_string(value, bin.storage().c_str());
  else if (id == kShutdownTimeout)
    g_value_set_uint64(value, bin.shutdown_timeout());
  else if (id == kRecover)
    g_value_set_boolean(value, bin.recover());
  else if (id == kStats)
    g_value_take_boxed(value, bin.stats().release());
  else if (bin.mux())
    g_object_get_property(G_OBJECT(bin.mux()), spec->name, value);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  RecordBin& bin = impl(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !bin.start())
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) bin.stopping();
  const auto result =
      GST_ELEMENT_CLASS(gst_rec_bin_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result != GST_STATE_CHANGE_FAILURE)
    bin.started();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) bin.stop();
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    gst_tag_setter_reset_tags(GST_TAG_SETTER(element));
  return result;
}

gboolean send_event(GstElement* element, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) return impl(element).finish(event);
  return GST_ELEMENT_CLASS(gst_rec_bin_parent_class)->send_event(element, event);
}

void handle_message(GstBin* bin, GstMessage* message) {
  RecordBin* self = GST_REC_BIN(bin)->impl;  // not there yet while the children are linked
  if (!self || !self->handle_message(message))
    GST_BIN_CLASS(gst_rec_bin_parent_class)->handle_message(bin, message);
}

void install_own_properties(GObjectClass* object) {
  g_object_class_install_property(
      object, kStorage,
      g_param_spec_string("storage", "storage", "Where the recording goes: a path or file:///path",
                          "records", rec::kReadyOnly));
  g_object_class_install_property(
      object, kShutdownTimeout,
      g_param_spec_uint64("shutdown-timeout", "shutdown-timeout",
                          "How long a stop without EOS may take to finalise, in ns", 0, G_MAXUINT64,
                          5 * GST_SECOND, rec::kReadyOnly));
  g_object_class_install_property(
      object, kRecover,
      g_param_spec_boolean("recover", "recover",
                           "At the start, finish what killed recorders have left in the storage",
                           FALSE, rec::kReadyOnly));
  g_object_class_install_property(
      object, kStats,
      g_param_spec_boxed(
          "stats", "stats", "Counters of this run: those of the mux and of the store",
          GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

void tell_mux(GstElement* element, const char* signal) {
  if (GstElement* mux = impl(element).mux()) g_signal_emit_by_name(mux, signal);
}

void install_signals(GType type) {
  /**
   * GstRecBin::pause:
   *
   * #GstRecMux::pause of the recordmux within.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "pause", [](GstElement* self) { tell_mux(self, "pause"); });
  /**
   * GstRecBin::resume:
   *
   * #GstRecMux::resume of the recordmux within.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "resume", [](GstElement* self) { tell_mux(self, "resume"); });
  /**
   * GstRecBin::split-now:
   *
   * #GstRecMux::split-now of the recordmux within.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "split-now",
                              [](GstElement* self) { tell_mux(self, "split-now"); });
}

}  // namespace

static void gst_rec_bin_init(GstRecBin* self) { self->impl = new RecordBin(GST_BIN(self)); }

static void gst_rec_bin_class_init(GstRecBinClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->finalize = [](GObject* self) {
    // The children go with the parent class: nothing of theirs may call back any more.
    auto* bin = GST_REC_BIN(self)->impl;
    G_OBJECT_CLASS(gst_rec_bin_parent_class)->finalize(self);
    delete bin;
  };
  object->set_property = set_property;
  object->get_property = get_property;
  rec::install_properties(object, rec::record::kProperties);
  install_own_properties(object);
  install_signals(G_OBJECT_CLASS_TYPE(klass));
  gst_type_mark_as_plugin_api(GST_TYPE_REC_BIN_PAD, static_cast<GstPluginAPIFlags>(0));
  rec::record::register_rtp_meta();

  auto* element = GST_ELEMENT_CLASS(klass);
  element->change_state = change_state;
  element->send_event = send_event;
  element->request_new_pad = [](GstElement* e, GstPadTemplate* t, const gchar* name,
                                const GstCaps*) { return impl(e).request_pad(t, name); };
  element->release_pad = [](GstElement* e, GstPad* pad) { impl(e).release_pad(pad); };
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  gst_element_class_add_static_pad_template_with_gtype(element, &sink_template,
                                                       GST_TYPE_REC_BIN_PAD);
  gst_element_class_set_static_metadata(element, "Recording bin", "Generic/Bin/Sink",
                                        "Records live WebRTC tracks into crash-safe files",
                                        "gst-plugins-record");
}
