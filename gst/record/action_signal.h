// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace rec::record {

// A signal of element type `type` that the application emits to have `action` done.
inline void install_action(GType type, const char* name, void (*action)(GstElement*)) {
  g_signal_new_class_handler(name, type,
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(action), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
}

}  // namespace rec::record
