// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sink pad of recordbin. Its property `track` names the track that it feeds: pads with the same
// name, one after the other, continue one track.
#include "gst/record/gstrecordbinpad.h"

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
// it, upstream must not hear an error. What is dropped here is not lost for a restart: the sticky
// events are kept by the inner pad, and sent again when the pad behind it is active.

static gboolean gst_rec_bin_pad_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  gst_pad_event_default(pad, parent, event);
  return TRUE;
}

static GstFlowReturn gst_rec_bin_pad_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  gst_proxy_pad_chain_default(pad, parent, buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn gst_rec_bin_pad_chain_list(GstPad* pad, GstObject* parent,
                                                GstBufferList* list) {
  gst_proxy_pad_chain_list_default(pad, parent, list);
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
