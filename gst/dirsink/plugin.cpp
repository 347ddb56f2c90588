// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/gstdirsink.h"

static gboolean plugin_init(GstPlugin* plugin) { return GST_ELEMENT_REGISTER(dirsink, plugin); }

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, dirsink, "Records to a directory",
                  plugin_init, VERSION, "LGPL", PACKAGE, ORIGIN)
