// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The debug category `dirsink`. What is logged where the element may be gone names the key instead.
#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN(dirsink_debug);
#define GST_CAT_DEFAULT dirsink_debug
