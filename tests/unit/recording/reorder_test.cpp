// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures that are shown in another order than they are decoded, and come without DTS.
#include <random>
#include <set>

#include "tests/unit/recording/av_judge.h"

namespace rec::test {
namespace {

// Presentation indices in decode order.
std::vector<int> decode_order(int gops, int gop, bool pyramid) {
  std::vector<int> order;
  for (int g = 0; g < gops; ++g) {
    const int base = g * gop;
    order.push_back(base);
    for (int i = 1; i + 2 < gop; i += 4) {  // P then three B
      if (i + 3 >= gop) break;
      order.push_back(base + i + 3);
      if (pyramid) order.push_back(base + i + 1);
      order.push_back(base + i);
      if (!pyramid) order.push_back(base + i + 1);
      order.push_back(base + i + 2);
    }
  }
  return order;
}

struct Order {
  bool rtp;
  bool pyramid;
  Nanos jitter;
};
void PrintTo(const Order& o, std::ostream* out) {
  *out << (o.rtp ? "RTP" : "encoded") << (o.pyramid ? " pyramid" : "") << " jitter "
       << o.jitter / kMs;
}

class Reordered : public ::testing::TestWithParam<Order> {
 protected:
  static constexpr int kGop = 25;  // 1 + 6 * 4

  void run(bool reorders, const Studio::Settings& settings = {}) {
    studio.emplace(settings);
    v = studio->recorder.add_track(Medium::kVideo);
    studio->recorder.configure(v, {90000, H264Config{.reorders = reorders}});
    a = studio->add_audio();
    std::mt19937 random(1);
    const auto order = decode_order(20, kGop, GetParam().pyramid);
    Nanos audio = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Nanos decoded = static_cast<Nanos>(i) * 40 * kMs;
      for (; audio <= decoded; audio += 20 * kMs) {
        studio->run_until(audio);
        push_audio(audio);
      }
      studio->run_until(decoded);
      push_video(order[i], random);
    }
    studio->finish();
    ASSERT_EQ(studio->keys.size(), 1u);
    file = studio->file("s-1.mp4");
    expect_sound(file);
    EXPECT_EQ(played_video(file, v).size(), order.size());
  }
  void push_audio(Nanos at) {
    Input in{
        .pts = kRunning + at, .duration = 960, .key = true, .bytes = text(at, at / (20 * kMs))};
    if (GetParam().rtp)
      in.rtp = Input::Rtp{
          .ssrc = 1, .timestamp = static_cast<std::uint32_t>(at / kMs) * 48, .clock_rate = 48000};
    studio->push(a, std::move(in));
  }
  void push_video(int shown, std::mt19937& random) {
    const Nanos at = shown * 40 * kMs;
    Input in{.pts = kRunning + at, .key = shown % kGop == 0, .bytes = text(at, shown)};
    if (GetParam().jitter > 0)
      *in.pts += std::uniform_int_distribution<Nanos>(0, GetParam().jitter)(random);
    if (GetParam().rtp)
      in.rtp = Input::Rtp{.ssrc = 2,
                          .timestamp = 0xffffff00u + static_cast<std::uint32_t>(shown) * 3600,
                          .clock_rate = 90000};
    studio->push(v, std::move(in));
  }
  static Bytes text(Nanos captured, std::int64_t n) {
    const std::string s = std::to_string(captured) + "#" + std::to_string(n);
    return {s.begin(), s.end()};
  }

  std::optional<Studio> studio;
  int v = 0;
  int a = 0;
  ReadFile file;
};

TEST_P(Reordered, PicturesAreShownWhenTheyShouldBe) {
  run(true);
  std::int64_t last = -1;
  std::set<Nanos> shown;
  auto frames = played_video(file, v);
  for (const Played& p : frames) {
    EXPECT_GT(p.dts, last);
    last = p.dts;
    EXPECT_TRUE(shown.insert(p.at).second) << "two pictures at " << p.at;
  }
  // In the order of presentation, for the judge goes along the audio.
  std::sort(frames.begin(), frames.end(),
            [](const Played& x, const Played& y) { return x.captured < y.captured; });
  const auto errors = sync_errors(frames, played_audio(file, a));
  for (std::size_t i = 1; i < frames.size(); ++i) {
    const auto between = ms(frames[i].at - frames[i - 1].at);
    EXPECT_NEAR(between, ms(frames[i].captured - frames[i - 1].captured),
                GetParam().rtp ? 0.25 : ms(GetParam().jitter) + 0.1)
        << frames[i].n;
  }
  EXPECT_LE(std::abs(worst(errors)), 20);
}

TEST_P(Reordered, PicturesKeepTheirTimesInShortFragments) {
  run(true, {.duration = 120 * kMs, .latency = 50 * kMs});
  EXPECT_GT(file.fragments.size(), 100u);
  auto frames = played_video(file, v);
  std::sort(frames.begin(), frames.end(),
            [](const Played& x, const Played& y) { return x.captured < y.captured; });
  EXPECT_LE(std::abs(worst(sync_errors(frames, played_audio(file, a)))), 20);
}

TEST_P(Reordered, SmallJumpsBackOfAnEncoderThatDoesNotReorderAreOrder) {
  run(false);
  for (const auto& x : file.samples(v)) EXPECT_EQ(x.cts_offset, 0);
}

INSTANTIATE_TEST_SUITE_P(Pictures, Reordered,
                         ::testing::Values(Order{true, false, 0}, Order{true, true, 0},
                                           Order{true, true, 15 * kMs}, Order{false, false, 0},
                                           Order{false, true, 0}, Order{false, true, 5 * kMs}));

// DTS that upstream knows (h264timestamper) are used as they are.
TEST(Dts, OfUpstreamIsKept) {
  Studio s;
  const int v = s.recorder.add_track(Medium::kVideo);
  s.recorder.configure(v, {90000, H264Config{.reorders = true}});
  const auto order = decode_order(10, 25, true);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Nanos decoded = static_cast<Nanos>(i) * 40 * kMs;
    s.run_until(decoded);
    s.push(v, {.pts = kRunning + order[i] * 40 * kMs,
               .dts = kRunning + decoded - 120 * kMs,
               .key = order[i] % 25 == 0});
  }
  s.finish();
  const auto samples = s.file("s-1.mp4").samples(v);
  ASSERT_EQ(samples.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(samples[i].dts, static_cast<std::int64_t>(i) * 3600);
    EXPECT_EQ(samples[i].dts + samples[i].cts_offset, order[i] * 3600 + 120 * 90);
  }
}

}  // namespace
}  // namespace rec::test
