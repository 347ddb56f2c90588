// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/sender_reports.h"

#include "gst/common/handles.h"

namespace rec::record {
namespace {

constexpr char kProperty[] = "add-reference-timestamp-meta";  // of rtpbin, since 1.22

bool is(GstElement* element, const char* factory) {
  const GstElementFactory* its = gst_element_get_factory(element);
  return its && g_str_equal(GST_OBJECT_NAME(its), factory);
}

bool has_property(GstElement* rtpbin) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(rtpbin), kProperty) != nullptr;
}

}  // namespace

bool pass_on_reports(GstElement* source) {
  if (is(source, "rtpbin")) {  // the application's own: it knows what it wants
    gboolean on = FALSE;
    if (has_property(source)) g_object_get(source, kProperty, &on, nullptr);
    return on;
  }
  if (!is(source, "webrtcbin")) return false;
  const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(source), "rtpbin"));
  if (!rtpbin || !has_property(rtpbin.get())) return false;
  // Reaches its jitter buffers that are there already, too.
  g_object_set(rtpbin.get(), kProperty, TRUE, nullptr);
  return true;
}

}  // namespace rec::record
