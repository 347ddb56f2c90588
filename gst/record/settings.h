// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What recordmux can be told; recordbin has the same properties and hands them on.
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/common/property_table.h"
#include "lib/recording/recorder.h"

namespace rec::record {

enum class Format { kMp4 };
enum class AudioGaps { kSilence, kHole };
enum class OnLoss { kDrop, kKeep };
enum class Finalise { kHybrid, kFragmented };
enum class OnRotation { kNewFile, kIgnore };
enum class EndPolicy {
  kAllTracks,   // every pad that was started has ended
  kFirstTrack,  // a track of which something was recorded has ended
  kNever,       // only the application ends it
};

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
  AudioGaps audio_gaps = AudioGaps::kSilence;
  OnLoss on_loss = OnLoss::kDrop;
  recording::Timing timing = recording::Timing::kAuto;
  guint64 sync_wait = 2500 * GST_MSECOND;
  guint64 max_duration = 0;
  guint64 max_bytes = 0;
  guint64 keyframe_interval = 0;
  guint64 track_timeout = 5 * GST_SECOND;
  bool write_prft = true;
  OnRotation on_rotation = OnRotation::kNewFile;
  Finalise finalise = Finalise::kHybrid;
  EndPolicy end_policy = EndPolicy::kAllTracks;
};

// What they mean to a recorder. `path` is theirs, parsed.
recording::Recorder::Options recorder_options(const Settings& settings,
                                              recording::PathTemplate path);

// For the documentation: these types belong to the plugin.
void mark_enums_as_plugin_api();

}  // namespace rec::record

namespace rec {
template <>
struct EnumType<record::Format> {
  static GType type();  // GstRecFormat
};
template <>
struct EnumType<record::AudioGaps> {
  static GType type();  // GstRecAudioGaps
};
template <>
struct EnumType<record::OnLoss> {
  static GType type();  // GstRecOnLoss
};
template <>
struct EnumType<recording::Timing> {
  static GType type();  // GstRecTiming
};
template <>
struct EnumType<record::OnRotation> {
  static GType type();  // GstRecOnRotation
};
template <>
struct EnumType<record::Finalise> {
  static GType type();  // GstRecFinalise
};
template <>
struct EnumType<record::EndPolicy> {
  static GType type();  // GstRecEndPolicy
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
    property<&Settings::start_utc>("start-utc",
                                   "UTC of the first sample in ns since 1970; 0: the sender's "
                                   "clock where its reports tell it, "
                                   "else the system clock, read once"),
    property<&Settings::audio_gaps>("audio-gaps", "What becomes of holes in audio"),
    property<&Settings::on_loss>(
        "on-loss", "What becomes of video that refers to lost packets, up to the next key frame"),
    property<&Settings::timing>("timing", "Which clock puts the tracks beside each other"),
    property<&Settings::sync_wait>(
        "sync-wait",
        "How long the first file waits for sender reports that can be expected, in ns; 0: not", 0,
        60 * GST_SECOND),
    property<&Settings::max_duration>(
        "max-duration",
        "Media time of an object in ns: the next one begins at the first key frame then; 0: none",
        0, G_MAXINT64),
    property<&Settings::max_bytes>(
        "max-bytes",
        "Bytes of an object: when it has so many the next one begins at a key frame; 0: none", 0),
    property<&Settings::keyframe_interval>(
        "keyframe-interval",
        "A video track without key frame for so long is asked for one, in ns; 0: never", 0,
        86400 * GST_SECOND),
    property<&Settings::track_timeout>(
        "track-timeout", "A track without data for so long is stalled, in ns; 0: never", 0,
        86400 * GST_SECOND),
    property<&Settings::write_prft>("write-prft",
                                    "Write the wall clock of each fragment into the file (prft)"),
    property<&Settings::on_rotation>("on-rotation",
                                     "What happens when the sender turns its picture"),
    property<&Settings::finalise>("finalise", "What becomes of a file when it ends"),
    property<&Settings::end_policy>("end-policy", "Which tracks end the recording with their own"),
};

}  // namespace rec::record
