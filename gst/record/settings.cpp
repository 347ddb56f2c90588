// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/settings.h"

#include <random>

namespace rec::record {
namespace {

recording::Nanos nanos(guint64 value) { return static_cast<recording::Nanos>(value); }

std::uint32_t random_id() {
  static std::random_device device;
  return device();
}

template <class E>
GEnumValue value(E e, const char* blurb, const char* nick) {
  return {static_cast<gint>(e), blurb, nick};
}

}  // namespace

recording::Recorder::Options recorder_options(const Settings& settings,
                                              recording::PathTemplate path) {
  return {.fragments = {.duration = nanos(settings.fragment_duration),
                        .latency = nanos(settings.latency),
                        .max_bytes = settings.max_queued_bytes},
          .header_timeout = nanos(settings.header_timeout),
          .claim_timeout = nanos(settings.claim_timeout),
          .sync_wait = nanos(settings.sync_wait),
          .max_duration = nanos(settings.max_duration),
          .max_bytes = settings.max_bytes,
          .keyframe_interval = nanos(settings.keyframe_interval),
          .track_timeout = nanos(settings.track_timeout),
          .timing = settings.timing,
          .fill_audio = settings.audio_gaps == AudioGaps::kSilence,
          .keep_damaged = settings.on_loss == OnLoss::kKeep,
          .write_references = settings.write_prft,
          .roll_on_rotation = settings.on_rotation == OnRotation::kNewFile,
          .path = std::move(path),
          .stream_name = settings.stream_name,
          .random = random_id};
}

void mark_enums_as_plugin_api() {
  for (const GType type :
       {EnumType<Format>::type(), EnumType<AudioGaps>::type(), EnumType<OnLoss>::type(),
        EnumType<recording::Timing>::type(), EnumType<OnRotation>::type(),
        EnumType<Finalise>::type(), EnumType<EndPolicy>::type()})
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

}  // namespace rec::record

using namespace rec::record;

GType rec::EnumType<Format>::type() {
  static const GEnumValue values[] = {value(Format::kMp4, "Fragmented MP4", "mp4"),
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecFormat", values);
  return type;
}

GType rec::EnumType<AudioGaps>::type() {
  static const GEnumValue values[] = {
      value(AudioGaps::kSilence, "Filled with silence", "silence"),
      value(AudioGaps::kHole, "Left as holes, which few players honour", "hole"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecAudioGaps", values);
  return type;
}

GType rec::EnumType<OnLoss>::type() {
  static const GEnumValue values[] = {
      value(OnLoss::kDrop, "Dropped; the last whole picture is held", "drop"),
      value(OnLoss::kKeep, "Recorded, damaged as it is", "keep"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecOnLoss", values);
  return type;
}

GType rec::EnumType<rec::recording::Timing>::type() {
  using rec::recording::Timing;
  static const GEnumValue values[] = {
      value(Timing::kAuto,
            "Sender reports, unless they contradict the times of arrival by more than a second",
            "auto"),
      value(Timing::kRtcp, "Sender reports, whatever they say", "rtcp"),
      value(Timing::kArrival, "Running time", "arrival"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecTiming", values);
  return type;
}

GType rec::EnumType<OnRotation>::type() {
  static const GEnumValue values[] = {
      value(OnRotation::kNewFile, "The next file begins at its next key frame, turned", "new-file"),
      value(OnRotation::kIgnore, "The file goes on as it began", "ignore"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecOnRotation", values);
  return type;
}

GType rec::EnumType<Finalise>::type() {
  static const GEnumValue values[] = {
      value(Finalise::kHybrid,
            "An ordinary MP4 with its index at the end; where the store cannot rewrite, fragments "
            "and a list of their key frames",
            "hybrid"),
      value(Finalise::kFragmented, "It stays as it was while it grew", "fragmented"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecFinalise", values);
  return type;
}

GType rec::EnumType<EndPolicy>::type() {
  static const GEnumValue values[] = {
      value(EndPolicy::kAllTracks, "It ends when every track has ended", "all-tracks"),
      value(EndPolicy::kFirstTrack, "It ends when one recorded track has ended", "first-track"),
      value(EndPolicy::kNever, "EOS for the element, or stopping it, ends it", "never"),
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstRecEndPolicy", values);
  return type;
}
