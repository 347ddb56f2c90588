// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One of the recordings of the stress test: an element, the senders that feed it, and sometimes a
// store that misbehaves.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/check/record/bin_fixture.h"

namespace rec::test {

// A sender that can be told, from any thread, to do something else.
class Sender {
 public:
  enum Order : int { kGoOn, kEnd, kStopFlush, kStart };  // kStart + n: start with the medium n

  Sender(GstElement* element, const std::vector<const Encoded*>& media, std::size_t medium)
      : source(element), media_(media), order_(kStart + static_cast<int>(medium)) {}

  // The last order counts, but a flush that has begun is always ended.
  void order(int order) {
    int now = order_;
    while (now != kStopFlush && !order_.compare_exchange_weak(now, order)) continue;
  }
  std::size_t media_count() const { return media_.size(); }

  // The feeding thread: one packet.
  void step(GstClockTime pts) {
    const int order = order_.exchange(kGoOn);
    if (order == kEnd) {
      source.eos();
      ended_ = true;
    } else if (order == kStopFlush) {
      source.event(gst_event_new_flush_stop(TRUE));
      start(0);
    } else if (order >= kStart) {
      start(static_cast<std::size_t>(order - kStart));
    }
    if (ended_ || !medium_) return;
    if (next_ >= medium_->size()) next_ = 0;
    const GstFlowReturn flow = source.push((*medium_)[next_++], pts);
    // What GStreamer itself says of pads that are stopped, released or at their end; never what
    // would stop a webrtcbin.
    fail_unless(flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING || flow == GST_FLOW_NOT_LINKED ||
                    flow == GST_FLOW_EOS,
                "upstream was told %s", gst_flow_get_name(flow));
  }

  Source source;

 private:
  void start(std::size_t index) {
    source.open();
    ended_ = false;
    if (index < media_.size()) {
      medium_ = media_[index];
      next_ = 0;
      source.caps(medium_->caps.get());
    } else {
      source.caps("video/x-vp8");
    }
    source.segment();
  }

  const std::vector<const Encoded*>& media_;
  std::atomic<int> order_;
  // Feeding thread.
  const Encoded* medium_ = nullptr;
  std::size_t next_ = 0;
  bool ended_ = false;
};

class Recording {
 public:
  Recording(Ref<GstElement> element, const std::vector<const Encoded*>& media, unsigned seed)
      : element_(std::move(element)), media_(media), random_(seed) {}

  GstElement* element() { return element_.get(); }

  // A store outside of the pipeline, which fails and is congested as it likes.
  void add_bad_store() {
    store_ = std::make_unique<FakeStore>();
    const auto src = adopt(gst_element_get_static_pad(element_.get(), "src"));
    gst_pad_link_full(src.get(), store_->pad(), GST_PAD_LINK_CHECK_NOTHING);
    store_->on_unit = [this](const ObjectInfo& info) { misbehave(info); };
  }

  std::vector<std::shared_ptr<Sender>> senders() {
    std::lock_guard l(lock_);
    return senders_;
  }
  void add_sender(std::size_t medium) {
    auto sender = std::make_shared<Sender>(element_.get(), media_, medium);
    std::lock_guard l(lock_);
    senders_.push_back(std::move(sender));
  }
  // The pad is released at once, whoever is pushing.
  void remove_sender(std::size_t index) {
    std::shared_ptr<Sender> gone;
    {
      std::lock_guard l(lock_);
      if (senders_.empty()) return;
      const auto place = senders_.begin() + static_cast<std::ptrdiff_t>(index % senders_.size());
      gone = *place;
      senders_.erase(place);
    }
    gone->source.release();
  }
  // Feeding thread: 20 ms of everything.
  void step() {
    time_ += 20 * GST_MSECOND;
    for (const auto& sender : senders()) sender->step(time_);
  }
  void clear() {
    for (const auto& sender : senders()) sender->source.release();
    std::lock_guard l(lock_);
    senders_.clear();
  }
  void disconnect() {
    if (!store_) return;
    const auto src = adopt(gst_element_get_static_pad(element_.get(), "src"));
    gst_pad_unlink(src.get(), store_->pad());
    store_.reset();
  }

 private:
  // In whichever thread pushes: only one at a time does.
  void misbehave(const ObjectInfo& info) {
    store_->forget_units();
    const auto dice = random_() % 40;
    if (dice == 0) store_->send(make_object_failed({info.key, "stress"}));
    if (dice == 1) store_->send(make_congestion({true, 1}));
    if (dice == 2) store_->send(make_congestion({false, 0}));
    if (dice == 3) store_->send(make_finish());
    if (dice == 4) store_->claims = static_cast<FakeStore::Claims>(random_() % 4);
    store_->answer = dice == 5 ? GST_FLOW_ERROR : GST_FLOW_OK;
  }

  const Ref<GstElement> element_;
  const std::vector<const Encoded*>& media_;
  std::unique_ptr<FakeStore> store_;
  std::mt19937 random_;
  std::mutex lock_;
  std::vector<std::shared_ptr<Sender>> senders_;
  GstClockTime time_ = 0;  // feeding thread
};

}  // namespace rec::test
