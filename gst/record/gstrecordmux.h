// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_REC_MUX (gst_rec_mux_get_type())
G_DECLARE_FINAL_TYPE(GstRecMux, gst_rec_mux, GST, REC_MUX, GstElement)
GST_ELEMENT_REGISTER_DECLARE(recordmux)
G_END_DECLS
