// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Real pipelines that write files, and what others say of these files.
#pragma once

#include <glib/gstdio.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "tests/support/box_reader.h"

// Last: gstcheck.h defines fail() as a macro, which breaks any <ios> that comes after it.
#include <gst/check/gstcheck.h>
#undef fail

namespace rec::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/record-check-XXXXXX";
    path_ = g_mkdtemp(name);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::vector<std::string> files() const {  // sorted
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
      if (entry.is_regular_file()) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::string path_;
};

class Pipeline {
 public:
  explicit Pipeline(const std::string& launch = {})
      : pipeline_(adopt_floating(gst_pipeline_new(nullptr))) {
    if (!launch.empty()) {
      GError* error = nullptr;
      GstElement* bin = gst_parse_bin_from_description(launch.c_str(), FALSE, &error);
      fail_unless(bin && !error, "%s", error ? error->message : "no bin");
      gst_bin_add(GST_BIN(pipeline_.get()), bin);
    }
    bus_ = adopt(gst_element_get_bus(pipeline_.get()));
  }
  ~Pipeline() { set(GST_STATE_NULL); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* element() { return pipeline_.get(); }
  GstBus* bus() { return bus_.get(); }
  void add(GstElement* element) { gst_bin_add(GST_BIN(pipeline_.get()), element); }
  GstStateChangeReturn set(GstState state) { return gst_element_set_state(pipeline_.get(), state); }
  Ref<GstElement> get(const char* name) {
    auto element = adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
    fail_unless(element != nullptr, "no element %s", name);
    return element;
  }
  // The next message of `type`; an error fails the test.
  Ref<GstMessage> wait(GstMessageType type) {
    auto message = adopt(gst_bus_timed_pop_filtered(
        bus_.get(), 50 * GST_SECOND, static_cast<GstMessageType>(type | GST_MESSAGE_ERROR)));
    fail_unless(message != nullptr, "no message %s", gst_message_type_get_name(type));
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR && type != GST_MESSAGE_ERROR) {
      g_autoptr(GError) error = nullptr;
      gst_message_parse_error(message.get(), &error, nullptr);
      fail_unless(false, "error: %s", error->message);
    }
    return message;
  }

 private:
  Ref<GstElement> pipeline_;
  Ref<GstBus> bus_;
};

inline Mp4File read_file(const std::string& path) {
  auto file = read_mp4_file(path, {.extra_boxes = {"edts"}});
  fail_unless(file.violations.empty(), "%s: %s", path.c_str(),
              file.violations.empty() ? "" : file.violations.front().c_str());
  fail_unless(file.tail.kind == Mp4Tail::Kind::kNone, "%s has a tail", path.c_str());
  return file;
}

inline std::string run(const std::string& command) {
  gchar* out = nullptr;
  gchar* err = nullptr;
  gint status = 0;
  fail_unless(g_spawn_command_line_sync(command.c_str(), &out, &err, &status, nullptr), "%s",
              command.c_str());
  fail_unless(status == 0 && (!err || !*err), "%s: %s", command.c_str(), err);
  std::string text = out ? out : "";
  g_free(out);
  g_free(err);
  return text;
}
inline std::string ffprobe(const std::string& arguments, const std::string& path) {
  return run("ffprobe -v error " + arguments + " " + path);
}
// How many pictures ffmpeg can decode; anything that it complains of fails the test.
inline int decoded_pictures(const std::string& path) {
  return std::stoi(ffprobe(
      "-count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0", path));
}

// How many samples of sound a channel ffmpeg decodes, of all audio; it must complain of nothing.
inline std::size_t decoded_sound(const std::string& path) {
  run("ffmpeg -v error -xerror -i " + path + " -map 0:a -f null -");
  const std::string counts =
      ffprobe("-select_streams a -show_entries frame=nb_samples -of csv=p=0", path);
  std::size_t samples = 0;
  std::istringstream lines(counts);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) samples += std::stoul(line);
  return samples;
}

inline std::size_t thread_count() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    (void)task;
    ++count;
  }
  return count;
}

}  // namespace rec::test
