// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/gstrecordbin.h"
#include "gst/record/gstrecordmux.h"

static gboolean plugin_init(GstPlugin* plugin) {
  return GST_ELEMENT_REGISTER(recordmux, plugin) && GST_ELEMENT_REGISTER(recordbin, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, record, "Recording of live streams",
                  plugin_init, VERSION, "LGPL", PACKAGE, ORIGIN)
