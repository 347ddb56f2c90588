// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>

G_BEGIN_DECLS
#define GST_TYPE_REC_BIN_PAD (gst_rec_bin_pad_get_type())
G_DECLARE_FINAL_TYPE(GstRecBinPad, gst_rec_bin_pad, GST, REC_BIN_PAD, GstGhostPad)
G_END_DECLS

namespace rec::record {

GstPad* record_bin_pad_new(GstPadTemplate* templ, const char* name, GstPad* target);
std::string record_bin_pad_track(GstPad* pad);

}  // namespace rec::record
