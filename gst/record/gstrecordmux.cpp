// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-recordmux
 * @title: recordmux
 * @short_description: Records live tracks into objects that survive a crash
 *
 * Takes encoded media on request pads, any number and at any time, and writes fragmented MP4 as an
 * object stream for a store such as dirsink. A fragment ends every #GstRecMux:fragment-duration,
 * by media time and by the monotonic clock, so that a kill costs at most that and
 * #GstRecMux:latency. A track that is silent, late or broken never stops the others; no error flow
 * ever goes upstream. Holes in audio are filled with silence; the last picture is held in holes of
 * video.
 *
 * Supported: `video/x-h264` and `video/x-h265` (alignment au), `video/x-vp8`, `video/x-vp9`,
 * `video/x-av1` (obu-stream, alignment tu), `audio/x-opus`, `audio/mpeg` (AAC: raw or adts),
 * `audio/x-mulaw` and `audio/x-alaw`. Other caps are accepted, reported by a `record-track` message
 * with state `unsupported` that names the parser to put in front, and dropped.
 *
 * A new size of a video goes on in the same file; another codec begins a new one.
 *
 * A pad that is requested with caps (gst_element_request_pad()) declares its track at once: audio
 * that is negotiated but silent is then in the file from the start, as silence.
 *
 * Tracks are put beside each other by sender reports where buffers carry them
 * (#GstReferenceTimestampMeta `timestamp/x-ntp`), else by running time: #GstRecMux:timing. The
 * first file waits for reports that can be expected, at most #GstRecMux:sync-wait.
 *
 * An `image-orientation` tag turns the picture for players; when it changes, the next file begins:
 * #GstRecMux:on-rotation. Title and comment come from #GstTagSetter, else from tag events.
 *
 * #GstRecMux:end-policy says which tracks end the recording. Sending EOS to the element itself
 * (gst_element_send_event()) ends it whatever the tracks do. It then goes on swallowing data.
 * #GstRecMux::pause and #GstRecMux::resume leave a part out, without a hole.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=150 ! x264enc tune=zerolatency ! recordmux name=mux !
 * dirsink root=records audiotestsrc num-buffers=250 ! opusenc ! mux.
 * ]|
 *
 * Since: 0.1
 */
#include "gst/record/gstrecordmux.h"

#include "gst/common/object_stream.h"
#include "gst/record/action_signal.h"
#include "gst/record/any_pad.h"
#include "gst/record/mux.h"
#include "gst/record/rtp_meta.h"

GST_DEBUG_CATEGORY(record_mux_debug);

struct _GstRecMux {
  GstElement parent;
  rec::record::Mux* impl;  // GObject runs no constructor here: no other C++ member
};

G_DEFINE_TYPE_WITH_CODE(GstRecMux, gst_rec_mux, GST_TYPE_ELEMENT,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_TAG_SETTER, nullptr)
                            GST_DEBUG_CATEGORY_INIT(record_mux_debug, "recordmux", 0,
                                                    "Recording muxer"))
GST_ELEMENT_REGISTER_DEFINE(recordmux, "recordmux", GST_RANK_NONE, GST_TYPE_REC_MUX)

namespace {

using rec::record::Mux;
using rec::record::MuxPad;
using PadState = std::shared_ptr<MuxPad>;

constexpr guint kStats = G_N_ELEMENTS(rec::record::kProperties) + 1;

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-record-objects"));

Mux& impl(gpointer self) { return *GST_REC_MUX(self)->impl; }
MuxPad& state_of(gpointer data) { return **static_cast<PadState*>(data); }

GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  return impl(parent).chain(state_of(pad->chaindata), rec::adopt(buffer));
}

gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  impl(parent).sink_event(state_of(pad->chaindata), event);
  gst_event_unref(event);
  return TRUE;  // whatever it is: upstream must never see a refusal
}

gboolean src_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  if (impl(parent).src_event(event)) {
    gst_event_unref(event);
    return TRUE;
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) return gst_pad_event_default(pad, parent, event);
  gst_event_unref(event);  // nothing downstream may seek or throttle a live recording
  return FALSE;
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar* name,
                        const GstCaps* caps) {
  guint number = 0;
  g_autofree gchar* own = nullptr;
  if (!name || sscanf(name, "sink_%u", &number) != 1) {
    do {
      g_free(own);
      own = g_strdup_printf("sink_%u", impl(element).next_pad_number());
    } while (rec::adopt(gst_element_get_static_pad(element, own)));
    name = own;
  }
  GstPad* pad = gst_pad_new_from_template(templ, name);
  auto state = std::make_shared<MuxPad>(pad, name);
  if (caps && gst_caps_is_fixed(caps)) state->declared = rec::adopt(gst_caps_copy(caps));
  gst_pad_set_chain_function_full(pad, sink_chain, new PadState(state),
                                  [](gpointer data) { delete static_cast<PadState*>(data); });
  gst_pad_set_event_function(pad, sink_event);
  gst_pad_set_query_function(pad, rec::record::any_pad_query);
  impl(element).add_pad(pad, state);
  gst_pad_set_active(pad, TRUE);
  if (!gst_element_add_pad(element, pad)) {  // the name is taken: GStreamer has said so
    impl(element).remove_pad(pad);
    return nullptr;
  }
  return pad;
}

void release_pad(GstElement* element, GstPad* pad) {
  gst_pad_set_active(pad, FALSE);  // waits for a chain function that is running
  impl(element).remove_pad(pad);
  gst_element_remove_pad(element, pad);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  Mux& mux = impl(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !mux.start())
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) mux.set_playing(false);
  const auto result =
      GST_ELEMENT_CLASS(gst_rec_mux_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    result == GST_STATE_CHANGE_FAILURE ? mux.stop() : mux.run();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) mux.set_playing(true);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) mux.stop();
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    gst_tag_setter_reset_tags(GST_TAG_SETTER(element));
  return result;
}

gboolean send_event(GstElement* element, GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(gst_rec_mux_parent_class)->send_event(element, event);
  const bool finished = impl(element).finish(gst_event_get_seqnum(event), false);
  gst_event_unref(event);
  return finished;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec*) {
  impl(object).set(id, value);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec*) {
  if (id == kStats)
    g_value_take_boxed(value, impl(object).stats().release());
  else
    impl(object).get(id, value);
}

void install_signals(GType type) {
  /**
   * GstRecMux::pause:
   *
   * From here on nothing is recorded, until #GstRecMux::resume: what comes is dropped, and in the
   * recording there is no hole: its media time goes on as if there were nothing in between. Without
   * effect in NULL and READY, after the end, and twice.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "pause", [](GstElement* self) { impl(self).set_paused(true); });
  /**
   * GstRecMux::resume:
   *
   * The end of a #GstRecMux::pause. Key frames are requested; video goes on with the next one.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "resume",
                              [](GstElement* self) { impl(self).set_paused(false); });
  /**
   * GstRecMux::split-now:
   *
   * The next object begins at the next key frame of the first video track, which is requested; at
   * once where there is no video. Without effect before the first object and after the end.
   *
   * Since: 0.1
   */
  rec::record::install_action(type, "split-now", [](GstElement* self) { impl(self).split(); });
}

}  // namespace

static void gst_rec_mux_init(GstRecMux* self) {
  self->impl = new Mux(GST_ELEMENT(self));
  GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_event_function(src, src_event);
  gst_pad_use_fixed_caps(src);
  gst_element_add_pad(GST_ELEMENT(self), src);
}

static void gst_rec_mux_class_init(GstRecMuxClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->finalize = [](GObject* self) {
    delete GST_REC_MUX(self)->impl;
    G_OBJECT_CLASS(gst_rec_mux_parent_class)->finalize(self);
  };
  object->set_property = set_property;
  object->get_property = get_property;
  rec::install_properties(object, rec::record::kProperties);
  g_object_class_install_property(
      object, kStats,
      g_param_spec_boxed(
          "stats", "stats", "Counters of this run: objects, bytes, queued-bytes, tracks",
          GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  install_signals(G_OBJECT_CLASS_TYPE(klass));
  rec::record::mark_enums_as_plugin_api();
  rec::register_object_meta();
  rec::record::register_rtp_meta();

  auto* element = GST_ELEMENT_CLASS(klass);
  element->request_new_pad = request_new_pad;
  element->release_pad = release_pad;
  element->change_state = change_state;
  element->send_event = send_event;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "Recording muxer", "Codec/Muxer",
                                        "Records live tracks into crash-safe objects",
                                        "gst-plugins-record");
}
