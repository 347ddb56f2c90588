// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "lib/base/result.h"

namespace rec {

// Posts `error` on the bus of `element` as "what. hint." with the RESOURCE code of its kind. Only
// for what the caller cannot go on without; no lock may be held.
void post_error(GstElement* element, const Error& error);

}  // namespace rec
