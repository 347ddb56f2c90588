// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace rec::record {

// The query function of a sink pad that takes whatever upstream has, and lets it choose.
inline gboolean any_pad_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_ACCEPT_CAPS: gst_query_set_accept_caps_result(query, TRUE); return TRUE;
    case GST_QUERY_CAPS: {
      GstCaps* filter = nullptr;
      gst_query_parse_caps(query, &filter);
      g_autoptr(GstCaps) any = gst_caps_new_any();
      gst_query_set_caps_result(query, filter ? filter : any);
      return TRUE;
    }
    case GST_QUERY_ALLOCATION: return FALSE;
    default: return gst_pad_query_default(pad, parent, query);
  }
}

}  // namespace rec::record
