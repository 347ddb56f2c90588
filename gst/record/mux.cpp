// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/mux.h"

#include <gst/video/video.h>

#include <algorithm>
#include <random>

#include "gst/common/element_error.h"
#include "gst/common/object_stream.h"
#include "gst/record/messages.h"
#include "gst/record/mp4_container.h"

GST_DEBUG_CATEGORY_EXTERN(record_mux_debug);
#define GST_CAT_DEFAULT record_mux_debug

namespace rec::record {
namespace {

recording::Nanos nanos(guint64 value) { return static_cast<recording::Nanos>(value); }

std::uint32_t random_id() {
  static std::random_device device;
  return device();
}

}  // namespace

void MuxPad::forget_stream() {
  gst_segment_init(&segment, GST_FORMAT_UNDEFINED);
  input.reset();
  if (declared)  // if it cannot be recorded, the caps event will say so again, and why
    if (auto created = CodecInput::create(declared.get())) input = std::move(created.value());
  reported = started = unsupported = ended = false;
}

void MuxPad::forget_run() {
  config.reset();
  track = -1;
  key_asked.reset();
}

void MuxPad::reset_counters() { samples = bytes = before_key_frame = late = refused = 0; }

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
  recording::Recorder::Options options{.fragments = {.duration = nanos(settings.fragment_duration),
                                                     .latency = nanos(settings.latency),
                                                     .max_bytes = settings.max_queued_bytes},
                                       .header_timeout = nanos(settings.header_timeout),
                                       .claim_timeout = nanos(settings.claim_timeout),
                                       .path = std::move(path.value()),
                                       .stream_name = settings.stream_name,
                                       .random = random_id};
  l.lock();
  recorder_ =
      std::make_unique<recording::Recorder>(std::move(options), std::make_unique<Mp4Container>());
  timers_ = Timers::get();
  for (auto& [pad, state] : pads_) {
    // Not what has come already: the caps of a branch that was linked before the start come once.
    state->reset_counters();
    declare(*state);
  }
  begun_at_ = timers_->now();
  store_congested_ = congested_ = false;
  first_events_pushed_ = false;
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
    if (!recorder_->finishing()) finish_if_all_ended();
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
    if (state->track >= 0) recorder_->end_track(state->track, timers_->now());
    finish_if_all_ended();
    collect();
  }
  drain();
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

void Mux::set_caps(MuxPad& pad, const GstCaps* caps) {
  const char* old_codec = pad.input ? pad.input->codec() : nullptr;
  std::string reason;
  bool other_codec = false;
  auto created = CodecInput::create(caps);
  if (!created) reason = created.error().what + ". " + created.error().hint + ".";
  if (created && old_codec && g_str_equal(old_codec, created.value()->codec())) {
    // The same codec: what is known of it stays.
    if (auto taken = pad.input->set_caps(gst_caps_get_structure(caps, 0)); !taken)
      reason = taken.error().what;
  } else {
    pad.input = created ? std::move(created.value()) : nullptr;
    other_codec = true;
  }
  pad.reported = false;
  bool ended_track = false;
  {
    std::lock_guard l(lock_);
    pad.unsupported = !pad.input;
    pad.ended = false;
    if (other_codec) pad.config.reset();
    if (recorder_ && pad.track >= 0 && !pad.config) {
      recorder_->end_track(pad.track, timers_->now());
      tracks_.erase(pad.track);
      pad.track = -1;
      ended_track = true;
      collect();
    }
  }
  if (ended_track) drain();
  if (!reason.empty()) post_track(pad, "unsupported", reason);
}

// Tells the recorder what the track is, once that is known and when it changes. True: it knows.
bool Mux::take_config(MuxPad& pad) {
  const auto& config = pad.input->config();
  if (!config) return false;
  if (pad.config == config) return true;
  pad.config = config;
  if (pad.track < 0) {
    pad.track = recorder_->add_track(pad.input->medium());
    tracks_[pad.track] = &pad;
  }
  recorder_->configure(pad.track, *config);
  return true;
}

// Before any data can come: what the pad was requested for.
void Mux::declare(MuxPad& pad) {
  if (pad.declared && pad.input) take_config(pad);
}

// UTC is running time mapped once: whatever the wall clock does later, times stay contiguous.
void Mux::anchor_utc(const recording::Input& input) {
  if (recorder_->has_utc_origin()) return;
  const auto utc = settings_.start_utc ? nanos(settings_.start_utc)
                                       : nanos(static_cast<guint64>(g_get_real_time()) * 1000);
  recorder_->set_utc_origin(utc - input.pts.value_or(0));
}

// A picture whose parameter sets have not come: they come with a key frame.
GstFlowReturn Mux::before_config(MuxPad& pad, std::unique_lock<std::mutex>& l) {
  ++pad.before_key_frame;
  want_key_frame(pad, "start");
  l.unlock();
  drain();
  return GST_FLOW_OK;
}

GstFlowReturn Mux::chain(MuxPad& pad, Ref<GstBuffer> buffer) {
  using Taken = recording::Recorder::Taken;
  if (!pad.input) {
    ++pad.refused;
    return GST_FLOW_OK;
  }
  const ReadMap map(buffer.get());
  auto converted = pad.input->convert(map ? map.bytes() : std::span<const std::uint8_t>());
  if (!converted) {
    ++pad.refused;
    if (!std::exchange(pad.reported, true)) post_track(pad, "damaged", converted.error().what);
    return GST_FLOW_OK;
  }
  {
    std::unique_lock l(lock_);
    if (!recorder_) {
      ++pad.refused;
      return GST_FLOW_OK;
    }
    const bool known = take_config(pad);
    if (!converted.value()) return GST_FLOW_OK;
    if (!known) return before_config(pad, l);
    recording::Input& input = *converted.value();
    recorder_->expect_tracks(std::any_of(pads_.begin(), pads_.end(), [](const auto& p) {
      return p.second->track < 0 && !p.second->ended && !p.second->unsupported;
    }));
    set_times(input, buffer.get(), pad.segment, pad.config->timescale);
    anchor_utc(input);
    const std::size_t size = input.bytes.size();
    switch (recorder_->push(pad.track, std::move(input), timers_->now())) {
      case Taken::kYes:
        ++pad.samples;
        pad.bytes += size;
        break;
      case Taken::kBeforeKeyFrame: ++pad.before_key_frame; break;
      case Taken::kLate: ++pad.late; break;
      case Taken::kPaused: break;
      case Taken::kFinished: ++pad.refused; break;
    }
    collect();
  }
  drain();
  return GST_FLOW_OK;
}

void Mux::set_eos(MuxPad& pad, guint32 seqnum) {
  {
    std::lock_guard l(lock_);
    pad.ended = true;
    if (!recorder_) return;
    if (!recorder_->finishing()) eos_seqnum_ = seqnum;
    if (pad.track >= 0) recorder_->end_track(pad.track, timers_->now());
    finish_if_all_ended();
    collect();
  }
  drain();
}

void Mux::sink_event(MuxPad& pad, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START: {
      std::lock_guard l(lock_);
      pad.started = true;
      pad.ended = false;
      break;
    }
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      set_caps(pad, caps);
      break;
    }
    case GST_EVENT_SEGMENT: gst_event_copy_segment(event, &pad.segment); break;
    case GST_EVENT_FLUSH_STOP: {
      gst_segment_init(&pad.segment, GST_FORMAT_UNDEFINED);
      std::lock_guard l(lock_);
      pad.ended = false;
      break;
    }
    case GST_EVENT_EOS: set_eos(pad, gst_event_get_seqnum(event)); break;
    default: break;
  }
}

bool Mux::src_event(GstEvent* event) {
  if (is_finish(event)) return finish(gst_event_get_seqnum(event), true);
  const auto claim = parse_claim_result(event);
  const auto failed = parse_object_failed(event);
  const auto congestion = parse_congestion(event);
  if (!claim && !failed && !congestion) return parse_capabilities(event) || parse_readback(event);
  std::lock_guard l(lock_);
  if (!recorder_) return true;
  const Nanos now = timers_->now();
  if (claim) recorder_->claim_answered(claim->key, claim->granted, claim->use_key, now);
  if (failed) recorder_->object_failed(failed->key, now);
  if (congestion) store_congested_ = congestion->on;
  collect();
  // Never push from the store's thread: it may be the one that has to take the bytes.
  if (alarm_) alarm_->ring_by(now);
  return true;
}

}  // namespace rec::record
