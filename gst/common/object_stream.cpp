// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/object_stream.h"

#include <mutex>

namespace rec {
namespace {

constexpr char kClaim[] = "record-claim";
constexpr char kRead[] = "record-read";
constexpr char kClaimResult[] = "record-claim-result";
constexpr char kObjectFailed[] = "record-object-failed";
constexpr char kObjectFull[] = "record-object-full";
constexpr char kCongestion[] = "record-congestion";
constexpr char kCapabilities[] = "record-capabilities";
constexpr char kReadback[] = "record-readback";
constexpr char kFinish[] = "record-finish";

std::string text(const GstStructure* s, const char* field) {
  const char* value = gst_structure_get_string(s, field);
  return value ? value : "";
}

bool flag(const GstStructure* s, const char* field) {
  gboolean value = FALSE;
  return gst_structure_get_boolean(s, field, &value) && value;
}

guint64 number(const GstStructure* s, const char* field, guint64 otherwise) {
  guint64 value = otherwise;
  gst_structure_get_uint64(s, field, &value);
  return value;
}

void set_text(GstStructure* s, const char* field, const std::string& value) {
  if (!value.empty()) gst_structure_set(s, field, G_TYPE_STRING, value.c_str(), nullptr);
}

void set_time(GstStructure* s, const char* field, GstClockTime value) {
  if (GST_CLOCK_TIME_IS_VALID(value))
    gst_structure_set(s, field, G_TYPE_UINT64, guint64{value}, nullptr);
}

Ref<GstEvent> upstream(GstStructure* s) {
  return adopt(gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, s));
}

Ref<GstEvent> downstream(GstStructure* s) {
  return adopt(gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, s));
}

const GstStructure* named(GstEvent* event, const char* name) {
  return gst_event_has_name(event, name) ? gst_event_get_structure(event) : nullptr;
}

}  // namespace

void register_object_meta() {
  static std::once_flag once;
  std::call_once(once, [] {
    static const char* no_tags[] = {nullptr};
    // Another plugin may have been first: a second registration is a CRITICAL.
    if (!gst_meta_get_info(kObjectMeta))
      gst_meta_register_custom(kObjectMeta, no_tags, nullptr, nullptr, nullptr);
  });
}

void set_object_info(GstBuffer* buffer, const ObjectInfo& info) {
  register_object_meta();
  GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, kObjectMeta);
  GstStructure* s = gst_custom_meta_get_structure(meta);
  gst_structure_set(s, "key", G_TYPE_STRING, info.key.c_str(), "offset", G_TYPE_UINT64,
                    guint64{info.offset}, "begin", G_TYPE_BOOLEAN, info.begin, "end",
                    G_TYPE_BOOLEAN, info.end, "replace", G_TYPE_BOOLEAN, info.replace, nullptr);
  set_text(s, "content-type", info.content_type);
  set_text(s, "late-key", info.late_key);
  set_time(s, "start-utc", info.start_utc);
  set_time(s, "end-utc", info.end_utc);
  set_time(s, "duration", info.duration);
  if (info.reserve > 0)
    gst_structure_set(s, "reserve", G_TYPE_UINT64, guint64{info.reserve}, nullptr);
}

std::optional<ObjectInfo> object_info(GstBuffer* buffer) {
  GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, kObjectMeta);
  if (!meta) return std::nullopt;
  const GstStructure* s = gst_custom_meta_get_structure(meta);
  return ObjectInfo{.key = text(s, "key"),
                    .content_type = text(s, "content-type"),
                    .offset = number(s, "offset", 0),
                    .begin = flag(s, "begin"),
                    .end = flag(s, "end"),
                    .replace = flag(s, "replace"),
                    .late_key = text(s, "late-key"),
                    .start_utc = number(s, "start-utc", GST_CLOCK_TIME_NONE),
                    .end_utc = number(s, "end-utc", GST_CLOCK_TIME_NONE),
                    .duration = number(s, "duration", GST_CLOCK_TIME_NONE),
                    .reserve = number(s, "reserve", 0)};
}

Ref<GstEvent> make_claim(const std::string& key) {
  return downstream(gst_structure_new(kClaim, "key", G_TYPE_STRING, key.c_str(), nullptr));
}

Ref<GstEvent> make_read(const std::string& key) {
  return downstream(gst_structure_new(kRead, "key", G_TYPE_STRING, key.c_str(), nullptr));
}

Ref<GstEvent> make_claim_result(const ClaimResult& r) {
  return upstream(gst_structure_new(kClaimResult, "key", G_TYPE_STRING, r.key.c_str(), "granted",
                                    G_TYPE_BOOLEAN, r.granted, "use-key", G_TYPE_STRING,
                                    r.use_key.c_str(), nullptr));
}

Ref<GstEvent> make_object_failed(const ObjectFailed& f) {
  return upstream(gst_structure_new(kObjectFailed, "key", G_TYPE_STRING, f.key.c_str(), "reason",
                                    G_TYPE_STRING, f.reason.c_str(), nullptr));
}

Ref<GstEvent> make_object_full(const ObjectFull& f) {
  return upstream(gst_structure_new(kObjectFull, "key", G_TYPE_STRING, f.key.c_str(), nullptr));
}

Ref<GstEvent> make_congestion(const Congestion& c) {
  return upstream(gst_structure_new(kCongestion, "on", G_TYPE_BOOLEAN, c.on, "queued-bytes",
                                    G_TYPE_UINT64, guint64{c.queued_bytes}, nullptr));
}

Ref<GstEvent> make_capabilities(const Capabilities& c) {
  return upstream(gst_structure_new(kCapabilities, "rewrite", G_TYPE_BOOLEAN, c.rewrite,
                                    "rewrite-below", G_TYPE_UINT64, guint64{c.rewrite_below},
                                    "read-back", G_TYPE_BOOLEAN, c.read_back, nullptr));
}

Ref<GstEvent> make_readback(const Readback& r) {
  GstStructure* s = gst_structure_new(kReadback, "key", G_TYPE_STRING, r.key.c_str(), "found",
                                      G_TYPE_BOOLEAN, r.found, nullptr);
  if (r.found) {
    GBytes* bytes = g_bytes_new(r.bytes.data(), r.bytes.size());
    gst_structure_set(s, "bytes", G_TYPE_BYTES, bytes, nullptr);
    g_bytes_unref(bytes);
  }
  return upstream(s);
}

Ref<GstEvent> make_finish() { return upstream(gst_structure_new_empty(kFinish)); }

std::optional<std::string> parse_claim(GstEvent* event) {
  const auto* s = named(event, kClaim);
  return s ? std::optional(text(s, "key")) : std::nullopt;
}

std::optional<std::string> parse_read(GstEvent* event) {
  const auto* s = named(event, kRead);
  return s ? std::optional(text(s, "key")) : std::nullopt;
}

std::optional<ClaimResult> parse_claim_result(GstEvent* event) {
  const auto* s = named(event, kClaimResult);
  if (!s) return std::nullopt;
  return ClaimResult{text(s, "key"), flag(s, "granted"), text(s, "use-key")};
}

std::optional<ObjectFailed> parse_object_failed(GstEvent* event) {
  const auto* s = named(event, kObjectFailed);
  if (!s) return std::nullopt;
  return ObjectFailed{text(s, "key"), text(s, "reason")};
}

std::optional<ObjectFull> parse_object_full(GstEvent* event) {
  const auto* s = named(event, kObjectFull);
  if (!s) return std::nullopt;
  return ObjectFull{text(s, "key")};
}

std::optional<Congestion> parse_congestion(GstEvent* event) {
  const auto* s = named(event, kCongestion);
  if (!s) return std::nullopt;
  return Congestion{flag(s, "on"), number(s, "queued-bytes", 0)};
}

std::optional<Capabilities> parse_capabilities(GstEvent* event) {
  const auto* s = named(event, kCapabilities);
  if (!s) return std::nullopt;
  return Capabilities{flag(s, "rewrite"), number(s, "rewrite-below", 0), flag(s, "read-back")};
}

std::optional<Readback> parse_readback(GstEvent* event) {
  const auto* s = named(event, kReadback);
  if (!s) return std::nullopt;
  Readback result{text(s, "key"), flag(s, "found"), {}};
  GBytes* bytes = nullptr;
  if (gst_structure_get(s, "bytes", G_TYPE_BYTES, &bytes, nullptr)) {
    gsize size = 0;
    const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
    result.bytes.assign(data, size);
    g_bytes_unref(bytes);
  }
  return result;
}

bool is_finish(GstEvent* event) { return gst_event_has_name(event, kFinish); }

}  // namespace rec
