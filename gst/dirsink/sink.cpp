// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/sink.h"

#include "gst/dirsink/key_check.h"

namespace rec::dirsink {
namespace {

constexpr Property<Settings> kProperties[] = {
    property<&Settings::root>("root", "Directory below which files are written; made if missing"),
    property<&Settings::durability>("durability",
                                    "When data is forced onto the medium (a power cut; kill -9 "
                                    "loses nothing either way)"),
    property<&Settings::on_exists>("on-exists", "What happens if a file name is taken"),
    property<&Settings::location>("location",
                                  "File for a plain byte stream, absolute or below root; object "
                                  "streams do not use it"),
    property<&Settings::max_queued_bytes>("max-queued-bytes",
                                          "Bytes that may wait for the disk before the producer "
                                          "is told to send less; at twice as many objects fail",
                                          1, G_MAXUINT64 / 4),
    property<&Settings::shutdown_timeout>("shutdown-timeout",
                                          "Longest time that PAUSED->READY waits for the "
                                          "producer and the disk (ns)",
                                          0, 3600 * GST_SECOND),
};
constexpr guint kStatsId = std::size(kProperties) + 1;

std::string location_fault(const Settings& settings) {
  if (settings.location.empty() || settings.location.front() == '/') return {};
  return key_fault(settings.location, settings.root.size());
}

}  // namespace

Sink::Sink(GstElement* element) : element_(element), stats_(std::make_shared<Stats>()) {}

void Sink::install(GObjectClass* klass) {
  install_properties(klass, kProperties);
  g_object_class_install_property(
      klass, kStatsId,
      g_param_spec_boxed("stats", "stats",
                         "Numbers of this run: bytes, objects, failed-objects, queued-bytes, "
                         "dropped-bytes, slowest-write (ns)",
                         GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

void Sink::set(guint id, const GValue* value) {
  std::lock_guard l(lock_);
  kProperties[id - 1].set(settings_, value);
}

void Sink::get(guint id, GValue* value) {
  if (id == kStatsId) return g_value_take_boxed(value, stats());
  std::lock_guard l(lock_);
  kProperties[id - 1].get(settings_, value);
}

GstStructure* Sink::stats() {
  const auto current = run();
  const auto numbers = [this] {
    std::lock_guard l(lock_);
    return stats_;
  }();
  return gst_structure_new(
      "dirsink-stats", "bytes", G_TYPE_UINT64, guint64{numbers->bytes}, "objects", G_TYPE_UINT64,
      guint64{numbers->objects}, "failed-objects", G_TYPE_UINT64, guint64{numbers->failed_objects},
      "queued-bytes", G_TYPE_UINT64, current ? guint64{current->queued_bytes()} : guint64{0},
      "dropped-bytes", G_TYPE_UINT64, guint64{numbers->dropped_bytes}, "slowest-write",
      G_TYPE_UINT64, guint64{numbers->slowest_write}, nullptr);
}

std::shared_ptr<Run> Sink::run() {
  std::lock_guard l(lock_);
  return run_;
}

bool Sink::start() {
  const Settings settings = [this] {
    std::lock_guard l(lock_);
    return settings_;
  }();
  if (settings.root.empty()) {
    GST_ELEMENT_ERROR(element_, RESOURCE, SETTINGS,
                      ("No directory to write to: set the \"root\" property."), (nullptr));
    return false;
  }
  if (const auto fault = location_fault(settings); !fault.empty()) {
    GST_ELEMENT_ERROR(element_, RESOURCE, SETTINGS,
                      ("%s: set the \"location\" property to a name below \"root\", or to an "
                       "absolute path.",
                       fault.c_str()),
                      (nullptr));
    return false;
  }
  auto run = Run::start(settings, element_);
  std::lock_guard l(lock_);
  stats_ = run->stats();
  run_ = std::move(run);
  return true;
}

void Sink::stop() {
  const auto ending = run();
  if (!ending) return;
  ending->stop();  // the streaming thread still needs run_
  std::lock_guard l(lock_);
  run_.reset();
}

GstStateChangeReturn Sink::change_state(GstStateChange transition) {
  // Before the pad is activated, and before it is deactivated: the last bytes come in stop().
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start()) return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) stop();
  const auto parent = GST_ELEMENT_CLASS(g_type_class_peek(GST_TYPE_ELEMENT));
  const auto result = parent->change_state(element_, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE) stop();
  return result;
}

GstFlowReturn Sink::chain(Ref<GstBuffer> buffer) {
  const auto current = run();
  return current ? current->buffer(std::move(buffer)) : GST_FLOW_FLUSHING;
}

bool Sink::event(Ref<GstEvent> event) {
  const auto current = run();
  if (!current) return false;
  GstEvent* e = event.get();
  switch (GST_EVENT_TYPE(e)) {
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(e, &caps);
      if (gst_structure_has_name(gst_caps_get_structure(caps, 0), kObjectCaps))
        current->expect_objects();
      return true;
    }
    case GST_EVENT_SEGMENT: {
      const GstSegment* segment = nullptr;
      gst_event_parse_segment(e, &segment);
      if (segment->format == GST_FORMAT_BYTES) current->seek(segment->start);
      return true;
    }
    case GST_EVENT_EOS: current->end_of_stream(gst_event_get_seqnum(e)); return true;
    case GST_EVENT_FLUSH_START: current->flush(true); return true;
    case GST_EVENT_FLUSH_STOP: current->flush(false); return true;
    default: break;
  }
  if (const auto key = parse_claim(e)) current->claim(*key);
  if (const auto key = parse_read(e)) current->read(*key);
  return true;
}

bool Sink::query(GstPad* pad, GstQuery* query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_SEEKING) {
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_query_parse_seeking(query, &format, nullptr, nullptr, nullptr);
    const bool bytes = format == GST_FORMAT_BYTES;
    gst_query_set_seeking(query, format, bytes, 0, -1);
    return true;
  }
  if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION) {
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_query_parse_position(query, &format, nullptr);
    const auto current = run();
    if (format != GST_FORMAT_BYTES || !current) return false;
    gst_query_set_position(query, format, static_cast<gint64>(current->position()));
    return true;
  }
  return gst_pad_query_default(pad, GST_OBJECT(element_), query);
}

}  // namespace rec::dirsink
