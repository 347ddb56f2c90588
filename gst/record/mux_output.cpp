// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The out-queue of recordmux: what the recorder wants done becomes buffers, events and messages
// under the lock (collect), and is carried out without it by the holder of the token (drain).
#include <gst/video/video.h>

#include "gst/common/object_stream.h"
#include "gst/record/messages.h"
#include "gst/record/mp4_container.h"
#include "gst/record/mux.h"

GST_DEBUG_CATEGORY_EXTERN(record_mux_debug);
#define GST_CAT_DEFAULT record_mux_debug

namespace rec::record {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// A sender is asked for a key frame at most this often.
constexpr Nanos kKeyFrameInterval = 500'000'000;

GstClockTime clock_time(recording::Nanos value) {
  return value < 0 ? 0 : static_cast<GstClockTime>(value);
}

}  // namespace

std::string Mux::track_name(int track) const {
  const auto found = tracks_.find(track);
  return found == tracks_.end() ? std::string() : found->second->name;
}

// lock_ is held. Afterwards the alarm is set for what the recorder waits for.
void Mux::collect() {
  for (auto& output : recorder_->take_outputs()) queue(std::move(output));
  // A downstream that does not take what it is given counts as a store that cannot keep up.
  const bool congested = store_congested_ || out_.bytes() > settings_.max_queued_bytes / 2;
  if (congested != congested_) {
    congested_ = congested;
    recorder_->set_congested(congested, timers_->now());
    for (auto& output : recorder_->take_outputs()) queue(std::move(output));
  }
  if (const auto deadline = recorder_->deadline(); deadline && alarm_) alarm_->ring_by(*deadline);
}

void Mux::queue(recording::Output output) {
  std::visit(Overloaded{[&](recording::ClaimName& claim) { out_.push(make_claim(claim.key)); },
                        [&](recording::ObjectUnit& unit) { queue(std::move(unit)); },
                        [&](recording::KeyFrameWanted& wanted) {
                          if (const auto found = tracks_.find(wanted.track); found != tracks_.end())
                            want_key_frame(*found->second, wanted.reason);
                        },
                        [&](recording::RecordingStarted& started) {
                          out_.push(started_message(element_, settings_.stream_name, started));
                        },
                        [&](recording::TrackRecording& track) {
                          const auto found = tracks_.find(track.track);
                          if (found != tracks_.end())
                            out_.push(track_message(element_, found->second->name, "recording",
                                                    found->second->codec, {}));
                        },
                        [&](recording::TrackStalled& track) { set_stalled(track.track, true); },
                        [&](recording::TrackRecovered& track) { set_stalled(track.track, false); },
                        [&](recording::GapMade& gap) {
                          count_gap(gap);
                          out_.push(gap_message(element_, track_name(gap.track), gap));
                        },
                        [&](recording::RecordingStopped& stopped) {
                          out_.push(stopped_message(element_, settings_.stream_name, stopped));
                          auto eos = adopt(gst_event_new_eos());
                          if (eos_seqnum_ != GST_SEQNUM_INVALID)
                            gst_event_set_seqnum(eos.get(), eos_seqnum_);
                          out_.push(std::move(eos));
                        }},
             output);
}

// lock_ is held.
void Mux::set_stalled(int track, bool stalled) {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  MuxPad& pad = *found->second;
  pad.stalled = stalled;
  out_.push(track_message(element_, pad.name, stalled ? "stalled" : "recovered", pad.codec, {}));
}

// lock_ is held.
void Mux::want_key_frame(MuxPad& pad, const char* reason) {
  const Nanos now = timers_->now();
  if (pad.key_asked && now < *pad.key_asked + kKeyFrameInterval) return;
  pad.key_asked = now;
  out_.push(KeyFrameRequest{share(pad.pad), pad.name, reason});
}

void Mux::queue(recording::ObjectUnit unit) {
  ObjectInfo info{.key = std::move(unit.key),
                  .content_type = Mp4Container::kContentType,
                  .offset = unit.offset,
                  .begin = unit.begin,
                  .end = unit.end,
                  .start_utc = clock_time(unit.start_utc),
                  .end_utc = clock_time(unit.end_utc),
                  .duration = clock_time(unit.duration),
                  .reserve = unit.reserve};
  const std::size_t size = unit.bytes.size();
  bytes_ += size;
  if (unit.begin) ++objects_;
  auto buffer = buffer_of(std::move(unit.bytes));
  GST_BUFFER_OFFSET(buffer.get()) = info.offset;
  set_object_info(buffer.get(), info);
  out_.push(std::move(buffer), size);
}

void Mux::drain() {
  out_.drain([this](Item& item) { perform(item); },
             [this] {
               if (congested_ && recorder_) collect();
             });
}

void Mux::perform(Item& item) {
  auto pad = adopt(gst_element_get_static_pad(element_, "src"));
  std::visit(
      Overloaded{
          [&](Ref<GstBuffer>& buffer) {
            push_first_events();
            const GstFlowReturn flow = gst_pad_push(pad.get(), buffer.release());
            if (flow != GST_FLOW_OK)
              GST_DEBUG_OBJECT(element_, "downstream returned %s", gst_flow_get_name(flow));
          },
          [&](Ref<GstEvent>& event) {
            push_first_events();
            gst_pad_push_event(pad.get(), event.release());
          },
          [&](Ref<GstMessage>& message) { gst_element_post_message(element_, message.release()); },
          [&](KeyFrameRequest& request) { request_key_frame(request); }},
      item);
}

void Mux::push_first_events() {
  if (std::exchange(first_events_pushed_, true)) return;
  auto pad = adopt(gst_element_get_static_pad(element_, "src"));
  g_autofree gchar* id = g_strdup_printf("%s/%08x", GST_OBJECT_NAME(element_), g_random_int());
  gst_pad_push_event(pad.get(), gst_event_new_stream_start(id));
  g_autoptr(GstCaps) caps = gst_caps_new_empty_simple(kObjectCaps);
  gst_pad_push_event(pad.get(), gst_event_new_caps(caps));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  gst_pad_push_event(pad.get(), gst_event_new_segment(&segment));
}

void Mux::request_key_frame(const KeyFrameRequest& request) {
  GST_DEBUG_OBJECT(request.pad.get(), "asking for a key frame: %s", request.reason);
  gst_pad_push_event(request.pad.get(), gst_video_event_new_upstream_force_key_unit(
                                            GST_CLOCK_TIME_NONE, TRUE, ++key_frame_requests_));
  gst_element_post_message(element_,
                           key_frame_message(element_, request.track, request.reason).release());
}

void Mux::post_track(const MuxPad& pad, const char* state, const std::string& reason) {
  const char* codec = pad.input ? pad.input->codec() : nullptr;
  gst_element_post_message(element_,
                           track_message(element_, pad.name, state, codec, reason).release());
}

}  // namespace rec::record
