// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A call (call.h) into recordbin, or into any element with the same pads, from the command line:
// for shell tests, kill -9 tests and soaks. Prints one JSON object about the whole call on stdout.
// Exit code: 0 all is well; 1 an error, a lost packet or a recorder that did not finish; 2 usage.
#include <gst/gst.h>
#include <pthread.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/webrtc/call.h"

namespace rec::test {
namespace {

struct Arguments {
  CallOptions call;
  std::string recorder = "recordbin";
  std::vector<std::string> settings;  // "property=value" or "child::property=value" of the recorder
  std::string messages_path;          // JSON lines of the recorder's messages
  bool no_eos = false;
};

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
  gint seed = 1;
};

bool read_command_line(int* argc, char*** argv, RawArguments& raw, MediaOptions& media) {
  const GOptionEntry entries[] = {
      {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &media.seconds, "Length of the media (10)", "S"},
      {"recorder", 0, 0, G_OPTION_ARG_STRING, &raw.recorder,
       "Element with pads sink_%u (recordbin); \"none\": a fakesink for each track", "NAME"},
      {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw.settings, "Property of the recorder", "P=V"},
      {"log", 0, 0, G_OPTION_ARG_FILENAME, &raw.log, "JSON lines of what is sent", "FILE"},
      {"messages", 0, 0, G_OPTION_ARG_FILENAME, &raw.messages, "The recorder's messages", "FILE"},
      {"no-eos", 0, 0, G_OPTION_ARG_NONE, &raw.no_eos, "Stop by PLAYING -> NULL", nullptr},
      {"plain-rtp", 0, 0, G_OPTION_ARG_NONE, &raw.plain, "No webrtcbin: rtpjitterbuffer", nullptr},
      {"audio-silent", 0, 0, G_OPTION_ARG_STRING, &raw.audio_silent, "As 5-10,12-15", "WINDOWS"},
      {"video-silent", 0, 0, G_OPTION_ARG_STRING, &raw.video_silent, "As 5-10,12-15", "WINDOWS"},
      {"audio-start", 0, 0, G_OPTION_ARG_DOUBLE, &media.audio_start, "Audio comes late", "S"},
      {"video-start", 0, 0, G_OPTION_ARG_DOUBLE, &media.video_start, "Video comes late", "S"},
      {"no-audio", 0, 0, G_OPTION_ARG_NONE, &raw.no_audio, "Video only", nullptr},
      {"no-video", 0, 0, G_OPTION_ARG_NONE, &raw.no_video, "Audio only", nullptr},
      {"spoil", 0, 0, G_OPTION_ARG_STRING, &raw.spoil, "Random payloads on it", "video|audio"},
      {"spoil-share", 0, 0, G_OPTION_ARG_DOUBLE, &media.spoil_share, "Of packets (0.2)", "0..1"},
      {"extra", 0, 0, G_OPTION_ARG_STRING, &raw.extra, "A third track", "pcmu|vp8"},
      {"wrap", 0, 0, G_OPTION_ARG_NONE, &raw.wrap, "RTP time and sequence wrap at 3 s", nullptr},
      {"picture", 0, 0, G_OPTION_ARG_STRING, &raw.picture, "videotestsrc pattern (smpte)", "NAME"},
      {"sound", 0, 0, G_OPTION_ARG_STRING, &raw.sound, "audiotestsrc wave (pink-noise)", "NAME"},
      {"width", 0, 0, G_OPTION_ARG_INT, &media.width, "Pixels (640)", "N"},
      {"height", 0, 0, G_OPTION_ARG_INT, &media.height, "Pixels (360)", "N"},
      {"bitrate", 0, 0, G_OPTION_ARG_INT, &media.bitrate, "Video, kbit/s (600)", "N"},
      {"key-interval", 0, 0, G_OPTION_ARG_INT, &media.key_interval, "Frames (9000)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &raw.seed, "Of damage and RTP offsets (1)", "N"},
      {}};
  g_autoptr(GOptionContext) context = g_option_context_new("- a WebRTC call into a recorder");
  g_option_context_add_main_entries(context, entries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  g_autoptr(GError) error = nullptr;
  if (g_option_context_parse(context, argc, argv, &error) && *argc == 1) return true;
  std::fprintf(stderr, "record-call: %s\n", error ? error->message : "too many arguments");
  return false;
}

std::optional<Arguments> parse(int* argc, char*** argv) {
  Arguments arguments;
  RawArguments raw;
  MediaOptions& media = arguments.call.media;
  if (!read_command_line(argc, argv, raw, media)) return std::nullopt;
  const auto text = [](const gchar* t) { return std::string(t ? t : ""); };
  arguments.call.log_path = text(raw.log);
  arguments.call.keep_log = false;
  arguments.call.plain_rtp = raw.plain;
  arguments.messages_path = text(raw.messages);
  arguments.no_eos = raw.no_eos;
  if (raw.recorder) arguments.recorder = raw.recorder;
  for (gchar** setting = raw.settings; setting && *setting; ++setting)
    arguments.settings.emplace_back(*setting);
  if (raw.picture) media.picture = raw.picture;
  if (raw.sound) media.sound = raw.sound;
  media.wrap = raw.wrap;
  media.video = !raw.no_video;
  media.audio = !raw.no_audio;
  media.seed = static_cast<std::uint32_t>(raw.seed);
  const auto audio = parse_windows(raw.audio_silent ? raw.audio_silent : "");
  const auto video = parse_windows(raw.video_silent ? raw.video_silent : "");
  const std::string spoil = text(raw.spoil);
  const std::string extra = text(raw.extra);
  if (!audio || !video || !(spoil.empty() || spoil == "video" || spoil == "audio") ||
      !(extra.empty() || extra == "pcmu" || extra == "vp8")) {
    std::fprintf(stderr, "record-call: see --help for windows, --spoil and --extra\n");
    return std::nullopt;
  }
  media.audio_silent = *audio;
  media.video_silent = *video;
  if (!spoil.empty()) media.spoil = spoil == "video" ? Line::kVideo : Line::kAudio;
  if (!extra.empty()) media.extra = extra == "pcmu" ? Extra::kPcmu : Extra::kVp8;
  return arguments;
}

// SIGINT and SIGTERM, blocked in all threads, end the call cleanly.
class SignalWatch {
 public:
  static void block() {
    sigset_t set = signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  explicit SignalWatch(Call& call)
      : thread_([&call](std::stop_token stop) {
          const sigset_t set = signals();
          const timespec tick{0, 100'000'000};  // how soon the thread sees that nobody needs it
          while (!stop.stop_requested())
            if (sigtimedwait(&set, nullptr, &tick) > 0) call.request_stop();
        }) {}

 private:
  static sigset_t signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
  }
  std::jthread thread_;
};

bool apply(GstElement* recorder, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos) return false;
  std::string name = setting.substr(0, equals);
  GObject* target = G_OBJECT(g_object_ref(recorder));
  if (name.find("::") != std::string::npos && GST_IS_CHILD_PROXY(recorder)) {
    GObject* child = nullptr;
    GParamSpec* spec = nullptr;
    if (!gst_child_proxy_lookup(GST_CHILD_PROXY(recorder), name.c_str(), &child, &spec)) {
      g_object_unref(target);
      return false;
    }
    g_object_unref(target);
    target = child;
    name = spec->name;
  }
  const bool known = g_object_class_find_property(G_OBJECT_GET_CLASS(target), name.c_str());
  if (known) gst_util_set_object_arg(target, name.c_str(), setting.c_str() + equals + 1);
  g_object_unref(target);
  return known;
}

// nullptr: there is no such element, or it refuses a setting; the reason is on stderr.
GstElement* add_recorder(Call& call, const Arguments& arguments) {
  GstElement* recorder = gst_element_factory_make(arguments.recorder.c_str(), "recorder");
  if (!recorder) {
    std::fprintf(stderr, "record-call: no element \"%s\": is GST_PLUGIN_PATH set?\n",
                 arguments.recorder.c_str());
    return nullptr;
  }
  gst_bin_add(GST_BIN(call.callee()), recorder);
  for (const auto& setting : arguments.settings) {
    if (apply(recorder, setting)) continue;
    std::fprintf(stderr, "record-call: cannot set %s\n", setting.c_str());
    return nullptr;
  }
  return recorder;
}

void link(Call& call, GstElement* recorder, GstPad* pad) {
  if (recorder) {
    GstPad* sink = gst_element_request_pad_simple(recorder, "sink_%u");
    if (!sink || GST_PAD_LINK_FAILED(gst_pad_link(pad, sink))) g_error("The recorder takes no pad");
    gst_object_unref(sink);
    return;
  }
  GstElement* sink = gst_element_factory_make("fakesink", nullptr);
  g_object_set(sink, "async", FALSE, "sync", FALSE, nullptr);
  gst_bin_add(GST_BIN(call.callee()), sink);
  gst_element_sync_state_with_parent(sink);
  GstPad* sink_pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_link(pad, sink_pad);
  gst_object_unref(sink_pad);
}

void print_summary(const Call& call, const char* stop, bool stopped, bool complete) {
  std::string json = "{\"connection\": " + json_text(call.connection_state()) +
                     ", \"stop\": " + json_text(stop) +
                     ", \"stopped\": " + (stopped ? "true" : "false") +
                     ", \"all_received\": " + (complete ? "true" : "false") +
                     ", \"media_start\": " + std::to_string(call.media_start()) + ", \"lines\": {";
  const char* separator = "";
  const auto pads = call.pads();
  for (const Line line : {Line::kVideo, Line::kAudio, Line::kExtra}) {
    if (!call.log().count(line) && !pads.contains(line)) continue;
    json += separator + json_text(name_of(line)) +
            ": {\"sent_units\": " + std::to_string(call.log().count(line)) +
            ", \"sent_packets\": " + std::to_string(call.sent_packets(line)) +
            ", \"received_packets\": " + std::to_string(call.received_packets(line)) +
            ", \"pad_at\": " + (pads.contains(line) ? std::to_string(pads.at(line)) : "null") + "}";
    separator = ", ";
  }
  json += "}, \"errors\": [";
  separator = "";
  for (const auto& error : call.errors()) {
    json += separator + json_text(error);
    separator = ", ";
  }
  std::puts((json + "]}").c_str());
}

void write_message(std::FILE* file, GstMessage* message) {
  g_autofree gchar* text = gst_structure_to_string(gst_message_get_structure(message));
  const std::string line =
      "{\"monotonic\": " + std::to_string(g_get_monotonic_time() * 1000) +
      ", \"name\": " + json_text(gst_structure_get_name(gst_message_get_structure(message))) +
      ", \"structure\": " + json_text(text) + "}\n";
  std::fwrite(line.data(), 1, line.size(), file);
  std::fflush(file);
}

int run(Arguments arguments) {
  std::FILE* messages =
      arguments.messages_path.empty() ? nullptr : std::fopen(arguments.messages_path.c_str(), "w");
  Call call(arguments.call);
  GstElement* recorder = nullptr;
  if (arguments.recorder != "none" && !(recorder = add_recorder(call, arguments))) return 2;
  call.on_pad([&](GstPad* pad) { link(call, recorder, pad); });
  if (messages) call.on_message([&](GstMessage* message) { write_message(messages, message); });
  if (const auto status = call.start(); !status) {
    std::fprintf(stderr, "record-call: %s. %s.\n", status.error().what.c_str(),
                 status.error().hint.c_str());
    return 1;
  }
  const SignalWatch watch(call);
  const bool complete = call.wait();
  bool stopped = true;
  if (arguments.no_eos || !recorder)
    call.close_callee();
  else
    stopped = call.finish(recorder);
  const char* stop = arguments.no_eos || !recorder ? "null" : "eos";
  print_summary(call, stop, stopped, complete);
  call.close();
  if (messages) std::fclose(messages);
  return complete && stopped && call.errors().empty() ? 0 : 1;
}

}  // namespace
}  // namespace rec::test

int main(int argc, char** argv) {
  rec::test::SignalWatch::block();
  auto arguments = rec::test::parse(&argc, &argv);
  return arguments ? rec::test::run(std::move(*arguments)) : 2;
}
