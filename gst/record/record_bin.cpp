// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/record_bin.h"

#include <algorithm>
#include <utility>

#include "gst/common/element_error.h"
#include "gst/record/gstrecordbinpad.h"
#include "gst/record/messages.h"

GST_DEBUG_CATEGORY_EXTERN(record_bin_debug);
#define GST_CAT_DEFAULT record_bin_debug

namespace rec::record {
namespace {

bool has_property(GstElement* element, const char* name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name) != nullptr;
}

}  // namespace

RecordBin::RecordBin(GstBin* bin) : bin_(bin), timers_(Timers::get()) {
  mux_ = adopt_floating(gst_element_factory_make("recordmux", "mux"));
  if (mux_) gst_bin_add(bin_, mux_.get());
  replace_store("dirsink");
}

// --- storage ------------------------------------------------------------------------------------

void RecordBin::replace_store(const char* factory) {
  if (store_) gst_bin_remove(bin_, store_.get());
  store_ = adopt_floating(gst_element_factory_make(factory, "store"));
  if (!store_) return;
  gst_bin_add(bin_, store_.get());
  if (mux_) gst_element_link(mux_.get(), store_.get());
}

void RecordBin::set_storage(const std::string& uri) {
  std::lock_guard l(settings_lock_);
  storage_ = uri;
  storage_set_ = true;
}

std::string RecordBin::storage() {
  std::lock_guard l(settings_lock_);
  return storage_;
}

void RecordBin::set_shutdown_timeout(guint64 nanos) {
  std::lock_guard l(settings_lock_);
  shutdown_timeout_ = nanos;
}

guint64 RecordBin::shutdown_timeout() {
  std::lock_guard l(settings_lock_);
  return shutdown_timeout_;
}

void RecordBin::set_recover(bool recover) {
  std::lock_guard l(settings_lock_);
  recover_ = recover;
}

bool RecordBin::recover() {
  std::lock_guard l(settings_lock_);
  return recover_;
}

Status RecordBin::configure_store() {
  if (!mux_ || !store_)
    return Error{Error::Kind::kNotFound,
                 std::string("There is no element ") + (mux_ ? "dirsink" : "recordmux"),
                 "Add the folder of the plugins to GST_PLUGIN_PATH"};
  std::lock_guard l(settings_lock_);
  g_object_set(store_.get(), "shutdown-timeout", shutdown_timeout_, nullptr);
  if (!storage_set_) return ok();
  std::string root = storage_;
  if (gst_uri_is_valid(storage_.c_str())) {
    g_autofree gchar* scheme = gst_uri_get_protocol(storage_.c_str());
    if (!g_str_equal(scheme, "file"))
      return Error{
          Error::Kind::kInvalidSetting,
          "Property \"storage\": unknown scheme \"" + std::string(scheme) + "\" in " + storage_,
          "Use a path or file:///path"};
    g_autoptr(GError) error = nullptr;
    g_autofree gchar* host = nullptr;
    g_autofree gchar* path = g_filename_from_uri(storage_.c_str(), &host, &error);
    if (!path || (host && !g_str_equal(host, "localhost")))
      return Error{Error::Kind::kInvalidSetting,
                   "Property \"storage\": " +
                       (path ? storage_ + " is on another host" : std::string(error->message)),
                   "Use file:///absolute/path"};
    root = path;
  }
  if (root.empty())
    return Error{Error::Kind::kInvalidSetting, "Property \"storage\" is empty",
                 "Use a path or file:///path"};
  g_object_set(store_.get(), "root", root.c_str(), nullptr);
  return ok();
}

// --- state --------------------------------------------------------------------------------------

bool RecordBin::start() {
  if (auto configured = configure_store(); !configured) {
    post_error(GST_ELEMENT(bin_), configured.error());
    return false;
  }
  // Nobody but the application sets tags here: recordmux gets them before it starts.
  auto* tags = GST_TAG_SETTER(bin_);
  if (const GstTagList* list = gst_tag_setter_get_tag_list(tags))
    gst_tag_setter_merge_tags(GST_TAG_SETTER(mux_.get()), list,
                              gst_tag_setter_get_tag_merge_mode(tags));
  std::lock_guard l(topology_);
  stopping_ = looked_for_negotiated_ = false;
  for (auto& [pad, element] : fronts_)
    if (!front_of(element.get()).early_pad) announce(front_of(element.get()));
  return true;
}

void RecordBin::started() {
  if (!recover()) return;
  g_autofree gchar* root = nullptr;
  g_object_get(store_.get(), "root", &root, nullptr);
  const bool keep_fragments = mux_setting("finalise") == static_cast<int>(Finalise::kFragmented);
  recovery_ = Recovery::begin(GST_ELEMENT(bin_), root, keep_fragments);
}

void RecordBin::stopping() {
  std::lock_guard l(topology_);
  stopping_ = true;
}

void RecordBin::stop() {
  if (const auto recovery = std::exchange(recovery_, nullptr)) recovery->cancel();
  std::lock_guard l(topology_);
  for (auto& [pad, element] : fronts_) {
    Front& front = front_of(element.get());
    unplug(front);
    front.track.reset();
    release_mux_pad(std::move(front.early_pad));
  }
  for (const auto& track : tracks_) release_mux_pad(std::move(track->mux_pad));
  tracks_.clear();
}

bool RecordBin::finish(GstEvent* eos) {
  if (mux_) return gst_element_send_event(mux_.get(), eos);
  gst_event_unref(eos);
  return false;
}

StructurePtr RecordBin::stats() {
  StructurePtr stats(gst_structure_new_empty("recordbin-stats"));
  for (GstElement* child : {mux_.get(), store_.get()}) {
    if (!child || !has_property(child, "stats")) continue;
    GstStructure* part = nullptr;
    g_object_get(child, "stats", &part, nullptr);
    const StructurePtr held(part);
    gst_structure_set(stats.get(), child == mux_.get() ? "mux" : "store", GST_TYPE_STRUCTURE, part,
                      nullptr);
  }
  return stats;
}

// --- pads ---------------------------------------------------------------------------------------

GstPad* RecordBin::request_pad(GstPadTemplate* templ, const gchar* name) {
  guint number = 0;
  g_autofree gchar* own = nullptr;
  if (!name || sscanf(name, "sink_%u", &number) != 1) {
    do {
      g_free(own);
      own = g_strdup_printf("sink_%u", pad_numbers_++);
    } while (adopt(gst_element_get_static_pad(GST_ELEMENT(bin_), own)));
    name = own;
  }
  auto element = adopt_floating(track_front_new(this, name));
  gst_bin_add(bin_, GST_ELEMENT(element.get()));
  const auto target = adopt(gst_element_get_static_pad(GST_ELEMENT(element.get()), "sink"));
  GstPad* ghost = record_bin_pad_new(templ, name, target.get());
  {
    std::lock_guard l(topology_);
    fronts_[ghost] = share(element.get());
    if (mux_) announce(front_of(element.get()));
  }
  gst_element_sync_state_with_parent(GST_ELEMENT(element.get()));
  gst_pad_set_active(ghost, TRUE);
  if (!gst_element_add_pad(GST_ELEMENT(bin_), ghost)) {  // the name is taken: GStreamer has said so
    std::lock_guard l(topology_);
    fronts_.erase(ghost);
    remove_child(GST_ELEMENT(element.get()));
    return nullptr;
  }
  return ghost;
}

void RecordBin::release_pad(GstPad* pad) {
  gst_pad_set_active(pad, FALSE);  // waits for the streaming thread
  Ref<GstRecTrackFront> element;
  Ref<GstPad> early;
  {
    std::lock_guard l(topology_);
    const auto found = fronts_.find(pad);
    if (found == fronts_.end()) return;
    element = std::move(found->second);
    fronts_.erase(found);
    Front& front = front_of(element.get());
    unplug(front);
    early = std::move(front.early_pad);
    leave_track(front);
  }
  release_mux_pad(std::move(early));
  end_orphans();
  remove_child(GST_ELEMENT(element.get()));
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
}

void RecordBin::remove_child(GstElement* element) {
  gst_element_set_locked_state(element, TRUE);
  gst_element_set_state(element, GST_STATE_NULL);
  if (GST_OBJECT_PARENT(element) == GST_OBJECT(bin_)) gst_bin_remove(bin_, element);
}

// --- messages -----------------------------------------------------------------------------------

bool RecordBin::handle_message(GstMessage* message) {
  const auto type = GST_MESSAGE_TYPE(message);
  if (type != GST_MESSAGE_ERROR && type != GST_MESSAGE_WARNING) return false;
  auto* front = static_cast<Front*>(DepayChain::owner_of(GST_MESSAGE_SRC(message)));
  if (!front) return false;  // the mux and the store report configuration
  g_autoptr(GError) error = nullptr;
  g_autofree gchar* debug = nullptr;
  if (type == GST_MESSAGE_WARNING) {
    gst_message_parse_warning(message, &error, &debug);
    GST_INFO_OBJECT(bin_, "%s: %s (%s)", front->name.c_str(), error->message, GST_STR_NULL(debug));
  } else {
    gst_message_parse_error(message, &error, &debug);
    if (!front->broken.exchange(true)) post_track(front->name, "failed", error->message);
  }
  gst_message_unref(message);
  return true;
}

void RecordBin::post_track(const std::string& track, const char* state, const std::string& reason) {
  gst_element_post_message(
      GST_ELEMENT(bin_), track_message(GST_ELEMENT(bin_), track, state, nullptr, reason).release());
}

}  // namespace rec::record
