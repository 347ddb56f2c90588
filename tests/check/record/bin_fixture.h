// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A recordbin that writes into a directory, fed by the test with RTP, in a time that it drives.
#pragma once

#include <gst/rtp/rtp.h>

#include <memory>
#include <string>

#include "gst/dirsink/gstdirsink.h"
#include "gst/record/gstrecordbin.h"
#include "tests/check/record/mux_fixture.h"
#include "tests/check/record/pipeline_fixture.h"

namespace rec::test {

inline void register_elements() {
  GST_ELEMENT_REGISTER(recordmux, nullptr);
  GST_ELEMENT_REGISTER(recordbin, nullptr);
  GST_ELEMENT_REGISTER(dirsink, nullptr);
}

// RTP packets of one sender, in the order and with the distances of its own clock.
class RtpFeed {
 public:
  RtpFeed(Source& source, const Encoded& media) : source_(&source), media_(&media) {}

  void start(const char* change = nullptr) {
    source_->open();
    auto caps = adopt(gst_caps_copy(media_->caps.get()));
    if (change) gst_caps_set_simple(caps.get(), "encoding-name", G_TYPE_STRING, change, nullptr);
    source_->caps(caps.get());
    source_->segment();
  }
  void move_to(Source& source) { source_ = &source; }
  GstClockTime next_time() const {  // from the sender's first packet on
    return (*media_)[next_] ? GST_BUFFER_PTS((*media_)[next_]) - GST_BUFFER_PTS((*media_)[0]) : 0;
  }
  bool at_end() const { return next_ >= media_->size(); }
  // The next packet, its PTS off by `jitter` ns.
  GstFlowReturn push(GstClockTimeDiff jitter = 0) {
    const auto pts = static_cast<GstClockTimeDiff>(next_time() + start_) + jitter;
    GstBuffer* packet = (*media_)[next_++];
    return source_->push(packet, pts < 0 ? 0 : static_cast<GstClockTime>(pts));
  }
  void skip() { ++next_; }

 private:
  Source* source_;
  const Encoded* const media_;
  std::size_t next_ = 0;
  const GstClockTime start_ = 0;
};

class BinFixture {
 public:
  explicit BinFixture(const std::string& properties = "path={stream}.mp4",
                      const std::string& storage = {}) {
    register_elements();
    GError* error = nullptr;
    // The store answers in real time, which the driven time must not overtake.
    element_ = adopt_floating(
        gst_parse_launch(("recordbin claim-timeout=60000000000 " + properties + " storage=\"" +
                          (storage.empty() ? dir.path() : storage) + "\"")
                             .c_str(),
                         &error));
    fail_unless(element_ && !error, "%s", error ? error->message : "no element");
    messages.emplace(element_.get());
  }
  ~BinFixture() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_element_set_bus(element_.get(), nullptr);
    Timers::replace_for_tests(nullptr);
  }
  BinFixture(const BinFixture&) = delete;
  BinFixture& operator=(const BinFixture&) = delete;

  GstElement* element() { return element_.get(); }
  void play() {
    fail_unless_equals_int(gst_element_set_state(element_.get(), GST_STATE_PLAYING),
                           GST_STATE_CHANGE_SUCCESS);
  }
  void stop() {
    fail_unless_equals_int(gst_element_set_state(element_.get(), GST_STATE_NULL),
                           GST_STATE_CHANGE_SUCCESS);
  }
  // Both senders' packets up to `until`, in the order of their times, as time goes by.
  void push_until(GstClockTime until, RtpFeed* a, RtpFeed* b = nullptr) {
    for (;;) {
      RtpFeed* next = nullptr;
      for (RtpFeed* feed : {a, b})
        if (feed && !feed->at_end() && feed->next_time() < until &&
            (!next || feed->next_time() < next->next_time()))
          next = feed;
      if (!next) break;
      advance_to(next->next_time());
      fail_unless_equals_int(next->push(), GST_FLOW_OK);
    }
    advance_to(until);
  }
  void advance_to(GstClockTime time) {  // since the fixture was made
    const Nanos at = begun_ + static_cast<Nanos>(time);
    if (at > timers->now()) timers->advance(at - timers->now());
  }
  bool has_ended() { return !messages->of_type(GST_MESSAGE_EOS).empty(); }
  // The store answers from its own threads; what that rings is run here.
  void wait_eos() {
    const gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    while (!has_ended()) {
      fail_unless(g_get_monotonic_time() < deadline, "no EOS");
      timers->advance(0);
      g_thread_yield();
    }
  }
  void expect_no_error() {
    for (GstMessage* m : messages->of_type(GST_MESSAGE_ERROR)) {
      g_autoptr(GError) error = nullptr;
      gst_message_parse_error(m, &error, nullptr);
      fail_unless(false, "%s: %s", GST_OBJECT_NAME(GST_MESSAGE_SRC(m)), error->message);
    }
  }
  std::size_t samples(const char* handler) {  // in all files
    std::size_t count = 0;
    for (const auto& path : dir.files())
      for (const auto& track : read_file(path).tracks)
        if (track.handler == handler) count += track.samples.size();
    return count;
  }
  std::size_t requests(const char* reason) {
    std::size_t count = 0;
    for (GstMessage* m : messages->named("record-keyframe-requested"))
      if (text_field(m, "reason") == reason) ++count;
    return count;
  }

  const TemporaryDirectory dir;
  const std::shared_ptr<FakeTimers> timers = FakeTimers::install();
  std::optional<Messages> messages;

 private:
  const Nanos begun_ = timers->now();
  Ref<GstElement> element_;
};

}  // namespace rec::test
