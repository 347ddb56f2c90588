// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/gsttrackfront.h"

#include "gst/record/any_pad.h"
#include "gst/record/front.h"

struct _GstRecTrackFront {
  GstElement parent;
  rec::record::Front* impl;
};

G_DEFINE_TYPE(GstRecTrackFront, gst_rec_track_front, GST_TYPE_ELEMENT)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  return GST_REC_TRACK_FRONT(parent)->impl->chain(pad, rec::adopt(buffer));
}

gboolean sink_event(GstPad*, GstObject* parent, GstEvent* event) {
  auto* front = GST_REC_TRACK_FRONT(parent)->impl;
  if (front->sink_event(event))
    gst_pad_push_event(front->src, event);
  else
    gst_event_unref(event);
  return TRUE;  // whatever became of it: upstream must never see a refusal
}

}  // namespace

static void gst_rec_track_front_init(GstRecTrackFront* self) {
  auto* element = GST_ELEMENT(self);
  GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(sink, sink_chain);
  gst_pad_set_event_function(sink, sink_event);
  gst_pad_set_query_function(sink, rec::record::any_pad_query);
  gst_element_add_pad(element, sink);
  gst_element_add_pad(element, gst_pad_new_from_static_template(&src_template, "src"));
}

static void gst_rec_track_front_class_init(GstRecTrackFrontClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = [](GObject* self) {
    delete GST_REC_TRACK_FRONT(self)->impl;
    G_OBJECT_CLASS(gst_rec_track_front_parent_class)->finalize(self);
  };
  auto* element = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "Track front", "Generic",
                                        "First element behind a pad of recordbin",
                                        "gst-plugins-record");
}

GstRecTrackFront* rec::record::track_front_new(FrontOwner* owner, const char* name) {
  auto* self = GST_REC_TRACK_FRONT(g_object_new(GST_TYPE_REC_TRACK_FRONT, nullptr));
  self->impl = new Front(GST_ELEMENT(self), owner, name);
  const auto src = adopt(gst_element_get_static_pad(GST_ELEMENT(self), "src"));
  self->impl->src = src.get();  // lives as long as the element
  return self;
}

rec::record::Front& rec::record::front_of(GstRecTrackFront* element) { return *element->impl; }
