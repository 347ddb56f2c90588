// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What comes to the sink pads of recordmux: caps, data, events. Streaming threads.
#include <algorithm>

#include "gst/record/mux.h"
#include "gst/record/tags.h"

namespace rec::record {
namespace {

// Whether samples of `b` can follow those of `a` in one file: what says how AAC and G.711 are
// decoded stands in its header alone.
bool same_track(const TrackConfig& a, const TrackConfig& b) {
  if (std::holds_alternative<AacConfig>(b.codec) || std::holds_alternative<G711Config>(b.codec))
    return a == b;
  return a.codec.index() == b.codec.index() && a.timescale == b.timescale;
}

}  // namespace

void MuxPad::forget_stream() {
  gst_segment_init(&segment, GST_FORMAT_UNDEFINED);
  input.reset();
  if (declared)  // if it cannot be recorded, the caps event will say so again, and why
    if (auto created = CodecInput::create(declared.get())) input = std::move(created.value());
  reported = started = unsupported = ended = false;
  stream_id.clear();
  tags = {};
}

void MuxPad::forget_run() {
  config.reset();
  track = -1;
  last_track.reset();
  key_asked.reset();
  stalled = false;
}

void MuxPad::reset_counters() {
  samples = bytes = before_key_frame = late = paused = refused = 0;
  gaps = 0;
  gap_duration = 0;
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
  if (pad.config == config) {
    tell_tags(pad);
    return true;
  }
  if (pad.track >= 0 && pad.config && !same_track(*pad.config, *config)) {
    recorder_->end_track(pad.track, timers_->now());
    tracks_.erase(pad.track);
    pad.track = -1;
  }
  pad.config = config;
  pad.codec = pad.input->codec();
  if (pad.track < 0) {
    pad.track = recorder_->add_track(pad.input->medium(), pad.last_track);
    pad.last_track = pad.track;
    tracks_[pad.track] = &pad;
    pad.tags_told = false;
  }
  recorder_->configure(pad.track, *config);
  tell_tags(pad);
  return true;
}

// Before any data can come: what the pad was requested for.
void Mux::declare(MuxPad& pad) {
  if (pad.declared && pad.input) take_config(pad);
}

// --- tags ---------------------------------------------------------------------------------------

// Another stream has tags of its own, which follow; until then they are not told.
void Mux::set_stream(MuxPad& pad, GstEvent* stream_start) {
  const gchar* id = nullptr;
  gst_event_parse_stream_start(stream_start, &id);
  const bool other = !pad.stream_id.empty() && pad.stream_id != id;
  pad.stream_id = id;
  std::lock_guard l(lock_);
  pad.started = true;
  pad.ended = false;
  if (!other) return;
  pad.tags = {};
  pad.tags_told = false;
}

void Mux::set_tags(MuxPad& pad, const GstTagList* list) {
  {
    std::lock_guard l(lock_);
    read_track_tags(list, pad.tags);
    pad.tags_told = false;
    const bool global = gst_tag_list_get_scope(list) == GST_TAG_SCOPE_GLOBAL;
    read_movie_tags(list, !global, global ? global_tags_ : stream_tags_);
    if (!recorder_) return;
    recorder_->set_tags(movie_tags());
    tell_tags(pad);
    recorder_->tick(timers_->now());  // what turns now needs a key frame
    collect();
  }
  drain();
}

// lock_ is held.
void Mux::tell_tags(MuxPad& pad) {
  if (pad.track < 0 || std::exchange(pad.tags_told, true)) return;
  recorder_->set_track_tags(pad.track, pad.tags);
}

// lock_ is held. The application knows best, then who speaks of all streams.
MovieTags Mux::movie_tags() const {
  const auto first = [&](std::string MovieTags::*text) {
    for (const MovieTags* tags : {&own_tags_, &global_tags_})
      if (!(tags->*text).empty()) return tags->*text;
    return stream_tags_.*text;
  };
  return {first(&MovieTags::title), first(&MovieTags::comment), "gst-plugins-record " REC_VERSION};
}

// --- data ---------------------------------------------------------------------------------------

// UTC is running time mapped once: whatever the wall clock does later, times stay contiguous.
void Mux::anchor_utc(const recording::Input& input) {
  if (recorder_->has_utc_origin()) return;
  const bool by_user = settings_.start_utc != 0;
  const auto utc = by_user ? static_cast<Nanos>(settings_.start_utc) : g_get_real_time() * 1000;
  recorder_->set_utc_origin(utc - input.pts.value_or(0), by_user);
}

// A picture whose parameter sets have not come: they come with a key frame.
GstFlowReturn Mux::before_config(MuxPad& pad, std::unique_lock<std::mutex>& l) {
  if (recorder_->paused()) {
    ++pad.paused;
    return GST_FLOW_OK;
  }
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
      case Taken::kPaused: ++pad.paused; break;
      case Taken::kFinished: ++pad.refused; break;
    }
    collect();
    if (out_.empty()) return GST_FLOW_OK;  // nearly always
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
    end_track(pad);
    finish_by_policy();
    collect();
  }
  drain();
}

void Mux::sink_event(MuxPad& pad, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START: set_stream(pad, event); break;
    case GST_EVENT_TAG: {
      GstTagList* list = nullptr;
      gst_event_parse_tag(event, &list);
      set_tags(pad, list);
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

}  // namespace rec::record
