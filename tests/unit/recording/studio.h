// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A recorder with a clock that the test turns, a store that answers as the test says, and inputs
// that can be told apart: sample 7 of track 1 carries "1#7".
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/recording/recorder.h"
#include "tests/support/fake_container.h"

namespace rec::test {

using recording::Input;
using recording::Nanos;
using recording::Recorder;
using Taken = recording::Recorder::Taken;

inline constexpr Nanos kMs = 1'000'000;

inline TrackConfig h264() { return {90000, H264Config{}}; }
inline TrackConfig opus() { return {48000, OpusConfig{}}; }

struct Object {
  struct Unit {
    Nanos at;  // monotonic
    std::size_t size;
    std::uint64_t reserve;
  };
  bool begun = false;
  bool ended = false;
  Nanos start_utc = 0;
  Nanos end_utc = 0;
  Nanos duration = 0;
  std::vector<Unit> units;
  Bytes bytes;
  ReadFile read() const { return FakeReader::read(bytes); }
};

class Studio {
  Nanos claim_timeout_;

 public:
  struct Settings {
    Nanos duration = 1000 * kMs;
    Nanos latency = 500 * kMs;
    std::size_t max_bytes = 64u << 20;
    Nanos header_timeout = 2000 * kMs;
    Nanos claim_timeout = 2000 * kMs;
    Nanos sync_wait = 2500 * kMs;
    Nanos track_timeout = 5000 * kMs;
    recording::Timing timing = recording::Timing::kAuto;
    bool fill_audio = true;
    bool keep_damaged = false;
    std::string path = "{stream}-{index}.mp4";
    bool grants = true;  // every claim, at once
    Nanos max_duration = 0;
    std::uint64_t max_bytes_of_file = 0;
    Nanos keyframe_interval = 0;
    int most_fragments = 0;  // of a file, which the container can hold; 0: any number
    std::uint64_t ending_bytes = 0;
    bool roll_on_rotation = true;
  };
  Studio() : Studio(Settings()) {}
  explicit Studio(const Settings& s)
      : claim_timeout_(s.claim_timeout),
        grants(s.grants),
        recorder(
            {.fragments = {.duration = s.duration, .latency = s.latency, .max_bytes = s.max_bytes},
             .header_timeout = s.header_timeout,
             .claim_timeout = s.claim_timeout,
             .sync_wait = s.sync_wait,
             .max_duration = s.max_duration,
             .max_bytes = s.max_bytes_of_file,
             .keyframe_interval = s.keyframe_interval,
             .track_timeout = s.track_timeout,
             .timing = s.timing,
             .fill_audio = s.fill_audio,
             .keep_damaged = s.keep_damaged,
             .roll_on_rotation = s.roll_on_rotation,
             .path = recording::PathTemplate::parse(s.path).value(),
             .stream_name = "s",
             .random = [n = 0u]() mutable { return ++n; }},
            container(s)) {}

  int add_video() { return add(Medium::kVideo, h264()); }
  int add_audio() { return add(Medium::kAudio, opus()); }
  int add(Medium medium, TrackConfig config) {
    const int track = recorder.add_track(medium);
    recorder.configure(track, std::move(config));
    return track;
  }

  // Turns the clock to `at`, and rings at every deadline on the way.
  void run_until(Nanos at) {
    for (int rings = 0; recorder.deadline() && *recorder.deadline() <= at; ++rings) {
      ASSERT_LT(rings, 100000) << "a deadline that comes again and again";
      now = std::max(now, *recorder.deadline());
      recorder.tick(now);
      collect();
      if (recorder.deadline()) {
        ASSERT_GT(*recorder.deadline(), now) << "a busy loop";
      }
    }
    now = std::max(now, at);
  }

  Taken push(int track, Input input) {
    if (input.bytes.empty()) input.bytes = payload(track);
    const Taken taken = recorder.push(track, std::move(input), now);
    collect();
    return taken;
  }
  // At its own time: the monotonic clock shows running time.
  Taken video(int track, Nanos pts, bool key = false) {
    run_until(pts);
    return push(track, {.pts = pts, .key = key});
  }
  Taken audio(int track, Nanos pts) {
    run_until(pts);
    return push(track, {.pts = pts, .duration = 960, .key = true});
  }
  // Video 25 a second, a key frame each `gop`; audio 50 a second; what is -1 is not there.
  void play(int video_track, int audio_track, Nanos from, Nanos until, int gop = 25) {
    for (Nanos t = from; t < until; t += 20 * kMs) {
      if (audio_track >= 0) audio(audio_track, t);
      const auto frame = t / (40 * kMs);
      if (video_track >= 0 && t % (40 * kMs) == 0) video(video_track, t, frame % gop == 0);
    }
  }
  void end(int track) {
    recorder.end_track(track, now);
    collect();
  }
  void turn(int track, Orientation orientation, const std::string& language = "und") {
    recorder.set_track_tags(track, {orientation, language});
    recorder.tick(now);
    collect();
  }
  void split() {
    recorder.split(now);
    collect();
  }
  void finish() {
    recorder.finish(now);
    collect();
  }
  void answer(const std::string& key, bool granted, const std::string& use_key) {
    if (pending_ && pending_->key == key && now < pending_->at + claim_timeout_)
      pending_->must_be_granted = true;
    if (granted && pending_ && pending_->key == key) pending_.reset();
    recorder.claim_answered(key, granted, use_key, now);
    collect();
  }
  void grant(const std::string& key) { answer(key, true, key); }
  void fail(const std::string& key) {
    failing_ = true;
    recorder.object_failed(key, now);
    collect();
    failing_ = false;
  }
  void fill(const std::string& key) {
    failing_ = true;
    recorder.object_full(key, now);
    collect();
    failing_ = false;
  }
  void congest(bool on) {
    recorder.set_congested(on, now);
    collect();
  }

  void collect() {
    for (auto& output : recorder.take_outputs()) std::visit([&](auto& o) { take(o); }, output);
  }

  ReadFile file(const std::string& key) const {
    const auto found = objects.find(key);
    if (found == objects.end()) {
      ADD_FAILURE() << key << " does not exist";
      return {};
    }
    return found->second.read();
  }
  // The samples of a track over all objects, without silence.
  std::vector<std::string> payloads(int track) const {
    std::vector<std::string> all;
    for (const auto& key : keys)
      for (const auto& s : objects.at(key).read().samples(track))
        if (!s.silent()) all.push_back(s.payload);
    return all;
  }
  std::vector<std::string> pushed(int track, int from, int until) const {
    std::vector<std::string> all;
    for (int i = from; i < until; ++i) all.push_back(name(track, i));
    return all;
  }
  bool claim_pending() const { return pending_.has_value(); }
  static std::string name(int track, int n) {
    return std::to_string(track) + "#" + std::to_string(n);
  }

  bool grants;
  Recorder recorder;
  Nanos now = 0;  // monotonic
  std::vector<std::string> claims;
  std::map<std::string, Object> objects;
  std::vector<std::string> keys;  // of the objects, as they began
  std::vector<recording::GapMade> gaps;
  struct KeyRequest {
    int track;
    std::string reason;
    Nanos at;
  };
  std::vector<KeyRequest> key_requests;
  struct Liveness {
    int track;
    std::string state;
    Nanos at;
  };
  std::vector<Liveness> liveness;
  std::vector<recording::RecordingStarted> started;
  std::optional<recording::RecordingStopped> stopped;
  std::map<int, int> count;  // samples pushed

 private:
  struct Pending {  // claim
    std::string key;
    Nanos at;              // monotonic
    bool must_be_granted;  // the store has failed: there is no other name
  };
  static std::unique_ptr<FakeContainer> container(const Settings& s) {
    auto container = std::make_unique<FakeContainer>();
    container->most_fragments = s.most_fragments;
    container->ending_bytes = s.ending_bytes;
    return container;
  }
  Bytes payload(int track) {
    const std::string text = name(track, count[track]++);
    return {text.begin(), text.end()};
  }
  void take(recording::ClaimName& claim) {
    claims.push_back(claim.key);
    pending_ = Pending{claim.key, now, failing_};
    if (grants) grant(claim.key);
  }
  void take(recording::ObjectUnit& unit) {
    if (pending_) {
      EXPECT_FALSE(pending_->must_be_granted) << unit.key << " before the store has answered";
      EXPECT_GE(now, pending_->at + claim_timeout_) << unit.key << " while its claim is open";
      EXPECT_NE(unit.key, pending_->key) << "a name that was not granted";
    }
    Object& o = objects[unit.key];
    EXPECT_EQ(unit.offset, o.bytes.size()) << unit.key;
    EXPECT_EQ(unit.begin, !o.begun) << unit.key;
    EXPECT_FALSE(o.ended) << unit.key;
    EXPECT_TRUE(unit.end || !unit.bytes.empty()) << unit.key;
    if (!o.begun) keys.push_back(unit.key);
    o.begun = true;
    o.ended = unit.end;
    o.start_utc = unit.start_utc;
    o.end_utc = unit.end_utc;
    o.duration = unit.duration;
    o.units.push_back({now, unit.bytes.size(), unit.reserve});
    o.bytes.insert(o.bytes.end(), unit.bytes.begin(), unit.bytes.end());
  }
  void take(recording::KeyFrameWanted& k) { key_requests.push_back({k.track, k.reason, now}); }
  void take(recording::RecordingStarted& s) { started.push_back(s); }
  void take(recording::TrackRecording&) {}
  void take(recording::TrackStalled& s) { liveness.push_back({s.track, "stalled", now}); }
  void take(recording::TrackRecovered& r) { liveness.push_back({r.track, "recovered", now}); }
  void take(recording::GapMade& gap) { gaps.push_back(gap); }
  void take(recording::RecordingStopped& s) {
    EXPECT_FALSE(stopped) << "stopped twice";
    stopped = s;
  }

  std::optional<Pending> pending_;
  bool failing_ = false;
};

// What every file has to be: sequence numbers from 1, declared tracks only, runs that join, samples
// in order, video that begins with a key frame.
inline void expect_sound(const ReadFile& file) {
  std::map<int, std::int64_t> ends;
  std::int64_t sequence = 0;
  for (const auto& fragment : file.fragments) {
    EXPECT_EQ(fragment.sequence, ++sequence);
    EXPECT_FALSE(fragment.runs.empty());
    for (const auto& run : fragment.runs) {
      EXPECT_EQ(std::count(file.tracks.begin(), file.tracks.end(), run.track), 1) << run.track;
      ASSERT_FALSE(run.samples.empty());
      EXPECT_GE(run.samples.front().dts, 0);
      if (ends.contains(run.track)) {
        EXPECT_EQ(run.samples.front().dts, ends[run.track]) << "track " << run.track;
      } else {
        EXPECT_TRUE(run.samples.front().key) << "track " << run.track;
      }
      for (const auto& s : run.samples) EXPECT_GT(s.duration, 0) << s.payload;
      ends[run.track] = run.end_dts;
    }
  }
}

}  // namespace rec::test
