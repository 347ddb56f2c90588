// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which pad of a recordbin feeds which track of its recordmux, and through which chain.
#include <gst/webrtc/webrtc.h>

#include <algorithm>

#include "gst/record/gstrecordbinpad.h"
#include "gst/record/negotiated.h"
#include "gst/record/record_bin.h"
#include "gst/record/sender_reports.h"

GST_DEBUG_CATEGORY_EXTERN(record_bin_debug);
#define GST_CAT_DEFAULT record_bin_debug

namespace rec::record {
namespace {

// A pad without data for this long has lost its track to another pad that has some.
constexpr Nanos kSilent = 1'000'000'000;
// A chain that failed is built anew, but not more often than this.
constexpr Nanos kRebuildInterval = 1'000'000'000;

// Which m-line the peer of `ghost` receives: webrtcbin's pads say so. Identity only. An SSRC that
// no SDP announced is taken for the first m-line of its bundle (measured, 1.22): that of the other
// medium tells nothing.
gpointer transceiver_of(GstPad* ghost, Medium medium) {
  const auto peer = adopt(gst_pad_get_peer(ghost));
  if (!peer || !g_object_class_find_property(G_OBJECT_GET_CLASS(peer.get()), "transceiver"))
    return nullptr;
  g_autoptr(GstWebRTCRTPTransceiver) transceiver = nullptr;
  GstWebRTCKind kind = GST_WEBRTC_KIND_UNKNOWN;
  g_object_get(peer.get(), "transceiver", &transceiver, nullptr);
  if (transceiver) g_object_get(transceiver, "kind", &kind, nullptr);
  return kind == (medium == Medium::kVideo ? GST_WEBRTC_KIND_VIDEO : GST_WEBRTC_KIND_AUDIO)
             ? transceiver
             : nullptr;
}

// The webrtcbin behind `ghost`; nullptr: it is fed by something else.
Ref<GstElement> webrtcbin_of(GstPad* ghost) {
  const auto peer = adopt(gst_pad_get_peer(ghost));
  if (!peer || !g_object_class_find_property(G_OBJECT_GET_CLASS(peer.get()), "transceiver"))
    return nullptr;
  return adopt(gst_pad_get_parent_element(peer.get()));
}

}  // namespace

bool RecordBin::is_silent(const BinTrack& track) const {
  const auto* feeder = static_cast<Front*>(track.feeder.load());
  return !feeder || feeder->ended || timers_->now() - track.last_data > kSilent;
}

std::shared_ptr<BinTrack> RecordBin::silent_track(Medium medium) const {
  std::shared_ptr<BinTrack> silent;
  for (const auto& track : tracks_) {
    if (track->medium != medium || !is_silent(*track)) continue;
    if (!track->fed) return track;  // negotiated, and waited for
    if (silent) return nullptr;     // which of them is not known
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
  const gpointer transceiver = ghost ? transceiver_of(ghost, medium) : nullptr;
  const std::string label = ghost ? record_bin_pad_track(ghost) : std::string();
  for (const auto& track : tracks_) {
    if (track->medium != medium) continue;
    if (transceiver && track->transceiver == transceiver) return track;
    if (!label.empty() && track->label == label) return track;
  }
  if (!transceiver && label.empty())
    if (auto silent = silent_track(medium)) return silent;
  auto track = new_track(front, medium);
  track->transceiver = transceiver;
  track->label = label;
  return track;
}

std::shared_ptr<BinTrack> RecordBin::new_track(Front& front, Medium medium) {
  auto track = std::make_shared<BinTrack>();
  track->name = front.name;
  track->medium = medium;
  track->mux_pad = front.early_pad ? std::move(front.early_pad) : request_mux_pad(front);
  tracks_.push_back(track);
  return track;
}

void RecordBin::unplug(Front& front) {
  if (const auto peer = adopt(gst_pad_get_peer(front.src))) gst_pad_unlink(front.src, peer.get());
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
  front.refused_since.reset();
  front.track->fed = true;
  front.track->feeder = &front;
  front.track->last_data = timers_->now();
  if (!front.depay->link(front.src, front.track->mux_pad.get()))
    return {Error::Kind::kUnsupported, "The pads of the chain do not link", "Report this"};
  front.depay->start();
  return {};
}

int RecordBin::mux_setting(const char* name) {
  gint value = 0;
  if (mux_) g_object_get(mux_.get(), name, &value, nullptr);
  return value;
}

// nullptr: it is being stopped or released.
Ref<GstPad> RecordBin::ghost_of(const Front& front) {
  std::lock_guard l(topology_);
  if (stopping_) return nullptr;
  for (const auto& [pad, element] : fronts_)
    if (&front_of(element.get()) == &front) return share(pad);
  return nullptr;
}

// recordmux knows of the track before its caps are known, so that it neither ends the recording nor
// writes a header without it.
void RecordBin::announce(Front& front) {
  front.early_pad = request_mux_pad(front);
  gst_pad_link_full(front.src, front.early_pad.get(), GST_PAD_LINK_CHECK_NOTHING);
}

// Sender reports come where webrtcbin or rtpbin is right behind the pad, and say how the sender's
// clocks relate: its rtpbin has to pass that on.
void RecordBin::expect_reports(Front& front) {
  const auto ghost = ghost_of(front);
  const auto peer = ghost ? adopt(gst_pad_get_peer(ghost.get())) : nullptr;
  auto source = peer ? adopt(gst_pad_get_parent_element(peer.get())) : nullptr;
  if (!source || mux_setting("timing") == static_cast<int>(recording::Timing::kArrival)) {
    front.reports = false;
    return;
  }
  const std::shared_ptr<GstElement> sender = std::move(source);
  const std::shared_ptr<GstElement> held = share(front.element);
  timers_->run_soon([sender, held] {
    front_of(GST_REC_TRACK_FRONT(held.get())).reports = pass_on_reports(sender.get());
  });
}

// The first pad of a webrtcbin tells of its others, which may come later or never.
void RecordBin::look_for_negotiated(Front& front) {
  {
    std::lock_guard l(topology_);
    if (looked_for_negotiated_) return;
  }
  const auto ghost = ghost_of(front);
  auto found = ghost ? webrtcbin_of(ghost.get()) : nullptr;
  if (!found) return;
  const std::shared_ptr<GstElement> webrtcbin = std::move(found);
  const std::shared_ptr<GstElement> self = share(GST_ELEMENT(bin_));
  {
    std::lock_guard l(topology_);
    if (std::exchange(looked_for_negotiated_, true)) return;
  }
  timers_->run_soon([this, self, webrtcbin] { declare_negotiated(webrtcbin.get()); });
}

// A pool thread.
void RecordBin::declare_negotiated(GstElement* webrtcbin) {
  const auto templ = gst_element_get_pad_template(mux_.get(), "sink_%u");
  auto missing = negotiated_audio(webrtcbin);
  std::lock_guard l(topology_);
  if (stopping_) return;
  for (const auto& track : tracks_) {
    if (track->medium != Medium::kAudio || missing.empty()) continue;
    const auto same = std::find_if(missing.begin(), missing.end(), [&](const auto& negotiated) {
      return negotiated.transceiver == track->transceiver;
    });
    // A track whose transceiver is not known is one of them all the same.
    missing.erase(same == missing.end() ? missing.begin() : same);
  }
  for (const auto& negotiated : missing) {
    auto track = std::make_shared<BinTrack>();
    track->medium = Medium::kAudio;
    track->transceiver = negotiated.transceiver;
    track->mux_pad =
        adopt(gst_element_request_pad(mux_.get(), templ, nullptr, negotiated.caps.get()));
    track->name = GST_PAD_NAME(track->mux_pad.get());
    tracks_.push_back(std::move(track));
  }
}

void RecordBin::caps_changed(Front& front, GstCaps* caps) {
  auto plan = plan_chain(caps);
  Error error = plan ? Error{} : plan.error();
  Ref<GstPad> surplus;
  {
    std::lock_guard l(topology_);
    if (stopping_) return;
    if (plan && front.track && front.track->medium != plan.value().medium) leave_track(front);
    if (!plan)
      unplug(front);
    else if (front.plan != plan.value())
      error = plug(front, plan.value());
    surplus = std::move(front.early_pad);
  }
  release_mux_pad(std::move(surplus));
  end_orphans();
  expect_reports(front);
  look_for_negotiated(front);
  if (!error.what.empty())
    post_track(front.name, "unsupported", error.what + ". " + error.hint + ".");
}

// Streaming thread of the front, for every buffer: no lock as long as nothing changes hands.
bool RecordBin::admits(Front& front) {
  if (!front.track) return false;
  if (front.track->feeder != &front && !takes_over(front)) return false;
  front.track->last_data = timers_->now();
  return true;
}

// A front that has data for a track which another front feeds: when that one is silent the track is
// handed over; when both go on, they are two tracks, whatever the peer pads said.
bool RecordBin::takes_over(Front& front) {
  std::lock_guard l(topology_);
  if (stopping_ || !front.plan) return false;
  const ChainPlan plan = *front.plan;
  if (!is_silent(*front.track)) {
    const Nanos now = timers_->now();
    if (!front.refused_since) front.refused_since = now;
    if (now - *front.refused_since < kSilent) return false;
    front.track = new_track(front, plan.medium);
  }
  return plug(front, plan).what.empty();
}

bool RecordBin::ended(Front& front) {
  end_orphans();
  Ref<GstPad> unreached;
  {
    std::lock_guard l(topology_);
    if (front.early_pad) return true;
    if (front.track && front.track->feeder == &front) {
      if (front.plan) return true;
      unreached = share(front.track->mux_pad.get());  // it now sends what cannot be recorded
    }
  }
  if (unreached) {
    gst_pad_send_event(unreached.get(), gst_event_new_eos());
    return false;
  }
  {
    std::lock_guard l(topology_);
    if (front.track) return false;
    if (!tracks_.empty()) return false;  // recordmux ends with its own pads
    for (const auto& [pad, element] : fronts_)
      if (!front_of(element.get()).ended) return false;
  }
  // Nothing that could be recorded ever came.
  if (end_policy() == EndPolicy::kNever) return false;
  gst_element_send_event(mux_.get(), gst_event_new_eos());
  return false;
}

// topology_ is held.
void RecordBin::leave_track(Front& front) {
  void* self = &front;
  if (front.track) front.track->feeder.compare_exchange_strong(self, nullptr);
  front.track.reset();
}

// A track that no pad feeds any more ends, if somebody else goes on or all have ended, or if that
// ends the recording. With nobody left it stays open else: a pad may come back.
void RecordBin::end_orphans() {
  const bool first_ends = end_policy() == EndPolicy::kFirstTrack;
  std::vector<Ref<GstPad>> orphans;
  {
    std::lock_guard l(topology_);
    bool live = false;
    bool all_ended = !fronts_.empty();
    for (const auto& [pad, element] : fronts_) {
      const Front& front = front_of(element.get());
      all_ended &= front.ended;
      live |= !front.ended && front.track && front.track->feeder == &front;
    }
    if (!live && !all_ended && !first_ends) return;
    for (const auto& track : tracks_)
      if (track->fed && !track->feeder) orphans.push_back(share(track->mux_pad.get()));
  }
  // A pad that takes the track over just now sees GST_FLOW_EOS, and is plugged anew.
  for (const auto& pad : orphans) gst_pad_send_event(pad.get(), gst_event_new_eos());
}

void RecordBin::failed(Front& front, const char* reason) {
  bool again = false;
  {
    std::lock_guard l(topology_);
    if (stopping_ || !front.plan || front.track->feeder != &front) return;
    if (timers_->now() - front.plugged_at < kRebuildInterval) return;
    const ChainPlan plan = *front.plan;
    again = plug(front, plan).what.empty();
  }
  GST_INFO_OBJECT(bin_, "%s: chain failed (%s), built anew: %d", front.name.c_str(), reason, again);
}

}  // namespace rec::record
