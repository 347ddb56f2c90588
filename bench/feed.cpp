// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/feed.h"

#include <cstdlib>

namespace rec::bench {
namespace {

constexpr const char* kSources[kTracks] = {"video", "audio"};
constexpr guint64 kMostQueued = 2 << 20;  // bytes in front of a path: then the feed waits
constexpr GstClockTime kTick = 10 * GST_MSECOND;
constexpr GstClockTime kSpread = GST_SECOND;

// A source that is blocked would never hear of an error, and what was measured is worth nothing.
GstBusSyncReply end_at_error(GstBus*, GstMessage* message, gpointer) {
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return GST_BUS_PASS;
  g_autoptr(GError) error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  g_printerr("%s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
  std::_Exit(1);
}

}  // namespace

Recording::Recording(const std::string& description, const Media& media) {
  g_autoptr(GError) error = nullptr;
  auto pipeline = adopt_floating(gst_parse_launch(description.c_str(), &error));
  if (error) {
    g_printerr("%s\n%s\n", error->message, description.c_str());
    return;
  }
  for (std::size_t i = 0; i < kTracks; ++i) {
    sources_[i] = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), kSources[i]));
    const auto caps = adopt(gst_caps_from_string(media.caps[i].c_str()));
    g_object_set(sources_[i].get(), "caps", caps.get(), "format", GST_FORMAT_TIME, "block", TRUE,
                 "max-bytes", kMostQueued, nullptr);
  }
  store_ = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "store"));
  const auto bus = adopt(gst_element_get_bus(pipeline.get()));
  gst_bus_set_sync_handler(bus.get(), end_at_error, nullptr, nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  pipeline_ = std::move(pipeline);
}

Recording::~Recording() {
  if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void Recording::push(const Packet& packet, GstClockTime turn_start) {
  GstElement* source = sources_[static_cast<std::size_t>(packet.track)].get();
  gst_app_src_push_buffer(GST_APP_SRC(source), buffer_of(packet, turn_start).release());
}

void Recording::wait_for_room() {
  if (!store_) return;
  for (;;) {
    GstStructure* stats = nullptr;
    g_object_get(store_.get(), "stats", &stats, nullptr);
    guint64 queued = 0;
    gst_structure_get_uint64(stats, "queued-bytes", &queued);
    gst_structure_free(stats);
    if (queued < kMostQueued) return;
    g_usleep(1000);
  }
}

void Recording::finish() {
  for (const auto& source : sources_) gst_app_src_end_of_stream(GST_APP_SRC(source.get()));
  const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
  gst_message_unref(gst_bus_timed_pop_filtered(bus.get(), GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
}

void feed_at_full_speed(Recording& recording, const Media& media, GstClockTime duration) {
  for (GstClockTime turn = 0; turn < duration; turn += media.duration) {
    GstClockTime waited = turn;
    for (const Packet& packet : media.packets) {
      if (turn + packet.time >= duration) break;
      recording.push(packet, turn);
      if (turn + packet.time < waited + GST_SECOND) continue;
      recording.wait_for_room();
      waited += GST_SECOND;
    }
  }
}

LiveFeed::LiveFeed(std::vector<Recording>& recordings, const Media& media)
    : recordings_(recordings), media_(media), places_(recordings.size()) {
  for (std::size_t i = 0; i < places_.size(); ++i) places_[i].begins = i * kSpread / places_.size();
}

void LiveFeed::push_due(Recording& recording, Place& place, GstClockTime now) {
  for (;;) {
    const Packet& packet = media_.packets[place.packet];
    if (place.begins + place.turn_start + packet.time > now) return;
    recording.push(packet, place.turn_start);
    if (++place.packet < media_.packets.size()) continue;
    place.packet = 0;
    place.turn_start += media_.duration;
  }
}

void LiveFeed::run_until(GstClockTime end) {
  const auto now = [this] {
    return static_cast<GstClockTime>(g_get_monotonic_time() - started_) * GST_USECOND;
  };
  for (GstClockTime tick = now() / kTick * kTick; tick < end; tick += kTick) {
    if (const GstClockTime at = now(); at < tick) g_usleep((tick - at) / GST_USECOND);
    for (std::size_t i = 0; i < recordings_.size(); ++i) push_due(recordings_[i], places_[i], tick);
  }
}

}  // namespace rec::bench
