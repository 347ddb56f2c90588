// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/element_error.h"

namespace rec {
namespace {

GstResourceError resource_code(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::kInvalidSetting: return GST_RESOURCE_ERROR_SETTINGS;
    case Error::Kind::kDenied: return GST_RESOURCE_ERROR_NOT_AUTHORIZED;
    case Error::Kind::kNotFound: return GST_RESOURCE_ERROR_NOT_FOUND;
    case Error::Kind::kExists: return GST_RESOURCE_ERROR_OPEN_WRITE;
    case Error::Kind::kNoSpace: return GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    case Error::Kind::kIo: return GST_RESOURCE_ERROR_WRITE;
    case Error::Kind::kInvalidData:
    case Error::Kind::kUnsupported: break;
  }
  return GST_RESOURCE_ERROR_FAILED;
}

}  // namespace

void post_error(GstElement* element, const Error& error) {
  gst_element_message_full(element, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
                           resource_code(error.kind),
                           g_strdup_printf("%s. %s.", error.what.c_str(), error.hint.c_str()),
                           nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

}  // namespace rec
