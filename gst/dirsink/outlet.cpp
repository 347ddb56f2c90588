// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/outlet.h"

namespace rec::dirsink {

Ref<GstElement> Outlet::element() {
  if (closed_) return nullptr;
  return Ref<GstElement>(static_cast<GstElement*>(g_weak_ref_get(&element_)));
}

void Outlet::post(GstStructure* structure) {
  StructurePtr owned(structure);
  if (const auto e = element())
    gst_element_post_message(e.get(),
                             gst_message_new_element(GST_OBJECT(e.get()), owned.release()));
}

void Outlet::post_eos(guint32 seqnum) {
  const auto e = element();
  if (!e) return;
  GstMessage* message = gst_message_new_eos(GST_OBJECT(e.get()));
  gst_message_set_seqnum(message, seqnum);
  gst_element_post_message(e.get(), message);
}

void Outlet::post_error(GstResourceError code, const std::string& text) {
  post_trouble(GST_MESSAGE_ERROR, code, text);
}

void Outlet::post_warning(GstResourceError code, const std::string& text) {
  post_trouble(GST_MESSAGE_WARNING, code, text);
}

void Outlet::post_trouble(GstMessageType type, GstResourceError code, const std::string& text) {
  if (const auto e = element())
    gst_element_message_full(e.get(), type, GST_RESOURCE_ERROR, code, g_strdup(text.c_str()),
                             nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

bool Outlet::push_upstream(Ref<GstEvent> event) {
  const auto e = element();
  if (!e) return false;
  const Ref<GstPad> pad(gst_element_get_static_pad(e.get(), "sink"));
  return gst_pad_push_event(pad.get(), event.release());
}

}  // namespace rec::dirsink
