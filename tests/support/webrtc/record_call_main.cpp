// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A call (call.h) into recordbin, or into any element with the same pads, from the command line:
// for shell tests, kill -9 tests and soaks. Prints one JSON object about the whole call on stdout.
// Exit code: 0 all is well; 1 an error, a lost packet or a recorder that did not finish; 2 usage.
#include <gst/gst.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/support/webrtc/record_call_arguments.h"

namespace rec::test {
namespace {

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
            ", \"pad_at\": " + (pads.contains(line) ? std::to_string(pads.at(line)) : "null");
    if (const Relay* relay = call.relay())
      json += ", \"lost_packets\": " + std::to_string(relay->lost(line)) +
              ", \"held_reports\": " + std::to_string(relay->held_reports(line));
    json += "}";
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
