// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What recordmux counts, as its property `stats` tells it.
#include "gst/record/mux.h"

namespace rec::record {
namespace {

// lock_ is held.
const char* state_of(const MuxPad& pad) {
  if (pad.unsupported) return "unsupported";
  if (pad.ended) return "ended";
  if (pad.stalled) return "stalled";
  return pad.samples > 0 ? "recording" : "waiting";
}

GstStructure* stats_of(const MuxPad& pad) {
  GstStructure* s = gst_structure_new("track", "track", G_TYPE_STRING, pad.name.c_str(), "state",
                                      G_TYPE_STRING, state_of(pad), nullptr);
  const std::pair<const char*, guint64> counters[] = {
      {"samples", pad.samples},
      {"bytes", pad.bytes},
      {"before-key-frame", pad.before_key_frame},
      {"late", pad.late},
      {"paused", pad.paused},
      {"refused", pad.refused},
      {"gaps", pad.gaps},
      {"gap-duration", static_cast<guint64>(pad.gap_duration)}};
  for (const auto& [name, count] : counters)
    gst_structure_set(s, name, G_TYPE_UINT64, count, nullptr);
  return s;
}

}  // namespace

// lock_ is held.
void Mux::count_gap(const recording::GapMade& gap) {
  for (auto& [track, pad] : tracks_) {
    if (gap.track >= 0 && gap.track != track) continue;
    ++pad->gaps;
    pad->gap_duration += gap.duration;
  }
}

StructurePtr Mux::stats() {
  StructurePtr stats(gst_structure_new_empty("recordmux-stats"));
  GValue tracks = G_VALUE_INIT;
  g_value_init(&tracks, GST_TYPE_ARRAY);
  std::lock_guard l(lock_);
  for (const auto& [pad, state] : pads_) {
    GValue entry = G_VALUE_INIT;
    g_value_init(&entry, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&entry, stats_of(*state));
    gst_value_array_append_and_take_value(&tracks, &entry);
  }
  const guint64 queued = out_.bytes() + (recorder_ ? recorder_->queued_bytes() : 0);
  const gboolean paused = recorder_ && recorder_->paused() && !recorder_->finishing();
  gst_structure_set(stats.get(), "objects", G_TYPE_UINT64, guint64{objects_}, "bytes",
                    G_TYPE_UINT64, guint64{bytes_}, "queued-bytes", G_TYPE_UINT64, queued, "paused",
                    G_TYPE_BOOLEAN, paused, nullptr);
  gst_structure_take_value(stats.get(), "tracks", &tracks);
  return stats;
}

}  // namespace rec::record
