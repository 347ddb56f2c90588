// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The object stream (docs/object-stream.md): the meta that every buffer of it carries, and the
// events of the way back. Producers and stores share nothing else.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gst/common/handles.h"

namespace rec {

inline constexpr char kObjectCaps[] = "application/x-record-objects";
inline constexpr char kObjectMeta[] = "GstRecordObjectMeta";

// What one buffer of an object stream is. UTC times are nanoseconds since 1970-01-01T00:00:00Z.
struct ObjectInfo {
  std::string key;           // relative path, `/`-separated
  std::string content_type;  // media type of the whole object
  std::uint64_t offset = 0;  // of the buffer's first byte within the object
  bool begin = false;        // first buffer of the object
  bool end = false;          // last buffer of the object; may be empty
  bool replace = false;      // this buffer is the whole object and supersedes earlier versions
  std::string late_key;      // name for a `replace` object that is delivered after an outage
  GstClockTime start_utc = GST_CLOCK_TIME_NONE;
  GstClockTime end_utc = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;  // of the media so far
  std::uint64_t reserve = 0;  // bytes to keep room for: the end of the object may need them
};

// Registers the meta once per process, whichever plugin comes first.
void register_object_meta();
void set_object_info(GstBuffer* buffer, const ObjectInfo& info);  // `buffer` is writable
std::optional<ObjectInfo> object_info(GstBuffer* buffer);

// Events. `what` constructors return (transfer full), parsers return nothing for other events.
struct ClaimResult {
  std::string key;  // as asked
  bool granted = false;
  std::string use_key;  // the name to use; `key` unless the store chose another
};
struct ObjectFailed {
  std::string key;
  std::string reason;
};
struct ObjectFull {
  std::string key;
};
struct Congestion {
  bool on = false;
  std::uint64_t queued_bytes = 0;
};
struct Capabilities {
  bool rewrite = false;             // buffers with an offset before the running end are obeyed
  std::uint64_t rewrite_below = 0;  // ... for bytes before this offset; G_MAXUINT64: everywhere
  bool read_back = false;           // record-read is answered
};
struct Readback {
  std::string key;
  bool found = false;
  std::string bytes;
};

Ref<GstEvent> make_claim(const std::string& key);
Ref<GstEvent> make_read(const std::string& key);
Ref<GstEvent> make_claim_result(const ClaimResult& result);
Ref<GstEvent> make_object_failed(const ObjectFailed& failed);
Ref<GstEvent> make_object_full(const ObjectFull& full);
Ref<GstEvent> make_congestion(const Congestion& congestion);
Ref<GstEvent> make_capabilities(const Capabilities& capabilities);
Ref<GstEvent> make_readback(const Readback& readback);
Ref<GstEvent> make_finish();

std::optional<std::string> parse_claim(GstEvent* event);
std::optional<std::string> parse_read(GstEvent* event);
std::optional<ClaimResult> parse_claim_result(GstEvent* event);
std::optional<ObjectFailed> parse_object_failed(GstEvent* event);
std::optional<ObjectFull> parse_object_full(GstEvent* event);
std::optional<Congestion> parse_congestion(GstEvent* event);
std::optional<Capabilities> parse_capabilities(GstEvent* event);
std::optional<Readback> parse_readback(GstEvent* event);
bool is_finish(GstEvent* event);

}  // namespace rec
