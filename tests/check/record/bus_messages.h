// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What elements say on their bus.
#pragma once

#include <gst/gst.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gst/common/handles.h"

// Last: gstcheck.h defines fail() as a macro, which breaks any <ios> that comes after it.
#include <gst/check/gstcheck.h>
#undef fail

namespace rec::test {

inline void fail_unless_same(const std::string& a, const std::string& b) {
  fail_unless(a == b, "\"%s\" is not \"%s\"", a.c_str(), b.c_str());
}

inline std::string text_field(GstMessage* message, const char* name) {
  const char* text = gst_structure_get_string(gst_message_get_structure(message), name);
  return text ? text : "";
}
inline guint64 number_field(GstMessage* message, const char* name) {
  const GstStructure* s = gst_message_get_structure(message);
  guint64 value = 0;
  guint small = 0;
  if (gst_structure_get_uint(s, name, &small)) return small;
  fail_unless(gst_structure_get_uint64(s, name, &value), "no field %s", name);
  return value;
}

// All messages of one element or bin, in order.
class Messages {
 public:
  explicit Messages(GstElement* element) { gst_element_set_bus(element, bus_.get()); }
  void collect() {
    while (auto message = adopt(gst_bus_pop(bus_.get()))) all_.push_back(std::move(message));
  }
  std::vector<GstMessage*> named(const char* name) {
    collect();
    std::vector<GstMessage*> found;
    for (const auto& m : all_)
      if (gst_message_has_name(m.get(), name)) found.push_back(m.get());
    return found;
  }
  std::vector<GstMessage*> of_type(GstMessageType type) {
    collect();
    std::vector<GstMessage*> found;
    for (const auto& m : all_)
      if (GST_MESSAGE_TYPE(m.get()) == type) found.push_back(m.get());
    return found;
  }
  // record-track messages, as "sink_0 recording".
  std::vector<std::string> tracks() {
    std::vector<std::string> found;
    for (GstMessage* m : named("record-track"))
      found.push_back(text_field(m, "track") + " " + text_field(m, "state"));
    return found;
  }
  std::size_t count_track(const std::string& entry) {
    const auto all = tracks();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), entry));
  }
  GstMessage* track(const std::string& entry) {
    for (GstMessage* m : named("record-track"))
      if (text_field(m, "track") + " " + text_field(m, "state") == entry) return m;
    fail_unless(false, "no record-track \"%s\"", entry.c_str());
    return nullptr;
  }
  void clear() {
    collect();
    all_.clear();
  }

 private:
  const Ref<GstBus> bus_ = adopt(gst_bus_new());
  std::vector<Ref<GstMessage>> all_;
};

}  // namespace rec::test
