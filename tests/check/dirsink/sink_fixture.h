// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A dirsink with a bus, an empty directory, and a producer that the test plays itself.
#pragma once

#include <glib/gstdio.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "gst/common/object_stream.h"
#include "gst/dirsink/file_ops.h"
#include "gst/dirsink/gstdirsink.h"

// Last: gstcheck.h defines fail() as a macro, which breaks any <ios> that comes after it.
#include <gst/check/gstcheck.h>
#undef fail

namespace rec::dirsink {

constexpr auto kPatience = std::chrono::seconds(30);  // how long a test waits before it fails

inline std::string file_content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/dirsink-check-XXXXXX";
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

 private:
  std::string path_;
};

// The src pad of a producer; keeps what the store sends back.
class Producer {
 public:
  Producer() : pad_(adopt_floating(gst_pad_new("src", GST_PAD_SRC))) {
    gst_pad_set_element_private(pad_.get(), this);
    gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* e) -> gboolean {
      return static_cast<Producer*>(gst_pad_get_element_private(pad))->received(adopt(e));
    });
    gst_pad_set_active(pad_.get(), TRUE);
  }
  ~Producer() { gst_pad_set_active(pad_.get(), FALSE); }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void link(GstElement* element) {
    const Ref<GstPad> sink(gst_element_get_static_pad(element, "sink"));
    fail_unless_equals_int(gst_pad_link(pad_.get(), sink.get()), GST_PAD_LINK_OK);
  }
  void open(const char* caps) {
    gst_pad_push_event(pad_.get(), gst_event_new_stream_start("test"));
    const Ref<GstCaps> c(gst_caps_from_string(caps));
    gst_pad_push_event(pad_.get(), gst_event_new_caps(c.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
  }
  bool send(Ref<GstEvent> event) { return gst_pad_push_event(pad_.get(), event.release()); }
  GstFlowReturn push_bytes(const std::string& bytes) {
    return gst_pad_push(pad_.get(), buffer(bytes).release());
  }
  GstFlowReturn push(const ObjectInfo& info, const std::string& bytes) {
    auto b = buffer(bytes);
    set_object_info(b.get(), info);
    return gst_pad_push(pad_.get(), b.release());
  }
  // A whole object in one buffer.
  GstFlowReturn push_object(const std::string& key, const std::string& bytes) {
    return push({.key = key, .begin = true, .end = true}, bytes);
  }
  guint32 push_eos() {
    GstEvent* event = gst_event_new_eos();
    const guint32 seqnum = gst_event_get_seqnum(event);
    gst_pad_push_event(pad_.get(), event);
    return seqnum;
  }

  // Called for every upstream event, on whatever thread sends it; true: handled, not to be kept.
  std::function<bool(GstEvent*)> on_event;

  // Takes the first event that `parse` understands; waits for it.
  template <class Parse>
  auto wait_for(Parse parse) {
    std::unique_lock l(lock_);
    decltype(parse(nullptr)) result;
    const bool came = changed_.wait_for(l, kPatience, [&] {
      for (auto it = events_.begin(); it != events_.end(); ++it)
        if ((result = parse(it->get()))) {
          events_.erase(it);
          return true;
        }
      return false;
    });
    fail_unless(came, "an upstream event did not come");
    return *result;
  }
  template <class Parse>
  bool has(Parse parse) {
    std::lock_guard l(lock_);
    for (const auto& event : events_)
      if (parse(event.get())) return true;
    return false;
  }
  ClaimResult claim(const std::string& key) {
    send(make_claim(key));
    return wait_for([](GstEvent* e) { return parse_claim_result(e); });
  }
  GstPad* pad() { return pad_.get(); }

 private:
  static Ref<GstBuffer> buffer(const std::string& bytes) {
    return buffer_of(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }
  gboolean received(Ref<GstEvent> event) {
    if (on_event && on_event(event.get())) return TRUE;
    if (is_finish(event.get())) return FALSE;
    {
      std::lock_guard l(lock_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
    return TRUE;
  }

  const Ref<GstPad> pad_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Ref<GstEvent>> events_;
};

class DirSink {
 public:
  explicit DirSink(const std::string& root, const std::string& properties = {}) {
    GST_ELEMENT_REGISTER(dirsink, nullptr);
    const std::string launch = "dirsink name=sink root=\"" + root + "\" " + properties;
    GError* error = nullptr;
    element_ = adopt_floating(gst_parse_launch(launch.c_str(), &error));
    fail_unless(element_ && !error, "%s", error ? error->message : "no element");
    gst_element_set_bus(element_.get(), bus_.get());
    producer.link(element_.get());
  }
  ~DirSink() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_element_set_bus(element_.get(), nullptr);
  }
  DirSink(const DirSink&) = delete;
  DirSink& operator=(const DirSink&) = delete;

  void play() {
    fail_unless_equals_int(gst_element_set_state(element_.get(), GST_STATE_PLAYING),
                           GST_STATE_CHANGE_SUCCESS);
  }
  void play_objects() {
    play();
    producer.open(kObjectCaps);
  }
  void stop() {
    fail_unless_equals_int(gst_element_set_state(element_.get(), GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
  }
  GstElement* element() { return element_.get(); }

  // Each takes the first message that fits; the others stay for later.
  Ref<GstMessage> wait_message(GstMessageType type) {
    return wait_for([type](GstMessage* m) { return GST_MESSAGE_TYPE(m) == type; },
                    gst_message_type_get_name(type));
  }
  Ref<GstMessage> wait_element_message(const char* name) {
    return wait_for([name](GstMessage* m) { return gst_message_has_name(m, name); }, name);
  }
  bool has_message(GstMessageType type) {
    while (auto message = adopt(gst_bus_pop(bus_.get()))) messages_.push_back(std::move(message));
    return std::any_of(messages_.begin(), messages_.end(),
                       [type](const auto& m) { return GST_MESSAGE_TYPE(m.get()) == type; });
  }
  // Everything before is on disk.
  void flush_by_eos() {
    const guint32 seqnum = producer.push_eos();
    const auto message = wait_message(GST_MESSAGE_EOS);
    fail_unless_equals_int(gst_message_get_seqnum(message.get()), seqnum);
  }
  guint64 stat(const char* field) {
    GstStructure* s = nullptr;
    g_object_get(element_.get(), "stats", &s, nullptr);
    const StructurePtr owned(s);
    guint64 value = 0;
    fail_unless(gst_structure_get_uint64(s, field, &value), "stats have no %s", field);
    return value;
  }

  Producer producer;

 private:
  template <class Fits>
  Ref<GstMessage> wait_for(Fits fits, const char* what) {
    for (auto it = messages_.begin(); it != messages_.end(); ++it)
      if (fits(it->get())) {
        auto found = std::move(*it);
        messages_.erase(it);
        return found;
      }
    for (;;) {
      auto message =
          adopt(gst_bus_timed_pop(bus_.get(), std::chrono::nanoseconds(kPatience).count()));
      fail_unless(message != nullptr, "no message %s", what);
      if (fits(message.get())) return message;
      messages_.push_back(std::move(message));
    }
  }

  const Ref<GstBus> bus_ = adopt(gst_bus_new());
  Ref<GstElement> element_;
  std::deque<Ref<GstMessage>> messages_;  // that no test has asked for yet
};

inline std::string field(const Ref<GstMessage>& message, const char* name) {
  const char* text = gst_structure_get_string(gst_message_get_structure(message.get()), name);
  return text ? text : "";
}
inline guint64 number(const Ref<GstMessage>& message, const char* name) {
  guint64 value = 0;
  fail_unless(gst_structure_get_uint64(gst_message_get_structure(message.get()), name, &value),
              "no field %s", name);
  return value;
}
inline bool flag(const Ref<GstMessage>& message, const char* name) {
  gboolean value = FALSE;
  fail_unless(gst_structure_get_boolean(gst_message_get_structure(message.get()), name, &value),
              "no field %s", name);
  return value;
}
inline std::string trouble(const Ref<GstMessage>& message, GQuark* domain = nullptr,
                           gint* code = nullptr) {
  GError* error = nullptr;
  if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
    gst_message_parse_error(message.get(), &error, nullptr);
  else
    gst_message_parse_warning(message.get(), &error, nullptr);
  if (domain) *domain = error->domain;
  if (code) *code = error->code;
  std::string text = error->message;
  g_error_free(error);
  return text;
}

// The macro of the check library keeps pointers into temporaries.
inline void fail_unless_same(const std::string& a, const std::string& b) {
  fail_unless(a == b, "\"%s\" is not \"%s\"", a.c_str(), b.c_str());
}

}  // namespace rec::dirsink
