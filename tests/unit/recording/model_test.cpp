// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Thousands of random steps against an oracle that knows only what went in and what came out: every
// sample that was accepted is in one object once, at its time, or counted as lost.
#include <array>
#include <random>
#include <set>

#include "tests/unit/recording/studio.h"

namespace rec::test {
namespace {

constexpr std::size_t kLargest = 20'000;  // bytes of a sample

struct Family {
  std::size_t max_bytes;
  bool lossless;  // the store never fails, and the budget is never used up
};

class Model {
 public:
  Model(unsigned seed, const Family& family)
      : family_(family),
        random_(seed),
        settings_({.duration = pick(100, 1500) * kMs,
                   .latency = pick(0, 800) * kMs,
                   .max_bytes = family.max_bytes,
                   .header_timeout = pick(0, 3000) * kMs,
                   .grants = false}),
        studio_(settings_) {}

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    if (chance(50)) congest(false);
    studio_.finish();
    for (int i = 0; i < 10 && !studio_.stopped; ++i) {
      if (chance(50)) answer();
      pass(pick(100, 1500) * kMs);
    }
    check_end();
  }

 private:
  struct Source {
    Medium medium;
    int track;
    Nanos media = 0;    // running time of the next sample
    Nanos lag = 0;      // how late it arrives
    Nanos stalled = 0;  // until then (monotonic)
    bool rtp = false;
    bool ended = false;
    int gop = 0;
    int n = 0;
  };
  struct Sent {
    int track;
    Nanos pts;
    Nanos arrival;
  };

  std::int64_t pick(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  bool rarely() { return pick(1, 200) == 1; }

  void add_source() {
    Source s{.medium = chance(50) ? Medium::kVideo : Medium::kAudio};
    s.track = s.medium == Medium::kVideo ? studio_.add_video() : studio_.add_audio();
    s.media = studio_.now / (20 * kMs) * 20 * kMs;
    s.lag = chance(70) ? 0 : pick(0, 1500) * kMs;
    s.rtp = chance(50);
    sources_.push_back(s);
  }

  void send(Source& s) {
    const bool video = s.medium == Medium::kVideo;
    const bool key = !video || s.gop-- <= 0;
    if (video && key) s.gop = static_cast<int>(chance(80) ? pick(1, 60) : pick(100, 100'000));
    const std::string name = Studio::name(s.track, s.n++);
    Input input{.pts = s.media, .duration = video ? 0 : 960, .key = key};
    input.bytes.assign(name.begin(), name.end());
    input.bytes.resize(static_cast<std::size_t>(pick(20, chance(10) ? kLargest : 1000)), ' ');
    const std::int64_t rate = video ? 90000 : 48000;
    if (s.rtp) {
      input.rtp = Input::Rtp{.ssrc = 1,
                             .timestamp = static_cast<std::uint32_t>(
                                 0xfff00000 + recording::to_ticks(s.media, 1000) * (rate / 1000)),
                             .clock_rate = static_cast<std::uint32_t>(rate)};
      if (s.n > 1) *input.pts += pick(-20, 20) * kMs;
    }
    const Taken taken = studio_.push(s.track, std::move(input));
    if (taken == Taken::kYes) {
      sent_[name] = {s.track, s.media, studio_.now};
      last_[s.track] = name;
      if (sent_.size() == 1) first_accepted_ = studio_.now;
    } else if (video) {
      EXPECT_NE(taken, Taken::kLate) << name;
      EXPECT_FALSE(key && taken == Taken::kBeforeKeyFrame) << name;
    }
    s.media += video ? (chance(95) ? 40 : pick(1, 4000)) * kMs : 20 * kMs;
    if (!video && rarely()) s.media += pick(1, 200) * 20 * kMs;
  }

  void step() {
    if (sources_.empty() || (sources_.size() < 5 && rarely())) add_source();
    for (Source& s : sources_) {
      if (rarely()) s.stalled = studio_.now + pick(0, 6000) * kMs;
      if (rarely() && chance(20)) {
        studio_.end(s.track);
        s.ended = chance(50);
      }
      if (s.ended || studio_.now < s.stalled) continue;
      // What was stalled is either lost or comes at once.
      const Nanos behind = studio_.now - s.media;
      if (behind > 30'000 * kMs || (behind > 2000 * kMs && chance(70)))
        s.media = studio_.now / (20 * kMs) * 20 * kMs;
      for (int n = 0; n < 200 && s.media + s.lag <= studio_.now; ++n) send(s);
    }
    if (rarely()) congest(!congested_);
    if (chance(20)) answer();
    if (!family_.lossless && rarely() && !studio_.keys.empty()) studio_.fail(studio_.keys.back());
    pass(rarely() ? pick(0, 8000) * kMs : pick(0, 60) * kMs);
    check_bounds();
  }

  void congest(bool on) {
    congested_ = on;
    studio_.congest(on);
  }

  // The store answers the last claim: with the name, with another, or that it cannot.
  void answer() {
    if (studio_.claims.size() == answered_) return;
    const std::string key = studio_.claims.back();
    answered_ = studio_.claims.size();
    if (!family_.lossless && chance(10)) {
      studio_.answer(key, false, "");
      answered_ = 0;  // later it can
    } else {
      studio_.answer(key, true, chance(50) ? key : key + "-bak" + std::to_string(answered_));
    }
  }

  void pass(Nanos time) {
    studio_.run_until(studio_.now + time);
    studio_.recorder.tick(studio_.now);
    studio_.collect();
    if (const auto at = studio_.recorder.deadline()) {
      EXPECT_GT(*at, studio_.now) << "a busy loop";
    }
  }

  void check_bounds() {
    // And one sample a track: the picture that the open file shows.
    EXPECT_LE(studio_.recorder.queued_bytes(),
              family_.max_bytes + sources_.size() * (kLargest + sizeof(recording::Sample)));
    if (!family_.lossless || congested_ || studio_.claim_pending() || pick(1, 20) > 1) return;
    if (studio_.keys.empty() && studio_.now < first_accepted_ + settings_.header_timeout) return;
    check_age();
  }

  // Nothing but each track's last sample is held for longer than duration + latency.
  void check_age() {
    std::set<std::string> written;
    std::vector<int> declared;
    for (const auto& key : studio_.keys) {
      const Object& object = studio_.objects.at(key);
      const ReadFile file = object.read();
      declared = object.ended ? std::vector<int>() : file.tracks;
      for (const Source& s : sources_)
        for (const auto& x : file.samples(s.track)) written.insert(name_of(x));
    }
    for (const auto& [name, sent] : sent_) {
      if (written.contains(name) || name == last_[sent.track]) continue;
      const bool waits_for_key = !declared.empty() && std::find(declared.begin(), declared.end(),
                                                                sent.track) == declared.end();
      if (waits_for_key) continue;
      EXPECT_GT(sent.arrival + settings_.duration + settings_.latency, studio_.now)
          << name << " is held for too long";
    }
  }

  static std::string name_of(const ReadSample& sample) {
    return sample.payload.substr(0, sample.payload.find(' '));
  }

  void check_end() {
    ASSERT_TRUE(studio_.stopped);
    EXPECT_EQ(studio_.recorder.queued_bytes(), 0u);
    EXPECT_EQ(studio_.recorder.deadline(), std::nullopt);
    std::set<std::string> seen;
    for (const auto& key : studio_.keys) {
      const Object& object = studio_.objects.at(key);
      const ReadFile file = object.read();
      expect_sound(file);
      for (const Source& s : sources_) check_track(file, object.start_utc, s, seen);
    }
    EXPECT_EQ(sent_.size() - seen.size(), studio_.stopped->lost_samples);
    if (family_.lossless) {
      EXPECT_EQ(studio_.stopped->lost_samples, 0u);
    }
    EXPECT_EQ(studio_.stopped->objects, studio_.keys.size());
    std::map<int, Nanos> asked;
    for (const auto& request : studio_.key_requests) {
      if (asked.contains(request.track)) {
        EXPECT_GE(request.at - asked[request.track], 500 * kMs);
      }
      asked[request.track] = request.at;
    }
  }

  void check_track(const ReadFile& file, Nanos origin, const Source& s,
                   std::set<std::string>& seen) {
    const bool video = s.medium == Medium::kVideo;
    int last = -1;
    for (const auto& x : file.samples(s.track)) {
      if (x.silent()) continue;
      const std::string name = name_of(x);
      const auto sent = sent_.find(name);
      ASSERT_NE(sent, sent_.end()) << name << " was never accepted";
      EXPECT_EQ(sent->second.track, s.track);
      EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
      const int n = std::stoi(name.substr(name.find('#') + 1));
      EXPECT_GT(n, last);
      last = n;
      const Nanos at = origin + recording::to_nanos(x.dts, video ? 90000 : 48000);
      const Nanos off = std::abs(at - sent->second.pts);
      // The first of a track may jitter with its PTS; packets keep together if PTS are all there
      // is, and video keeps to the audio.
      EXPECT_LE(off, (s.rtp ? 41 : 45) * kMs) << name;
    }
  }

  const Family family_;
  std::mt19937 random_;
  const Studio::Settings settings_;
  Studio studio_;
  std::vector<Source> sources_;
  std::map<std::string, Sent> sent_;
  std::map<int, std::string> last_;
  Nanos first_accepted_ = 0;
  std::size_t answered_ = 0;
  bool congested_ = false;
};

void run_all(const Family& family, unsigned from, unsigned until) {
  for (unsigned seed = from; seed < until && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model(seed, family).run(2000);
  }
}

TEST(Model, KeepsEverySampleInTimeWithAGoodStore) {
  run_all({.max_bytes = 1u << 30, .lossless = true}, 0, 20);
}

TEST(Model, KeepsOrCountsEverySampleWithABadStore) {
  run_all({.max_bytes = 1u << 30, .lossless = false}, 1000, 1020);
}

TEST(Model, KeepsOrCountsEverySampleWithinASmallBudget) {
  run_all({.max_bytes = 200'000, .lossless = false}, 2000, 2020);
}

}  // namespace
}  // namespace rec::test
