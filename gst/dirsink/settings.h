// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the application sets; the initialisers are the properties' defaults.
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/common/property_table.h"
#include "gst/dirsink/directories.h"
#include "gst/dirsink/naming.h"

namespace rec {

namespace dirsink {

struct Settings {
  std::string root = "records";
  Durability durability = Durability::kNone;
  OnExists on_exists = OnExists::kRename;
  std::string location;                       // plain byte streams only
  guint64 max_queued_bytes = 64ULL << 20;     // bytes
  guint64 shutdown_timeout = 5 * GST_SECOND;  // ns
};

}  // namespace dirsink

template <>
struct EnumType<dirsink::Durability> {
  static GType type();
};
template <>
struct EnumType<dirsink::OnExists> {
  static GType type();
};

}  // namespace rec
