// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sink pad of recordbin. Its property `track` names the track that it feeds: pads with the same
// name, one after the other, continue one track.
#include "gst/record/gstrecordbinpad.h"

#include "gst/common/handles.h"

struct _GstRecBinPad {
  GstGhostPad parent;
  gchar* track;  // under the object lock
};

G_DEFINE_TYPE(GstRecBinPad, gst_rec_bin_pad, GST_TYPE_GHOST_PAD)

enum { PROP_TRACK = 1 };

static void gst_rec_bin_pad_set_property(GObject* object, guint, const GValue* value, GParamSpec*) {
  auto* self = GST_REC_BIN_PAD(object);
  GST_OBJECT_LOCK(self);
  g_free(self->track);
  self->track = g_value_dup_string(value);
  GST_OBJECT_UNLOCK(self);
}

static void gst_rec_bin_pad_get_property(GObject* object, guint, GValue* value, GParamSpec*) {
  auto* self = GST_REC_BIN_PAD(object);
  GST_OBJECT_LOCK(self);
  g_value_set_string(value, self->track);
  GST_OBJECT_UNLOCK(self);
}

static void gst_rec_bin_pad_init(GstRecBinPad*) {}

static void gst_rec_bin_pad_class_init(GstRecBinPadClass* klass) {
  auto* object = G_OBJECT_CLASS(klass);
  object->set_property = gst_rec_bin_pad_set_property;
  object->get_property = gst_rec_bin_pad_get_property;
  object->finalize = [](GObject* self) {
    g_free(GST_REC_BIN_PAD(self)->track);
    G_OBJECT_CLASS(gst_rec_bin_pad_parent_class)->finalize(self);
  };
  g_object_class_install_property(
      object, PROP_TRACK,
      g_param_spec_string(
          "track", "track",
          "Name of the track that this pad feeds; pads of one name continue one track", nullptr,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)));
}

// Behind this pad things are stopped, started and replaced while data comes: whatever they say of
// it, upstream must not hear an error.

static gboolean gst_rec_bin_pad_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  gst_pad_event_default(pad, parent, event);
  return TRUE;
}

static bool has_segment(GstPad* pad) {
  g_autoptr(GstEvent) segment = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  return segment != nullptr;
}

static gboolean send_again(GstPad*, GstEvent** event, gpointer inner) {
  gst_pad_push_event(GST_PAD(inner), gst_event_ref(*event));
  return TRUE;
}

// False: the data has no segment, for which depayloaders are not made. A pad that is started while
// upstream pushes is ready before its inner pad is, which then has missed the sticky events; one
// that is stopped and started between an event and the data has lost them until the next push.
static bool ready_for_data(GstPad* pad) {
  const auto inner = rec::adopt(gst_proxy_pad_get_internal(GST_PROXY_PAD(pad)));
  auto* inner_pad = GST_PAD(inner.get());
  if (!has_segment(inner_pad)) gst_pad_sticky_events_foreach(pad, send_again, inner_pad);
  return has_segment(inner_pad);
}

static GstFlowReturn gst_rec_bin_pad_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  if (ready_for_data(pad))
    gst_proxy_pad_chain_default(pad, parent, buffer);
  else
    gst_buffer_unref(buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn gst_rec_bin_pad_chain_list(GstPad* pad, GstObject* parent,
                                                GstBufferList* list) {
  if (ready_for_data(pad))
    gst_proxy_pad_chain_list_default(pad, parent, list);
  else
    gst_buffer_list_unref(list);
  return GST_FLOW_OK;
}

GstPad* rec::record::record_bin_pad_new(GstPadTemplate* templ, const char* name, GstPad* target) {
  auto* pad = GST_PAD(g_object_new(GST_TYPE_REC_BIN_PAD, "name", name, "direction", GST_PAD_SINK,
                                   "template", templ, nullptr));
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad), target);
  gst_pad_set_event_function(pad, gst_rec_bin_pad_event);
  gst_pad_set_chain_function(pad, gst_rec_bin_pad_chain);
  gst_pad_set_chain_list_function(pad, gst_rec_bin_pad_chain_list);
  return pad;
}

std::string rec::record::record_bin_pad_track(GstPad* pad) {
  g_autofree gchar* track = nullptr;
  g_object_get(pad, "track", &track, nullptr);
  return track ? track : "";
}
