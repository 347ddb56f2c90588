// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/record_bin.h"

#include <algorithm>

#include "gst/common/element_error.h"
#include "gst/record/gstrecordbinpad.h"
#include "gst/record/messages.h"

GST_DEBUG_CATEGORY_EXTERN(record_bin_debug);
#define GST_CAT_DEFAULT record_bin_debug

namespace rec::record {
namespace {

// A pad without data for this long has lost its track to another pad that has some.
constexpr Nanos kSilent = 1'000'000'000;
// A chain that failed is built anew, but not more often than this.
constexpr Nanos kRebuildInterval = 1'000'000'000;

// Which sender the peer of `ghost` receives: webrtcbin's pads say so. Identity only.
gpointer transceiver_of(GstPad* ghost) {
  const auto peer = adopt(gst_pad_get_peer(ghost));
  if (!peer || !g_object_class_find_property(G_OBJECT_GET_CLASS(peer.get()), "transceiver"))
    return nullptr;
  g_autoptr(GObject) transceiver = nullptr;
  g_object_get(peer.get(), "transceiver", &transceiver, nullptr);
  return transceiver;
}

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
    g_autofree gchar* path = g_filename_from_uri(storage_.c_str(), nullptr, &error);
    if (!path)
      return Error{Error::Kind::kInvalidSetting,
                   "Property \"storage\": " + std::string(error->message),
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
  std::lock_guard l(topology_);
  stopping_ = false;
  for (auto& [pad, element] : fronts_)
    if (!front_of(element.get()).early_pad) announce(front_of(element.get()));
  return true;
}

void RecordBin::stopping() {
  std::lock_guard l(topology_);
  stopping_ = true;
}

void RecordBin::stop() {
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
      own = g_strdup_printf("sink_%u", number++);
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
  std::shared_ptr<BinTrack> track;
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
    track = std::move(front.track);
    void* self = &front;
    if (track && !track->feeder.compare_exchange_strong(self, nullptr)) track.reset();
  }
  release_mux_pad(std::move(early));
  // The track ends, unless a later pad continues it.
  if (track) gst_pad_send_event(track->mux_pad.get(), gst_event_new_eos());
  remove_child(GST_ELEMENT(element.get()));
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
}

void RecordBin::remove_child(GstElement* element) {
  gst_element_set_locked_state(element, TRUE);
  gst_element_set_state(element, GST_STATE_NULL);
  if (GST_OBJECT_PARENT(element) == GST_OBJECT(bin_)) gst_bin_remove(bin_, element);
}

// --- which pad feeds which track ----------------------------------------------------------------

bool RecordBin::is_silent(const BinTrack& track) const {
  const auto* feeder = static_cast<Front*>(track.feeder.load());
  return !feeder || feeder->ended || timers_->now() - track.last_data > kSilent;
}

std::shared_ptr<BinTrack> RecordBin::silent_track(Medium medium) const {
  std::shared_ptr<BinTrack> silent;
  for (const auto& track : tracks_) {
    if (track->medium != medium || !is_silent(*track)) continue;
    if (silent) return nullptr;  // which of them is not known
    silent = track;
  }
  return silent;
}

Ref<GstPad> RecordBin::request_mux_pad(const Front& front) {
  // An earlier pad of this name may have left its track to another one.
  const auto taken = adopt(gst_element_get_static_pad(mux_.get(), front.name.c_str()));
  return adopt(gst_element_request_pad_simple(mux_.get(), taken ? "sink_%u" : front.name.c_str()));
}

void RecordBin::release_mux_pad(Ref<GstPad> pad) {
  if (pad) gst_element_release_request_pad(mux_.get(), pad.get());
}

// The track that `front` continues, or a new one.
std::shared_ptr<BinTrack> RecordBin::track_for(Front& front, Medium medium) {
  GstPad* ghost = nullptr;
  for (const auto& [pad, element] : fronts_)
    if (&front_of(element.get()) == &front) ghost = pad;
  const gpointer transceiver = ghost ? transceiver_of(ghost) : nullptr;
  const std::string label = ghost ? record_bin_pad_track(ghost) : std::string();
  for (const auto& track : tracks_) {
    if (track->medium != medium) continue;
    if (transceiver && track->transceiver == transceiver) return track;
    if (!label.empty() && track->label == label) return track;
  }
  if (!transceiver && label.empty())
    if (auto silent = silent_track(medium)) return silent;
  auto track = std::make_shared<BinTrack>();
  track->name = front.name;
  track->medium = medium;
  track->transceiver = transceiver;
  track->label = label;
  track->mux_pad = front.early_pad ? std::move(front.early_pad) : request_mux_pad(front);
  tracks_.push_back(track);
  return track;
}

void RecordBin::unplug(Front& front) {
  if (front.depay) front.depay->remove(bin_);
  front.depay.reset();
  front.plan.reset();
}

Error RecordBin::plug(Front& front, const ChainPlan& plan) {
  unplug(front);
  auto chain = DepayChain::create(bin_, plan, &front);
  if (!chain) return chain.error();
  if (!front.track || front.track->medium != plan.medium)
    front.track = track_for(front, plan.medium);
  front.depay = std::move(chain.value());
  front.plan = plan;
  front.plugged_at = timers_->now();
  front.broken = false;
  front.track->feeder = &front;
  front.track->last_data = timers_->now();
  if (!front.depay->link(front.src, front.track->mux_pad.get()))
    return {Error::Kind::kUnsupported, "The pads of the chain do not link", "Report this"};
  front.depay->start();
  return {};
}

// recordmux knows of the track before its caps are known, so that it neither ends the recording nor
// writes a header without it.
void RecordBin::announce(Front& front) {
  front.early_pad = request_mux_pad(front);
  gst_pad_link_full(front.src, front.early_pad.get(), GST_PAD_LINK_CHECK_NOTHING);
}

void RecordBin::caps_changed(Front& front, GstCaps* caps) {
  auto plan = plan_chain(caps);
  Error error = plan ? Error{} : plan.error();
  Ref<GstPad> surplus;
  {
    std::lock_guard l(topology_);
    if (stopping_) return;
    if (!plan)
      unplug(front);
    else if (front.plan != plan.value())
      error = plug(front, plan.value());
    surplus = std::move(front.early_pad);
  }
  release_mux_pad(std::move(surplus));
  if (!error.what.empty())
    post_track(front.name, "unsupported", error.what + ". " + error.hint + ".");
}

// Streaming thread of the front, for every buffer: no lock as long as nothing changes hands.
bool RecordBin::admits(Front& front) {
  const auto& track = front.track;
  if (!track) return false;
  if (track->feeder != &front) {
    std::lock_guard l(topology_);
    if (stopping_ || !front.plan || !is_silent(*track)) return false;
    const ChainPlan plan = *front.plan;
    if (!plug(front, plan).what.empty()) return false;
  }
  track->last_data = timers_->now();
  return true;
}

bool RecordBin::ended(Front& front) {
  {
    std::lock_guard l(topology_);
    if (front.early_pad) return true;
    if (front.track) return front.track->feeder == &front;
    if (!tracks_.empty()) return false;  // recordmux ends with its own pads
    for (const auto& [pad, element] : fronts_)
      if (!front_of(element.get()).ended) return false;
  }
  // Nothing that could be recorded ever came.
  gst_element_send_event(mux_.get(), gst_event_new_eos());
  return false;
}

void RecordBin::failed(Front& front, const char* reason) {
  bool again = false;
  {
    std::lock_guard l(topology_);
    if (stopping_ || !front.plan) return;
    if (timers_->now() - front.plugged_at < kRebuildInterval) return;
    const ChainPlan plan = *front.plan;
    again = plug(front, plan).what.empty();
  }
  GST_INFO_OBJECT(bin_, "%s: chain failed (%s), built anew: %d", front.name.c_str(), reason, again);
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
