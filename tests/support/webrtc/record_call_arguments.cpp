// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/record_call_arguments.h"

#include <gst/gst.h>

#include <cstdio>
#include <map>
#include <string>

namespace rec::test {
namespace {

const std::map<std::string, Extra> kExtras = {
    {"g722", Extra::kG722}, {"pcmu", Extra::kPcmu}, {"vp8", Extra::kVp8}};

struct RawArguments {  // as GOption fills them in
  gchar* log = nullptr;
  gchar* messages = nullptr;
  gchar* recorder = nullptr;
  gchar* audio_silent = nullptr;
  gchar* video_silent = nullptr;
  gchar* spoil = nullptr;
  gchar* extra = nullptr;
  gchar* picture = nullptr;
  gchar* sound = nullptr;
  gchar** settings = nullptr;
  gboolean no_eos = FALSE, plain = FALSE, wrap = FALSE, no_audio = FALSE, no_video = FALSE;
  gboolean marks = FALSE, dtx = FALSE;
  double video_delay = 0, audio_delay = 0, jitter = 0;  // ms
  double loss = 0;                                      // percent
  gint seed = 1;
};

GOptionGroup* call_options(RawArguments& raw, MediaOptions& media) {
  const GOptionEntry entries[] = {
      {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &media.seconds, "Length of the media (10)", "S"},
      {"recorder", 0, 0, G_OPTION_ARG_STRING, &raw.recorder,
       "Element with pads sink_%u (recordbin); \"none\": a fakesink for each track", "NAME"},
      {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw.settings, "Property of the recorder", "P=V"},
      {"log", 0, 0, G_OPTION_ARG_FILENAME, &raw.log, "JSON lines of what is sent", "FILE"},
      {"messages", 0, 0, G_OPTION_ARG_FILENAME, &raw.messages, "The recorder's messages", "FILE"},
      {"no-eos", 0, 0, G_OPTION_ARG_NONE, &raw.no_eos, "Stop by PLAYING -> NULL", nullptr},
      {"plain-rtp", 0, 0, G_OPTION_ARG_NONE, &raw.plain, "No webrtcbin: rtpjitterbuffer", nullptr},
      {"seed", 0, 0, G_OPTION_ARG_INT, &raw.seed, "Of damage, network and RTP offsets (1)", "N"},
      {}};
  GOptionGroup* group = g_option_group_new("call", "The call:", "The call", nullptr, nullptr);
  g_option_group_add_entries(group, entries);
  return group;
}

GOptionGroup* media_options(RawArguments& raw, MediaOptions& media) {
  const GOptionEntry entries[] = {
      {"audio-silent", 0, 0, G_OPTION_ARG_STRING, &raw.audio_silent, "As 5-10,12-15", "WINDOWS"},
      {"video-silent", 0, 0, G_OPTION_ARG_STRING, &raw.video_silent, "As 5-10,12-15", "WINDOWS"},
      {"audio-start", 0, 0, G_OPTION_ARG_DOUBLE, &media.audio_start, "Audio comes late", "S"},
      {"video-start", 0, 0, G_OPTION_ARG_DOUBLE, &media.video_start, "Video comes late", "S"},
      {"no-audio", 0, 0, G_OPTION_ARG_NONE, &raw.no_audio, "Video only", nullptr},
      {"no-video", 0, 0, G_OPTION_ARG_NONE, &raw.no_video, "Audio only", nullptr},
      {"spoil", 0, 0, G_OPTION_ARG_STRING, &raw.spoil, "Random payloads on it", "video|audio"},
      {"spoil-share", 0, 0, G_OPTION_ARG_DOUBLE, &media.spoil_share, "Of packets (0.2)", "0..1"},
      {"extra", 0, 0, G_OPTION_ARG_STRING, &raw.extra, "A third track", "g722|pcmu|vp8"},
      {"marks", 0, 0, G_OPTION_ARG_NONE, &raw.marks, "A beep and a flash a second", nullptr},
      {"dtx", 0, 0, G_OPTION_ARG_NONE, &raw.dtx, "Opus sends no silence", nullptr},
      {"wrap", 0, 0, G_OPTION_ARG_NONE, &raw.wrap, "RTP time and sequence wrap at 3 s", nullptr},
      {"picture", 0, 0, G_OPTION_ARG_STRING, &raw.picture, "videotestsrc pattern (smpte)", "NAME"},
      {"sound", 0, 0, G_OPTION_ARG_STRING, &raw.sound, "audiotestsrc wave (pink-noise)", "NAME"},
      {"width", 0, 0, G_OPTION_ARG_INT, &media.width, "Pixels (640)", "N"},
      {"height", 0, 0, G_OPTION_ARG_INT, &media.height, "Pixels (360)", "N"},
      {"bitrate", 0, 0, G_OPTION_ARG_INT, &media.bitrate, "Video, kbit/s (600)", "N"},
      {"key-interval", 0, 0, G_OPTION_ARG_INT, &media.key_interval, "Frames (9000)", "N"},
      {}};
  GOptionGroup* group = g_option_group_new("media", "The media:", "The media", nullptr, nullptr);
  g_option_group_add_entries(group, entries);
  return group;
}

GOptionGroup* network_options(RawArguments& raw, NetworkOptions& network) {
  const GOptionEntry entries[] = {
      {"delay-video", 0, 0, G_OPTION_ARG_DOUBLE, &raw.video_delay, "Of each packet", "MS"},
      {"delay-audio", 0, 0, G_OPTION_ARG_DOUBLE, &raw.audio_delay, "Of each packet", "MS"},
      {"jitter", 0, 0, G_OPTION_ARG_DOUBLE, &raw.jitter, "Up to that much more, random", "MS"},
      {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &raw.loss, "Of RTP packets", "PERCENT"},
      {"sr-video-after", 0, 0, G_OPTION_ARG_DOUBLE, &network.video.report_after,
       "Sender reports of the video wait until then", "S"},
      {"sr-audio-after", 0, 0, G_OPTION_ARG_DOUBLE, &network.audio.report_after,
       "Sender reports of the audio wait until then", "S"},
      {}};
  GOptionGroup* group =
      g_option_group_new("network", "The network:", "The network", nullptr, nullptr);
  g_option_group_add_entries(group, entries);
  return group;
}

bool read_command_line(int* argc, char*** argv, RawArguments& raw, CallOptions& call) {
  g_autoptr(GOptionContext) context = g_option_context_new("- a WebRTC call into a recorder");
  g_option_context_set_main_group(context, call_options(raw, call.media));
  g_option_context_add_group(context, media_options(raw, call.media));
  g_option_context_add_group(context, network_options(raw, call.network));
  g_option_context_add_group(context, gst_init_get_option_group());
  g_autoptr(GError) error = nullptr;
  if (g_option_context_parse(context, argc, argv, &error) && *argc == 1) return true;
  std::fprintf(stderr, "record-call: %s\n", error ? error->message : "too many arguments");
  return false;
}

// "5-10,12-15", in seconds.
std::optional<std::vector<Window>> parse_windows(const gchar* text) {
  std::vector<Window> windows;
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (gchar** part = parts; *part; ++part) {
    gchar* end = nullptr;
    const double from = g_ascii_strtod(*part, &end);
    if (*end != '-') return std::nullopt;
    const double to = g_ascii_strtod(end + 1, &end);
    if (*end || to <= from) return std::nullopt;
    windows.push_back({from, to});
  }
  return windows;
}

std::string text_of(const gchar* text) { return text ? text : ""; }

bool fill_in_media(const RawArguments& raw, MediaOptions& media) {
  if (raw.picture) media.picture = raw.picture;
  if (raw.sound) media.sound = raw.sound;
  media.marks = raw.marks;
  media.dtx = raw.dtx;
  media.wrap = raw.wrap;
  media.video = !raw.no_video;
  media.audio = !raw.no_audio;
  media.seed = static_cast<std::uint32_t>(raw.seed);
  const auto audio = parse_windows(raw.audio_silent ? raw.audio_silent : "");
  const auto video = parse_windows(raw.video_silent ? raw.video_silent : "");
  const std::string spoil = text_of(raw.spoil);
  const std::string extra = text_of(raw.extra);
  if (!audio || !video || !(spoil.empty() || spoil == "video" || spoil == "audio") ||
      !(extra.empty() || kExtras.contains(extra))) {
    std::fprintf(stderr, "record-call: see --help-all for windows, --spoil and --extra\n");
    return false;
  }
  media.audio_silent = *audio;
  media.video_silent = *video;
  if (!spoil.empty()) media.spoil = spoil == "video" ? Line::kVideo : Line::kAudio;
  if (!extra.empty()) media.extra = kExtras.at(extra);
  return true;
}

}  // namespace

std::optional<Arguments> parse(int* argc, char*** argv) {
  Arguments arguments;
  RawArguments raw;
  CallOptions& call = arguments.call;
  if (!read_command_line(argc, argv, raw, call) || !fill_in_media(raw, call.media))
    return std::nullopt;
  call.log_path = text_of(raw.log);
  call.keep_log = false;
  call.plain_rtp = raw.plain;
  call.network.video.delay = raw.video_delay / 1e3;
  call.network.audio.delay = raw.audio_delay / 1e3;
  call.network.jitter = raw.jitter / 1e3;
  call.network.loss = raw.loss / 100;
  call.network.seed = static_cast<std::uint32_t>(raw.seed);
  arguments.messages_path = text_of(raw.messages);
  arguments.no_eos = raw.no_eos;
  if (raw.recorder) arguments.recorder = raw.recorder;
  for (gchar** setting = raw.settings; setting && *setting; ++setting)
    arguments.settings.emplace_back(*setting);
  return arguments;
}

}  // namespace rec::test
