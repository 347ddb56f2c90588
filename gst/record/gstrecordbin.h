// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
#define GST_TYPE_REC_BIN (gst_rec_bin_get_type())
G_DECLARE_FINAL_TYPE(GstRecBin, gst_rec_bin, GST, REC_BIN, GstBin)
GST_ELEMENT_REGISTER_DECLARE(recordbin)
G_END_DECLS
