// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/mux.h"

#include "gst/common/element_error.h"
#include "gst/common/object_stream.h"
#include "gst/record/mp4_container.h"
#include "gst/record/tags.h"

GST_DEBUG_CATEGORY_EXTERN(record_mux_debug);
#define GST_CAT_DEFAULT record_mux_debug

namespace rec::record {
namespace {

recording::Nanos nanos(guint64 value) { return static_cast<recording::Nanos>(value); }

}  // namespace

void Mux::set(guint id, const GValue* value) {
  std::lock_guard l(lock_);
  kProperties[id - 1].set(settings_, value);
}

void Mux::get(guint id, GValue* value) {
  std::lock_guard l(lock_);
  kProperties[id - 1].get(settings_, value);
}

bool Mux::start() {
  std::unique_lock l(lock_);
  const Settings settings = settings_;
  l.unlock();
  auto path = recording::PathTemplate::parse(settings.path);
  if (!path) {
    Error error = path.error();
    error.what = "Property \"path\": " + error.what;
    post_error(element_, error);
    return false;
  }
  if (const auto name = recording::path_component(settings.stream_name);
      name != settings.stream_name)
    GST_ELEMENT_WARNING(element_, RESOURCE, SETTINGS,
                        ("The stream-name \"%s\" cannot be part of a path: \"%s\" is used.",
                         settings.stream_name.c_str(), name.c_str()),
                        (nullptr));
  MovieTags own;
  if (const GstTagList* list = gst_tag_setter_get_tag_list(GST_TAG_SETTER(element_)))
    read_movie_tags(list, false, own);
  l.lock();
  recorder_ = std::make_unique<recording::Recorder>(
      recorder_options(settings, std::move(path.value())),
      std::make_unique<Mp4Container>(settings.finalise == Finalise::kHybrid));
  timers_ = Timers::get();
  own_tags_ = std::move(own);
  recorder_->set_tags(movie_tags());
  for (auto& [pad, state] : pads_) {
    // Not what has come already: the caps of a branch that was linked before the start come once.
    state->reset_counters();
    declare(*state);
  }
  begun_at_ = timers_->now();
  store_congested_ = congested_ = false;
  first_events_pushed_ = recorded_track_ended_ = false;
  eos_seqnum_ = GST_SEQNUM_INVALID;
  objects_ = bytes_ = 0;
  return true;
}

void Mux::run() {
  auto* weak = new GWeakRef;
  g_weak_ref_init(weak, element_);
  std::shared_ptr<GWeakRef> element(weak, [](GWeakRef* w) {
    g_weak_ref_clear(w);
    delete w;
  });
  auto ring = [element, this] {
    // The element owns `this`: as long as it is held, `this` lives.
    if (const Ref<GstElement> held(static_cast<GstElement*>(g_weak_ref_get(element.get()))); held)
      alarm();
  };
  std::lock_guard l(lock_);
  alarm_ = timers_->create_alarm(std::move(ring));
  collect();
}

void Mux::set_playing(bool playing) {
  std::lock_guard l(lock_);
  playing_ = playing;
  // What has been held back is pushed by the alarm: here it could block a change of state.
  if (playing && alarm_) alarm_->ring_by(timers_->now());
}

void Mux::stop() {
  std::unique_lock l(lock_);
  out_.stop(l);
  recorder_.reset();
  alarm_.reset();
  timers_.reset();
  tracks_.clear();
  global_tags_ = stream_tags_ = {};
  std::vector<std::pair<Ref<GstPad>, std::shared_ptr<MuxPad>>> pads;
  for (auto& [pad, state] : pads_) {
    state->forget_run();
    pads.emplace_back(share(pad), state);
  }
  l.unlock();
  for (const auto& [pad, state] : pads) {
    GST_PAD_STREAM_LOCK(
        pad.get());  // one that is being released may still be in its chain function
    l.lock();
    // One that was requested meanwhile is active, and what has come to it counts.
    if (!gst_pad_is_active(pad.get())) state->forget_stream();
    l.unlock();
    GST_PAD_STREAM_UNLOCK(pad.get());
  }
}

// A pool thread. What downstream would block in PAUSED must not be pushed from here.
void Mux::alarm() {
  {
    std::lock_guard l(lock_);
    if (!recorder_) return;
    recorder_->tick(timers_->now());
    if (!recorder_->finishing()) finish_by_policy();
    collect();
    if (!playing_ && !recorder_->finishing()) return;
  }
  drain();
}

bool Mux::finish(guint32 seqnum, bool for_store) {
  {
    std::lock_guard l(lock_);
    if (!recorder_) return false;
    if (!recorder_->finishing()) eos_seqnum_ = seqnum;
    recorder_->finish(timers_->now());
    collect();
    if (!for_store && !playing_ && alarm_) {
      alarm_->ring_by(timers_->now());  // a sink in preroll would block the application
      return true;
    }
  }
  drain();
  return true;
}

void Mux::set_paused(bool paused) {
  using recording::Recorder;
  tell(paused ? &Recorder::pause : &Recorder::resume);
}

void Mux::split() { tell(&recording::Recorder::split); }

// What the application wants done.
void Mux::tell(void (recording::Recorder::*what)(Nanos)) {
  {
    std::lock_guard l(lock_);
    if (!recorder_ || recorder_->finishing()) return;
    ((*recorder_).*what)(timers_->now());
    collect();
    if (!playing_ && alarm_) return alarm_->ring_by(timers_->now());  // as in finish()
  }
  drain();
}

void Mux::add_pad(GstPad* pad, std::shared_ptr<MuxPad> state) {
  std::lock_guard l(lock_);
  state->forget_stream();
  if (recorder_) declare(*state);
  pads_[pad] = std::move(state);
}

void Mux::remove_pad(GstPad* pad) {
  {
    std::lock_guard l(lock_);
    const auto found = pads_.find(pad);
    if (found == pads_.end()) return;
    const auto state = found->second;
    pads_.erase(found);
    tracks_.erase(state->track);
    if (!recorder_) return;
    end_track(*state);
    finish_by_policy();
    collect();
  }
  drain();
}

// lock_ is held. A track has no more data: its pad is at EOS, or gone.
void Mux::end_track(MuxPad& pad) {
  pad.ended = true;
  recorded_track_ended_ |= pad.samples > 0;
  if (pad.track >= 0) recorder_->end_track(pad.track, timers_->now());
}

void Mux::finish_by_policy() {
  switch (settings_.end_policy) {
    case EndPolicy::kNever: return;
    case EndPolicy::kFirstTrack:
      if (recorded_track_ended_) return recorder_->finish(timers_->now());
      [[fallthrough]];  // with nothing recorded, the last one ends it
    case EndPolicy::kAllTracks: return finish_if_all_ended();
  }
}

void Mux::finish_if_all_ended() {
  bool one = false;
  bool unstarted = false;
  for (const auto& [pad, state] : pads_) {
    if (state->started && !state->ended) return;
    one |= state->ended;
    unstarted |= !state->started;
  }
  if (!one) return;
  // Nobody is behind a pad that is not started by the time a header would be.
  const Nanos patience = begun_at_ + nanos(settings_.header_timeout);
  if (!unstarted || timers_->now() >= patience)
    recorder_->finish(timers_->now());
  else if (alarm_)
    alarm_->ring_by(patience);
}

bool Mux::src_event(GstEvent* event) {
  if (is_finish(event)) return finish(gst_event_get_seqnum(event), true);
  const auto claim = parse_claim_result(event);
  const auto failed = parse_object_failed(event);
  const auto full = parse_object_full(event);
  const auto congestion = parse_congestion(event);
  const auto capabilities = parse_capabilities(event);
  if (!claim && !failed && !full && !congestion && !capabilities)
    return parse_readback(event).has_value();
  std::lock_guard l(lock_);
  if (!recorder_) return true;
  const Nanos now = timers_->now();
  if (claim) recorder_->claim_answered(claim->key, claim->granted, claim->use_key, now);
  if (failed) recorder_->object_failed(failed->key, now);
  if (full) recorder_->object_full(full->key, now);
  if (congestion) store_congested_ = congestion->on;
  if (capabilities)
    recorder_->set_rewrite_below(capabilities->rewrite ? capabilities->rewrite_below : 0);
  collect();
  // Never push from the store's thread: it may be the one that has to take the bytes.
  if (alarm_) alarm_->ring_by(now);
  return true;
}

}  // namespace rec::record
