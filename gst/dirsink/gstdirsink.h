// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_REC_DIR_SINK (gst_rec_dir_sink_get_type())
G_DECLARE_FINAL_TYPE(GstRecDirSink, gst_rec_dir_sink, GST, REC_DIR_SINK, GstElement)
GST_ELEMENT_REGISTER_DECLARE(dirsink)
G_END_DECLS
