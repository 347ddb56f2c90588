// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/recovery.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "gst/common/handles.h"
#include "lib/recovery/disk.h"

namespace rec::record {
namespace {

using recovery::Outcome;
using recovery::Report;
using Listeners = std::vector<std::shared_ptr<Recovery>>;

// What a search does, and so who can share it.
struct Search {
  std::string root;
  bool keep_fragments;
  bool operator<(const Search& other) const {
    return std::tie(root, keep_fragments) < std::tie(other.root, other.keep_fragments);
  }
};

struct Totals {
  guint recovered = 0;
  guint failed = 0;
  guint being_written = 0;
};

std::mutex searches_lock;

// Those who wait for a search, by search; one that is not here has no thread.
std::map<Search, Listeners>& searches() {
  static std::map<Search, Listeners> instance;
  return instance;
}

// A path is bytes, a string of a GstStructure is UTF-8.
void set_path(GstStructure* message, const char* field, const std::string& path) {
  g_autofree gchar* name = g_filename_display_name(path.c_str());
  gst_structure_set(message, field, G_TYPE_STRING, name, nullptr);
}

StructurePtr message_of(const std::string& path, const Report& report) {
  if (report.outcome == Outcome::kRecovered) {
    StructurePtr message(gst_structure_new("record-recovered", "duration", G_TYPE_UINT64,
                                           static_cast<guint64>(report.seconds * GST_SECOND),
                                           "cut-bytes", G_TYPE_UINT64, guint64{report.cut_bytes},
                                           nullptr));
    set_path(message.get(), "path", path);
    if (g_autofree gchar* uri = g_filename_to_uri(path.c_str(), nullptr, nullptr); uri)
      gst_structure_set(message.get(), "uri", G_TYPE_STRING, uri, nullptr);
    return message;
  }
  StructurePtr message(gst_structure_new("record-recovery-failed", "reason", G_TYPE_STRING,
                                         report.reason.c_str(), nullptr));
  set_path(message.get(), "path", path);
  return message;
}

bool worth_telling(Outcome outcome) {
  return outcome == Outcome::kRecovered || outcome == Outcome::kDamaged ||
         outcome == Outcome::kFailed;
}

void search_once(const Search& search, const Listeners& listeners) {
  const auto anybody = [&] {
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const auto& listener) { return !listener->cancelled(); });
  };
  const auto tell = [&](const StructurePtr& message) {
    for (const auto& listener : listeners) listener->post(gst_structure_copy(message.get()));
  };
  if (!anybody()) return;
  Totals totals;
  // The store makes its directory when it begins a file.
  if (g_file_test(search.root.c_str(), G_FILE_TEST_EXISTS))
    recovery::recover_tree(
        search.root, {.keep_fragments = search.keep_fragments},
        [&](const std::string& path, const Report& report) {
          if (report.outcome == Outcome::kBeingWritten) ++totals.being_written;
          if (worth_telling(report.outcome)) {
            ++(report.outcome == Outcome::kRecovered ? totals.recovered : totals.failed);
            tell(message_of(path, report));
          }
          return anybody();
        });
  const StructurePtr message(gst_structure_new(
      "record-recovery-done", "recovered", G_TYPE_UINT, totals.recovered, "failed", G_TYPE_UINT,
      totals.failed, "being-written", G_TYPE_UINT, totals.being_written, nullptr));
  set_path(message.get(), "root", search.root);
  tell(message);
}

// For all who have come until now; again for those who come meanwhile.
void search_for_all(const Search& search) {
  for (;;) {
    Listeners listeners;
    {
      std::lock_guard l(searches_lock);
      listeners.swap(searches().at(search));
      if (listeners.empty()) {
        searches().erase(search);
        return;
      }
    }
    search_once(search, listeners);
  }
}

// Unlimited, because a hung mount keeps its thread for good; idle threads end by themselves.
GThreadPool* pool() {
  static GThreadPool* const instance = g_thread_pool_new(
      [](gpointer data, gpointer) {
        const std::unique_ptr<Search> search(static_cast<Search*>(data));
        search_for_all(*search);
      },
      nullptr, -1, FALSE, nullptr);
  return instance;
}

}  // namespace

std::shared_ptr<Recovery> Recovery::begin(GstElement* element, const std::string& root,
                                          bool keep_fragments) {
  auto recovery = std::make_shared<Recovery>(element);
  g_autofree gchar* absolute = g_canonicalize_filename(root.c_str(), nullptr);
  const Search search{absolute, keep_fragments};
  bool idle = false;
  {
    std::lock_guard l(searches_lock);
    const auto [place, is_new] = searches().try_emplace(search);
    place->second.push_back(recovery);
    idle = is_new;
  }
  if (idle) g_thread_pool_push(pool(), new Search(search), nullptr);
  return recovery;
}

Recovery::Recovery(GstElement* element) { g_weak_ref_init(&element_, element); }

Recovery::~Recovery() { g_weak_ref_clear(&element_); }

void Recovery::post(GstStructure* message) {
  StructurePtr held(message);
  const Ref<GstElement> element(GST_ELEMENT(g_weak_ref_get(&element_)));
  if (!element || cancelled_) return;
  gst_element_post_message(element.get(),
                           gst_message_new_element(GST_OBJECT(element.get()), held.release()));
}

}  // namespace rec::record
