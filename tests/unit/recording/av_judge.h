// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads in a file when the units of a Sender are played, and compares it with when they were
// captured.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "tests/unit/recording/sender.h"

namespace rec::test {

struct Played {
  Nanos captured;  // true time
  int n;           // of the sender
  Nanos at;        // since the start of the file; of its presentation
  std::int64_t dts;
  std::int64_t duration;
  bool key;
};

// The units of a track of a file, without silence.
inline std::vector<Played> played(const ReadFile& file, int track, std::uint32_t timescale) {
  std::vector<Played> all;
  for (const auto& s : file.samples(track)) {
    if (s.silent()) continue;
    all.push_back({std::stoll(s.payload), std::stoi(s.payload.substr(s.payload.find('#') + 1)),
                   recording::to_nanos(s.dts + s.cts_offset, timescale), s.dts, s.duration, s.key});
  }
  return all;
}
inline std::vector<Played> played_audio(const ReadFile& file, int track) {
  return played(file, track, 48000);
}
inline std::vector<Played> played_video(const ReadFile& file, int track) {
  return played(file, track, 90000);
}

// When, in the file, the true instant is played that is nearest to what `reference` has.
class Timeline {
 public:
  explicit Timeline(const std::vector<Played>& reference) : reference_(reference) {}
  Nanos at(Nanos captured) {  // call it with rising times
    while (next_ + 1 < reference_.size() &&
           distance(next_ + 1, captured) <= distance(next_, captured))
      ++next_;
    return reference_[next_].at + captured - reference_[next_].captured;
  }

 private:
  Nanos distance(std::size_t i, Nanos captured) const {
    return std::abs(reference_[i].captured - captured);
  }
  const std::vector<Played>& reference_;
  std::size_t next_ = 0;
};

struct Error {
  Nanos captured;
  Nanos value;  // > 0: played too late
};

// Of each unit of `judged`, against the units of `reference` that were captured with it.
inline std::vector<Error> sync_errors(const std::vector<Played>& judged,
                                      const std::vector<Played>& reference) {
  std::vector<Error> errors;
  if (reference.empty()) {
    ADD_FAILURE() << "nothing to compare with";
    return errors;
  }
  Timeline timeline(reference);
  for (const Played& p : judged) errors.push_back({p.captured, p.at - timeline.at(p.captured)});
  return errors;
}

inline double ms(Nanos nanos) { return static_cast<double>(nanos) / 1e6; }

// The error that is farthest from `expected`, of units captured since `from`; ms.
inline double worst(const std::vector<Error>& errors, Nanos from = 0, Nanos expected = 0) {
  double worst = 0;
  EXPECT_FALSE(errors.empty());
  for (const Error& e : errors)
    if (e.captured >= from && std::abs(ms(e.value - expected)) > std::abs(worst))
      worst = ms(e.value - expected);
  return worst;
}
inline double mean(const std::vector<Error>& errors) {
  double sum = 0;
  for (const Error& e : errors) sum += ms(e.value);
  return errors.empty() ? 0 : sum / static_cast<double>(errors.size());
}

// Video of a file against its audio.
inline std::vector<Error> av_errors(const ReadFile& file, int video, int audio) {
  return sync_errors(played_video(file, video), played_audio(file, audio));
}

// The same over all files of a recording.
inline std::vector<Error> av_errors(const Studio& studio, int video, int audio) {
  std::vector<Error> all;
  for (const auto& key : studio.keys) {
    const auto file = studio.file(key);
    if (played_video(file, video).empty()) continue;
    const auto errors = av_errors(file, video, audio);
    all.insert(all.end(), errors.begin(), errors.end());
  }
  return all;
}

// Packets that follow each other, all there, none stretched, from the first on.
inline void expect_untouched(const ReadFile& file, int audio, std::int64_t packet = 960) {
  const auto packets = played_audio(file, audio);
  ASSERT_FALSE(packets.empty());
  int n = packets.front().n;
  std::int64_t dts = packets.front().dts;
  for (const Played& p : packets) {
    ASSERT_EQ(p.n, n++);
    ASSERT_EQ(p.dts, dts) << "packet " << p.n;
    ASSERT_EQ(p.duration, packet) << "packet " << p.n;
    dts += packet;
  }
}

// No sample lasts longer than `longest` ticks, and each follows the one before.
inline void expect_steady(const ReadFile& file, int track, std::int64_t longest) {
  std::int64_t end = 0;
  for (const auto& s : file.samples(track)) {
    ASSERT_GE(s.dts, end) << s.payload;
    ASSERT_GT(s.duration, 0) << s.payload;
    ASSERT_LE(s.duration, longest) << s.payload;
    end = s.dts + s.duration;
  }
}

}  // namespace rec::test
