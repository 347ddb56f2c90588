// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A recordmux between sources and a store that the test plays itself, in a time that it drives.
#pragma once

#include <gst/video/video.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "gst/common/object_stream.h"
#include "gst/record/gstrecordmux.h"
#include "lib/base/media.h"
#include "tests/check/record/bus_messages.h"
#include "tests/support/box_reader.h"
#include "tests/support/encoded_media.h"
#include "tests/support/fake_timers.h"

// Last: gstcheck.h defines fail() as a macro, which breaks any <ios> that comes after it.
#include <gst/check/gstcheck.h>
#undef fail

namespace rec::test {

// The sink pad behind recordmux. Answers claims from within the event, as a quick store would.
class FakeStore {
 public:
  enum class Claims { kGrant, kRename, kTaken, kIgnore };

  FakeStore() : pad_(adopt_floating(gst_pad_new("store", GST_PAD_SINK))) {
    gst_pad_set_element_private(pad_.get(), this);
    gst_pad_set_chain_function(
        pad_.get(), [](GstPad* pad, GstObject*, GstBuffer* b) { return self(pad).take(adopt(b)); });
    gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* e) -> gboolean {
      self(pad).event(adopt(e));
      return TRUE;
    });
    gst_pad_set_active(pad_.get(), TRUE);
  }
  ~FakeStore() { gst_pad_set_active(pad_.get(), FALSE); }
  FakeStore(const FakeStore&) = delete;
  FakeStore& operator=(const FakeStore&) = delete;

  struct Unit {
    ObjectInfo info;
    Bytes bytes;
  };

  bool send(Ref<GstEvent> event) { return gst_pad_push_event(pad_.get(), event.release()); }
  Bytes bytes_of(const std::string& key) {
    std::lock_guard l(lock_);
    Bytes file;
    for (const Unit& unit : units_) {
      if (unit.info.key != key) continue;
      const std::uint64_t at = unit.info.offset;
      fail_unless(at == file.size() || (rewrites && at + unit.bytes.size() <= file.size()),
                  "a hole in %s", key.c_str());
      if (at == file.size()) file.resize(at + unit.bytes.size());
      std::copy(unit.bytes.begin(), unit.bytes.end(),
                file.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return file;
  }
  // The object, which a strict reader must have nothing to say about.
  // The encoder's Opus has a pre-skip, which an edit cuts off.
  Mp4File read(const std::string& key) {
    const Bytes bytes = bytes_of(key);
    fail_unless(!bytes.empty(), "no object %s", key.c_str());
    Mp4File file = read_mp4(bytes, {.extra_boxes = {"edts"}});
    fail_unless(file.violations.empty(), "%s: %s", key.c_str(),
                file.violations.empty() ? "" : file.violations.front().c_str());
    return file;
  }
  std::vector<std::string> keys() {  // in the order of their beginning
    std::lock_guard l(lock_);
    std::vector<std::string> found;
    for (const Unit& unit : units_)
      if (unit.info.begin) found.push_back(unit.info.key);
    return found;
  }
  std::vector<std::string> ended() {
    std::lock_guard l(lock_);
    std::vector<std::string> found;
    for (const Unit& unit : units_)
      if (unit.info.end) found.push_back(unit.info.key);
    return found;
  }
  std::size_t unit_count() {
    std::lock_guard l(lock_);
    return units_.size();
  }
  Unit unit(std::size_t i) {
    std::lock_guard l(lock_);
    return units_.at(i);
  }
  std::vector<std::string> claimed() {
    std::lock_guard l(lock_);
    return claimed_;
  }
  std::vector<GstEventType> event_types() {
    std::lock_guard l(lock_);
    return types_;
  }
  std::optional<guint32> eos_seqnum() {
    std::lock_guard l(lock_);
    return eos_seqnum_;
  }
  std::size_t eos_count() {
    const auto types = event_types();
    return static_cast<std::size_t>(std::count(types.begin(), types.end(), GST_EVENT_EOS));
  }
  void forget_units() {
    std::lock_guard l(lock_);
    units_.clear();
  }
  GstPad* pad() { return pad_.get(); }

  // Says that it can rewrite bytes below `offset`.
  void allow_rewrites(std::uint64_t offset) {
    rewrites = true;
    send(make_capabilities({.rewrite = true, .rewrite_below = offset, .read_back = false}));
  }

  bool rewrites = false;
  Claims claims = Claims::kGrant;
  std::function<void(const ObjectInfo&)> on_unit;  // in the pushing thread
  std::function<void()> on_eos;
  GstFlowReturn answer = GST_FLOW_OK;

 private:
  static FakeStore& self(GstPad* pad) {
    return *static_cast<FakeStore*>(gst_pad_get_element_private(pad));
  }
  GstFlowReturn take(Ref<GstBuffer> buffer) {
    const auto info = object_info(buffer.get());
    fail_unless(info.has_value(), "a buffer without its meta");
    const ReadMap map(buffer.get());
    {
      std::lock_guard l(lock_);
      units_.push_back({*info, {map.bytes().begin(), map.bytes().end()}});
    }
    if (on_unit) on_unit(*info);
    return answer;
  }
  void event(Ref<GstEvent> event) {
    {
      std::lock_guard l(lock_);
      types_.push_back(GST_EVENT_TYPE(event.get()));
      if (GST_EVENT_TYPE(event.get()) == GST_EVENT_EOS)
        eos_seqnum_ = gst_event_get_seqnum(event.get());
    }
    if (GST_EVENT_TYPE(event.get()) == GST_EVENT_EOS && on_eos) on_eos();
    const auto key = parse_claim(event.get());
    if (!key) return;
    {
      std::lock_guard l(lock_);
      claimed_.push_back(*key);
    }
    switch (claims) {
      case Claims::kGrant: send(make_claim_result({*key, true, *key})); break;
      case Claims::kRename: send(make_claim_result({*key, true, "bak1-" + *key})); break;
      case Claims::kTaken: send(make_claim_result({*key, false, {}})); break;
      case Claims::kIgnore: break;
    }
  }

  const Ref<GstPad> pad_;
  std::mutex lock_;
  std::vector<Unit> units_;
  std::vector<std::string> claimed_;
  std::vector<GstEventType> types_;
  std::optional<guint32> eos_seqnum_;
};

// A src pad that feeds a request pad of `element`.
class Source {
 public:
  explicit Source(GstElement* element, const char* name = "sink_%u")
      : element_(element),
        pad_(adopt_floating(gst_pad_new("feed", GST_PAD_SRC))),
        sink_(adopt(gst_element_request_pad_simple(element, name))) {
    gst_pad_set_element_private(pad_.get(), this);
    gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* e) -> gboolean {
      static_cast<Source*>(gst_pad_get_element_private(pad))->upstream(adopt(e));
      return TRUE;
    });
    gst_pad_set_active(pad_.get(), TRUE);
    fail_unless_equals_int(gst_pad_link_full(pad_.get(), sink_.get(), GST_PAD_LINK_CHECK_NOTHING),
                           GST_PAD_LINK_OK);
  }
  ~Source() {
    gst_pad_set_active(pad_.get(), FALSE);
    release();
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void release() {
    if (!sink_) return;
    gst_pad_unlink(pad_.get(), sink_.get());
    gst_element_release_request_pad(element_, sink_.get());
    sink_.reset();
  }
  bool event(GstEvent* event) { return gst_pad_push_event(pad_.get(), event); }
  void open() { event(gst_event_new_stream_start("feed")); }
  void caps(GstCaps* caps) { event(gst_event_new_caps(caps)); }
  void caps(const char* text) {
    const auto parsed = adopt(gst_caps_from_string(text));
    caps(parsed.get());
  }
  void segment(GstClockTime start = 0) {
    GstSegment s;
    gst_segment_init(&s, GST_FORMAT_TIME);
    s.start = s.position = start;
    event(gst_event_new_segment(&s));
  }
  void start(const Encoded& media) {
    open();
    caps(media.caps.get());
    segment();
  }
  // A copy of `buffer`, shown at `pts`. No DTS, no duration: that is what webrtcbin gives.
  GstFlowReturn push(GstBuffer* buffer, GstClockTime pts) {
    GstBuffer* copy = gst_buffer_copy(buffer);
    GST_BUFFER_PTS(copy) = pts;
    GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(copy) = GST_CLOCK_TIME_NONE;
    return gst_pad_push(pad_.get(), copy);
  }
  GstFlowReturn push_bytes(const Bytes& bytes, GstClockTime pts) {
    const auto buffer = buffer_of(bytes);
    return push(buffer.get(), pts);
  }
  guint32 eos() {
    GstEvent* e = gst_event_new_eos();
    const guint32 seqnum = gst_event_get_seqnum(e);
    event(e);
    return seqnum;
  }
  GstPad* pad() { return pad_.get(); }
  GstPad* sink() { return sink_.get(); }
  std::string name() { return GST_PAD_NAME(sink_.get()); }
  int key_frame_requests() {
    std::lock_guard l(lock_);
    return key_frame_requests_;
  }

 private:
  void upstream(Ref<GstEvent> event) {
    std::lock_guard l(lock_);
    if (gst_video_event_is_force_key_unit(event.get())) ++key_frame_requests_;
  }

  GstElement* const element_;
  const Ref<GstPad> pad_;
  Ref<GstPad> sink_;
  std::mutex lock_;
  int key_frame_requests_ = 0;
};

inline GstClockTime video_pts(std::size_t n) { return n * GST_SECOND / 30; }
inline GstClockTime audio_pts(std::size_t n) { return n * 20 * GST_MSECOND; }

class MuxFixture {
 public:
  explicit MuxFixture(const std::string& properties = "path={stream}.mp4") {
    GST_ELEMENT_REGISTER(recordmux, nullptr);
    GError* error = nullptr;
    element_ = adopt_floating(gst_parse_launch(("recordmux " + properties).c_str(), &error));
    fail_unless(element_ && !error, "%s", error ? error->message : "no element");
    messages.emplace(element_.get());
    const auto src = adopt(gst_element_get_static_pad(element_.get(), "src"));
    fail_unless_equals_int(gst_pad_link(src.get(), store.pad()), GST_PAD_LINK_OK);
  }
  ~MuxFixture() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_element_set_bus(element_.get(), nullptr);
    Timers::replace_for_tests(nullptr);
  }
  MuxFixture(const MuxFixture&) = delete;
  MuxFixture& operator=(const MuxFixture&) = delete;

  void state(GstState state) {
    fail_unless_equals_int(gst_element_set_state(element_.get(), state), GST_STATE_CHANGE_SUCCESS);
  }
  void play() { state(GST_STATE_PLAYING); }
  void stop() { state(GST_STATE_NULL); }
  GstElement* element() { return element_.get(); }

  // Pushes pictures from number `from` on, one each 1/30 s of the driven time.
  void push_video(Source& source, const Encoded& media, std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
      fail_unless_equals_int(source.push(media[i], video_pts(i)), GST_FLOW_OK);
      timers->advance(kSecond / 30);
    }
  }
  void push_audio(Source& source, const Encoded& media, std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
      fail_unless_equals_int(source.push(media[i], audio_pts(i)), GST_FLOW_OK);
      timers->advance(20 * kMillisecond);
    }
  }
  // Both tracks from `from` to `until` (milliseconds), in the order of their times.
  void push_both(Source& video, const Encoded& pictures, Source& audio, const Encoded& packets,
                 std::size_t from, std::size_t until) {
    for (std::size_t ms = from; ms < until; ms += 20) {
      const std::size_t picture = (ms * 30 + 999) / 1000;
      if (video_pts(picture) < (ms + 20) * GST_MSECOND)
        fail_unless_equals_int(video.push(pictures[picture], video_pts(picture)), GST_FLOW_OK);
      fail_unless_equals_int(audio.push(packets[ms / 20], ms * GST_MSECOND), GST_FLOW_OK);
      timers->advance(20 * kMillisecond);
    }
  }
  StructurePtr stats() {
    GstStructure* s = nullptr;
    g_object_get(element_.get(), "stats", &s, nullptr);
    return StructurePtr(s);
  }
  guint64 track_stat(const std::string& track, const char* field) {
    const auto all = stats();
    const GValue* tracks = gst_structure_get_value(all.get(), "tracks");
    for (guint i = 0; i < gst_value_array_get_size(tracks); ++i) {
      const GstStructure* s = gst_value_get_structure(gst_value_array_get_value(tracks, i));
      if (track != gst_structure_get_string(s, "track")) continue;
      guint64 value = 0;
      fail_unless(gst_structure_get_uint64(s, field, &value), "no stat %s", field);
      return value;
    }
    fail_unless(false, "no track %s", track.c_str());
    return 0;
  }

  const std::shared_ptr<FakeTimers> timers = FakeTimers::install();
  FakeStore store;
  std::optional<Messages> messages;

 private:
  Ref<GstElement> element_;
};

// One that plays, and what is sent to it.
struct OneTrack : MuxFixture {
  explicit OneTrack(const Encoded& media, const std::string& properties = "path={stream}.mp4")
      : MuxFixture(properties) {
    play();
    source.start(media);
  }
  Source source{element()};
};

// H.264 and Opus.
struct TwoTracks : MuxFixture {
  explicit TwoTracks(const std::string& properties = "path={stream}.mp4") : MuxFixture(properties) {
    play();
    video.start(h264());
    audio.start(opus());
  }
  void push(std::size_t from, std::size_t until) {  // ms
    push_both(video, h264(), audio, opus(), from, until);
  }
  void end() {
    video.eos();
    audio.eos();
  }
  Source video{element()};
  Source audio{element()};
};

}  // namespace rec::test
