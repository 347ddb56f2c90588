// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What recordmux can be told; recordbin has the same properties and hands them on.
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/common/property_table.h"

namespace rec::record {

enum class Format { kMp4 };

struct Settings {
  Format format = Format::kMp4;
  std::string stream_name = "stream";
  std::string path = "{stream}/{utc:%Y/%m/%d}/{utc:%H%M%S}.mp4";
  guint64 fragment_duration = GST_SECOND;
  guint64 latency = GST_SECOND / 2;
  guint64 max_queued_bytes = 64ULL << 20;
  guint64 header_timeout = 2 * GST_SECOND;
  guint64 claim_timeout = 2 * GST_SECOND;
  guint64 start_utc = 0;
};

}  // namespace rec::record

namespace rec {
template <>
struct EnumType<record::Format> {
  static GType type();  // GstRecFormat
};
}  // namespace rec

namespace rec::record {

inline constexpr Property<Settings> kProperties[] = {
    property<&Settings::format>("format", "Container of the recording"),
    property<&Settings::stream_name>(
        "stream-name",
        "Name of the stream; {stream} of the path. '/' and control characters become '-'"),
    property<&Settings::path>("path",
                              "Template of the object's key: {stream}, {utc:STRFTIME}, {index}, "
                              "{index:04}, {id} (8 random hex digits)"),
    property<&Settings::fragment_duration>(
        "fragment-duration", "Media time of a fragment in ns: what a kill may cost, with latency",
        50 * GST_MSECOND, 60 * GST_SECOND),
    property<&Settings::latency>("latency", "How long a fragment waits for a slower track, in ns",
                                 0, 60 * GST_SECOND),
    property<&Settings::max_queued_bytes>(
        "max-queued-bytes",
        "Bytes held while the store cannot take them; beyond it whole GOPs are dropped", 1 << 20),
    property<&Settings::header_timeout>(
        "header-timeout", "How long the first file waits for pads that have no caps yet, in ns", 0,
        60 * GST_SECOND),
    property<&Settings::claim_timeout>(
        "claim-timeout",
        "How long the store is asked for a free name in ns; then a unique one is taken", 0,
        60 * GST_SECOND),
    property<&Settings::start_utc>(
        "start-utc", "UTC of the first sample in ns since 1970; 0: the system clock, read once"),
};

}  // namespace rec::record
