// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A killed recording, recovered: judged by the strict reader of the tests, which shares no code
// with lib/, and by what is done to the file in which order.
#include "lib/recovery/recover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/memory_file.h"
#include "tests/unit/recovery/sample_recording.h"

namespace rec::recovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const SampleRecording kSample;

// All samples of `recovered`: those of `fragments`, at their places and times.
void expect_samples(const Bytes& recovered, const Bytes& fragments) {
  const auto found = judged(recovered), wanted = judged(fragments);
  EXPECT_THAT(found.violations, IsEmpty());
  EXPECT_EQ(found.tail.kind, test::Mp4Tail::Kind::kNone);
  ASSERT_THAT(found.tracks, SizeIs(wanted.tracks.size()));
  for (std::size_t i = 0; i < found.tracks.size(); ++i) {
    const auto& samples = found.tracks[i].samples;
    ASSERT_THAT(samples, SizeIs(wanted.tracks[i].samples.size()));
    for (std::size_t n = 0; n < samples.size(); ++n) {
      EXPECT_EQ(samples[n].offset, wanted.tracks[i].samples[n].offset);
      EXPECT_EQ(samples[n].dts, wanted.tracks[i].samples[n].dts);
      EXPECT_EQ(samples[n].cts_offset, wanted.tracks[i].samples[n].cts_offset);
    }
  }
}

void expect_finished(const Bytes& recovered, const Bytes& fragments) {
  expect_samples(recovered, fragments);
  const auto file = judged(recovered);
  EXPECT_EQ(file.index_offset, fragments.size());
  EXPECT_EQ(file.mdat_offset, 24u);
}

Bytes unit_without_header(Bytes unit, std::size_t bytes) {
  std::fill_n(unit.begin(), std::min<std::size_t>(8, unit.size()), 0);
  unit.resize(bytes);
  return unit;
}

// What may stand behind two whole fragments when the process dies.
std::vector<Bytes> tails() {
  const Bytes third = sample_fragment(3);
  std::vector<Bytes> tails{{}};
  for (std::size_t bytes = 1; bytes < third.size(); ++bytes)
    tails.push_back({third.begin(), third.begin() + static_cast<std::ptrdiff_t>(bytes)});
  for (std::size_t bytes = 9; bytes <= third.size(); bytes += 7)
    tails.push_back(unit_without_header(third, bytes));
  const std::size_t moof = 32 + third[34] * 256u + third[35];  // and its prft
  tails.push_back({third.begin(), third.begin() + static_cast<std::ptrdiff_t>(moof)});
  append(tails.back(), {0, 0, 0, 1, 'm', 'd', 'a', 't', 0, 0, 0, 0});  // half of a 64-bit size
  tails.push_back(third);
  std::fill_n(tails.back().begin() + 4, 4, 0);  // its size, but not yet its type
  return tails;
}

TEST(Recover, FinishesWhateverIsLeftOfTheLastFragment) {
  const Bytes whole = kSample.upto(kSample.ends[2]);
  for (const Bytes& tail : tails()) {
    SCOPED_TRACE(tail.size());
    Bytes killed = whole;
    append(killed, tail);
    MemoryFile file(killed);
    const Report report = recover(file, {});
    EXPECT_EQ(report.outcome, Outcome::kRecovered) << report.reason;
    EXPECT_EQ(report.cut_bytes, tail.size());
    EXPECT_NEAR(report.seconds, 0.2 + 3000.0 / 90000, 1e-4);  // the last picture is shown later
    expect_finished(file.content(), whole);
  }
}

TEST(Recover, WritesTheIndexThenItsHeaderThenTheMdatHeader) {
  Bytes killed = kSample.bytes;
  append(killed, {0, 0, 0});
  MemoryFile file(killed);
  recover(file, {});
  const std::string end = std::to_string(kSample.bytes.size());
  const std::string body = std::to_string(kSample.bytes.size() + 8) + " " +
                           std::to_string(file.size() - kSample.bytes.size() - 8);
  const std::string whole = std::to_string(file.size());
  EXPECT_THAT(file.steps,
              ElementsAre("truncate " + end, "write " + body, "sync", "write " + end + " 8",
                          "truncate " + whole, "sync", "write 24 16", "sync"));
}

TEST(Recover, DoesNothingTheSecondTime) {
  MemoryFile file(kSample.bytes);
  recover(file, {});
  MemoryFile again(file.content());
  const Report report = recover(again, {});
  EXPECT_EQ(report.outcome, Outcome::kNothingToDo);
  EXPECT_EQ(report.reason, "finished");
  EXPECT_THAT(again.steps, IsEmpty());
}

TEST(Recover, DoesNothingInADryRun) {
  Bytes killed = kSample.bytes;
  append(killed, {0, 0, 0});
  MemoryFile file(killed);
  const Report report = recover(file, {.dry_run = true});
  EXPECT_EQ(report.outcome, Outcome::kRecoverable);
  EXPECT_EQ(report.cut_bytes, 3u);
  EXPECT_GT(report.seconds, 0.3);
  EXPECT_THAT(file.steps, IsEmpty());
}

// Calls `broken(file, step)` for a recovery of each tail that is interrupted at each of its steps.
template <class Call>
void at_each_step(double done_of_write, Call broken) {
  for (const Bytes& tail : {Bytes(), unit_without_header(sample_fragment(3), 50)}) {
    Bytes killed = kSample.upto(kSample.ends[2]);
    append(killed, tail);
    MemoryFile undisturbed(killed);
    recover(undisturbed, {});
    for (std::size_t step = 0; step < undisturbed.steps.size(); ++step) {
      SCOPED_TRACE(undisturbed.steps[step]);
      // Headers are so short that they are written at once or not at all.
      const bool header =
          undisturbed.steps[step].ends_with(" 8") || undisturbed.steps[step].ends_with(" 16");
      if (header && done_of_write > 0 && done_of_write < 1) continue;
      MemoryFile file(killed);
      file.done_of_write = done_of_write;
      broken(file, step);
      const auto left = judged(file.content());
      EXPECT_THAT(left.violations, IsEmpty());
      ASSERT_THAT(left.tracks, SizeIs(2));
      EXPECT_THAT(left.tracks[0].samples, SizeIs(6));
      EXPECT_THAT(left.tracks[1].samples, SizeIs(5));
      MemoryFile again(file.content());
      EXPECT_THAT(recover(again, {}).outcome,
                  testing::AnyOf(Outcome::kRecovered, Outcome::kNothingToDo));
      EXPECT_EQ(again.content(), undisturbed.content());
    }
  }
}

TEST(Recover, CanBeKilledAtAnyStepAndRunAgain) {
  for (const double done : {0.0, 0.5, 1.0})
    at_each_step(done, [&](MemoryFile& file, std::size_t step) {
      file.kill_at = step;
      EXPECT_THROW(recover(file, {}), Killed);
    });
}

TEST(Recover, CanFailAtAnyStepAndRunAgain) {
  at_each_step(0, [](MemoryFile& file, std::size_t step) {
    file.fail_at = step;
    const Report report = recover(file, {});
    EXPECT_EQ(report.outcome, Outcome::kFailed);
    EXPECT_EQ(report.reason, "no space. Free some");
  });
}

// A disk that is full takes half of the index: nothing of it stays.
TEST(Recover, TakesBackAnIndexThatDoesNotFit) {
  MemoryFile file(kSample.bytes);
  file.fail_at = 0;
  file.done_of_write = 0.5;
  EXPECT_EQ(recover(file, {}).outcome, Outcome::kFailed);
  EXPECT_EQ(file.content(), kSample.bytes);
}

// A kill between the index and the header that makes it count.
TEST(Recover, KeepsAnIndexThatIsAlreadyThere) {
  MemoryFile first(kSample.bytes);
  recover(first, {});
  Bytes with_index = kSample.bytes;
  with_index.insert(with_index.end(),
                    first.content().begin() + static_cast<std::ptrdiff_t>(kSample.bytes.size()),
                    first.content().end());
  MemoryFile file(with_index);
  const Report report = recover(file, {});
  EXPECT_EQ(report.outcome, Outcome::kRecovered);
  EXPECT_EQ(report.cut_bytes, 0u);
  EXPECT_THAT(file.steps, ElementsAre("truncate " + std::to_string(with_index.size()), "sync",
                                      "write 24 16", "sync"));
  EXPECT_EQ(file.content(), first.content());
}

// The power failed, and the medium got the mdat header but not all of the index.
TEST(Recover, FindsTheFragmentsBehindAnMdatHeaderWithoutIndex) {
  MemoryFile finished(kSample.bytes);
  recover(finished, {});
  for (const std::size_t size :
       {kSample.bytes.size(), kSample.bytes.size() + 5, finished.content().size() - 1}) {
    MemoryFile file({finished.content().begin(),
                     finished.content().begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_EQ(recover(file, {}).outcome, Outcome::kRecovered);
    EXPECT_EQ(file.content(), finished.content());
  }
}

// No table holds a sample of 2^32 ticks: only the tail goes.
TEST(Recover, LeavesFragmentsThatNoIndexCanHold) {
  Bytes bytes = kSample.upto(kSample.ends[1]);
  const Bytes sample(8);
  const TrackRun late[] = {{1, {{0x100010000, 0, 8, false}}, 0x100010bb8, {sample}}};
  append(bytes, isobmff::fragment(2, late));
  Bytes killed = bytes;
  append(killed, Bytes(20));
  MemoryFile file(killed);
  const Report report = recover(file, {});
  EXPECT_EQ(report.outcome, Outcome::kRecovered);
  EXPECT_EQ(report.cut_bytes, 20u);
  EXPECT_NE(report.reason, "");
  EXPECT_EQ(file.content(), bytes);
  MemoryFile again(bytes);
  EXPECT_EQ(recover(again, {}).outcome, Outcome::kNothingToDo);
  EXPECT_THAT(again.steps, IsEmpty());
}

TEST(Recover, OnlyCutsWhatShallStayInFragments) {
  Bytes killed = kSample.bytes;
  append(killed, Bytes(20));
  MemoryFile file(killed);
  const Report report = recover(file, {.keep_fragments = true});
  EXPECT_EQ(report.outcome, Outcome::kRecovered);
  EXPECT_EQ(report.cut_bytes, 20u);
  EXPECT_EQ(file.content(), kSample.bytes);
  MemoryFile again(kSample.bytes);
  EXPECT_EQ(recover(again, {.keep_fragments = true}).reason, "finished, in fragments");
  EXPECT_THAT(again.steps, IsEmpty());
}

// Fragments that are hidden need their index, whatever they should have been.
TEST(Recover, IndexesHiddenFragments) {
  MemoryFile finished(kSample.bytes);
  recover(finished, {});
  Bytes hidden = finished.content();
  hidden.resize(kSample.bytes.size());
  MemoryFile file(hidden);
  EXPECT_EQ(recover(file, {.keep_fragments = true}).outcome, Outcome::kRecovered);
  EXPECT_EQ(file.content(), finished.content());
}

// Whatever else the head says of a track is in the index as it was.
TEST(Recover, TakesOverWhatItDoesNotKnow) {
  Bytes head = kSample.upto(kSample.ends[0]);
  const auto find = [&head](const char* type) {
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    return text.find(type);
  };
  head.at(find("tkhd") + 4 + 52) = 0xff;  // the matrix
  head.at(find("mdhd") + 4 + 32) = 0x15;  // the language
  const Bytes title = test::BoxText("udta{ titl{ 00000000 15c7 41 00 } }").bytes();
  for (const char* parent : {"trak", "moov"}) {
    const std::size_t at = find(parent) - 4;
    const std::size_t old_size = head.at(at + 2) * 256u + head.at(at + 3);
    const std::size_t size = old_size + title.size();
    head.at(at + 2) = static_cast<std::uint8_t>(size / 256);
    head.at(at + 3) = static_cast<std::uint8_t>(size % 256);
    if (parent == std::string_view("trak"))  // its last box
      head.insert(head.begin() + static_cast<std::ptrdiff_t>(at + old_size), title.begin(),
                  title.end());
  }
  Bytes killed = head;
  append(killed, {kSample.bytes.begin() + static_cast<std::ptrdiff_t>(kSample.ends[0]),
                  kSample.bytes.end()});
  MemoryFile file(killed);
  ASSERT_EQ(recover(file, {}).outcome, Outcome::kRecovered);
  const auto index = file.content().begin() + static_cast<std::ptrdiff_t>(killed.size());
  const auto in_index = [&](const Bytes& bytes) {
    return std::search(index, file.content().end(), bytes.begin(), bytes.end()) !=
           file.content().end();
  };
  EXPECT_TRUE(in_index(title));
  EXPECT_TRUE(in_index({0xff, 1, 0, 0}));  // matrix, column a of video
  EXPECT_TRUE(in_index({0, 1, 0x5f, 0x90, 0, 0, 0, 0, 0, 0, 0x69, 0x78, 0x15, 0xc4}));  // mdhd
}

}  // namespace
}  // namespace rec::recovery
