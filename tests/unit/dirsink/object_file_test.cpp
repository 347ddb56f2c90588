// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is in a file at every instant: after every call, with every call failing, short or
// interrupted. The reader here knows only what ISO/IEC 14496-12, 4.2 says of a box.
#include "gst/dirsink/object_file.h"

#include <gtest/gtest.h>

#include "tests/unit/dirsink/fake_disk.h"

namespace rec::dirsink {
namespace {

using Bytes = FakeDisk::Bytes;
constexpr char kPath[] = "/r/a/b.mp4";

Bytes box(std::uint32_t size, std::uint8_t fill) {
  Bytes bytes(size, fill);
  const Bytes header{static_cast<std::uint8_t>(size >> 24),
                     static_cast<std::uint8_t>(size >> 16),
                     static_cast<std::uint8_t>(size >> 8),
                     static_cast<std::uint8_t>(size),
                     'f',
                     'r',
                     'e',
                     'e'};
  std::copy_n(header.begin(), std::min<std::size_t>(size, 8), bytes.begin());
  return bytes;
}

const std::vector<Bytes> kUnits = {box(24, 1), box(8, 0), box(1000, 2), box(9, 3), box(100, 4)};

Bytes joined(std::size_t units) {
  Bytes all;
  for (std::size_t i = 0; i < units; ++i) all.insert(all.end(), kUnits[i].begin(), kUnits[i].end());
  return all;
}

// The boxes that a reader finds; it stops at a header that is missing or zero.
Bytes readable(const Bytes& file) {
  std::size_t at = 0;
  while (at + 8 <= file.size()) {
    const std::size_t size = (std::size_t{file[at]} << 24) | (std::size_t{file[at + 1]} << 16) |
                             (std::size_t{file[at + 2]} << 8) | file[at + 3];
    if (size == 0) break;
    EXPECT_LE(at + size, file.size()) << "a box that is not all there";
    if (at + size > file.size()) break;
    at += size;
  }
  return Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(at));
}

struct Outcome {
  std::size_t committed = 0;  // units that append() accepted
  int code = 0;
};

// Writes all units, gives up at the first error as dirsink does.
Outcome write_units(const std::shared_ptr<FakeDisk>& disk, Durability durability) {
  Outcome outcome;
  ObjectFile file;
  outcome.code = ObjectFile::create(disk, kPath, durability, file);
  if (outcome.code) return outcome;
  for (const auto& unit : kUnits) {
    outcome.code = file.append(unit);
    if (outcome.code) {
      file.discard();
      return outcome;
    }
    ++outcome.committed;
  }
  outcome.code = file.close();
  return outcome;
}

TEST(ObjectFile, ShowsWholeUnitsOnlyAtEveryInstant) {
  // One byte a call is the worst that a kernel can do to a body; a header goes in one piece.
  for (const std::size_t longest : {std::size_t{8}, std::size_t{64}, SIZE_MAX}) {
    auto disk = std::make_shared<FakeDisk>();
    disk->longest_write = longest;
    std::size_t seen = 0;
    disk->after_write = [&] {
      const Bytes now = readable(disk->content(kPath));
      ASSERT_GE(now.size(), seen);
      seen = now.size();
      std::size_t units = 0;
      while (joined(units).size() < now.size()) ++units;
      ASSERT_EQ(now, joined(units));
    };
    EXPECT_EQ(write_units(disk, Durability::kNone).code, 0);
    EXPECT_EQ(disk->content(kPath), joined(kUnits.size()));
  }
}

TEST(ObjectFile, KeepsWholeUnitsWhicheverCallFails) {
  for (const auto durability : {Durability::kNone, Durability::kFragment, Durability::kClose}) {
    auto counted = std::make_shared<FakeDisk>();
    ASSERT_EQ(write_units(counted, durability).code, 0);
    for (std::size_t index = 0; index < counted->calls.size(); ++index) {
      for (const int error : {ENOSPC, EIO, EDQUOT}) {
        auto disk = std::make_shared<FakeDisk>();
        std::size_t call = 0;
        disk->fault = [&](const std::string&) { return call++ == index ? -error : 0; };
        const Outcome outcome = write_units(disk, durability);
        SCOPED_TRACE("call " + std::to_string(index) + " " + counted->calls[index]);
        const bool harmless = counted->calls[index] == "flock" || counted->calls[index] == "close";
        EXPECT_TRUE(outcome.code != 0 || harmless);
        EXPECT_EQ(disk->open_descriptors(), 0u);
        if (outcome.committed == 0 && outcome.code) {
          EXPECT_FALSE(disk->exists(kPath));
        } else {
          EXPECT_EQ(disk->content(kPath), joined(outcome.committed));
        }
      }
    }
  }
}

TEST(ObjectFile, IsNotImpressedBySignals) {
  auto counted = std::make_shared<FakeDisk>();
  ASSERT_EQ(write_units(counted, Durability::kFragment).code, 0);
  for (std::size_t index = 0; index < counted->calls.size(); ++index) {
    if (counted->calls[index] == "fstat" || counted->calls[index] == "mkdir")
      continue;  // never EINTR
    auto disk = std::make_shared<FakeDisk>();
    std::size_t call = 0;
    disk->fault = [&](const std::string&) { return call++ == index ? -EINTR : 0; };
    EXPECT_EQ(write_units(disk, Durability::kFragment).code, 0) << counted->calls[index];
    EXPECT_EQ(disk->content(kPath), joined(kUnits.size()));
  }
}

TEST(ObjectFile, ContinuesShortWrites) {
  for (const std::size_t longest : {1, 3, 7, 8, 9, 500}) {
    auto disk = std::make_shared<FakeDisk>();
    disk->longest_write = longest;
    EXPECT_EQ(write_units(disk, Durability::kNone).code, 0);
    EXPECT_EQ(disk->content(kPath), joined(kUnits.size()));
  }
}

TEST(ObjectFile, GivesUpOnADiskThatTakesNothing) {
  auto disk = std::make_shared<FakeDisk>();
  disk->longest_write = 0;
  EXPECT_EQ(write_units(disk, Durability::kNone).code, EIO);
}

TEST(ObjectFile, KeepsWholeUnitsOnADiskOfAnySize) {
  for (std::uint64_t capacity = 0; capacity <= joined(kUnits.size()).size(); ++capacity) {
    auto disk = std::make_shared<FakeDisk>();
    disk->capacity = capacity;
    const Outcome outcome = write_units(disk, Durability::kNone);
    EXPECT_EQ(outcome.code, outcome.committed == kUnits.size() ? 0 : ENOSPC);
    EXPECT_LE(joined(outcome.committed).size(), capacity);
    if (outcome.committed < kUnits.size()) {
      EXPECT_GT(joined(outcome.committed + 1).size(), capacity);
    }
    if (outcome.committed) {
      EXPECT_EQ(disk->content(kPath), joined(outcome.committed));
    } else {
      EXPECT_FALSE(disk->exists(kPath));
    }
  }
}

TEST(ObjectFile, CutsBackAtOnceAndCanGoOn) {
  auto disk = std::make_shared<FakeDisk>();
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  ASSERT_EQ(file.append(kUnits[0]), 0);
  disk->capacity = 100;
  EXPECT_EQ(file.append(kUnits[2]), ENOSPC);
  EXPECT_EQ(disk->content(kPath), joined(1));
  EXPECT_EQ(file.append(kUnits[1]), 0);
  EXPECT_EQ(disk->content(kPath), joined(2));
}

TEST(ObjectFile, LeavesNothingReadableWhenEvenTheCutFails) {
  auto disk = std::make_shared<FakeDisk>();
  int writes = 0;
  disk->fault = [&](const std::string& call) {
    if (call.starts_with("pwrite")) return ++writes > 4 ? -EIO : 0;  // two units, in two writes
    return call.starts_with("ftruncate") ? -EIO : 0;
  };
  const Outcome outcome = write_units(disk, Durability::kNone);
  EXPECT_NE(outcome.code, 0);
  EXPECT_EQ(readable(disk->content(kPath)), joined(outcome.committed));
}

std::vector<std::string> writes_and_syncs(const FakeDisk& disk) {
  std::vector<std::string> result;
  for (const auto& call : disk.calls)
    if (call.starts_with("pwrite") || call.find("sync") != std::string::npos)
      result.push_back(call);
  return result;
}

TEST(ObjectFile, SyncsAsDurabilitySays) {
  const auto calls = [](Durability durability) {
    auto disk = std::make_shared<FakeDisk>();
    disk->make_directory("/r/a");
    ObjectFile file;
    EXPECT_EQ(ObjectFile::create(disk, kPath, durability, file), 0);
    EXPECT_EQ(file.append(box(100, 1)), 0);
    EXPECT_EQ(file.close(), 0);
    return writes_and_syncs(*disk);
  };
  using Calls = std::vector<std::string>;
  EXPECT_EQ(calls(Durability::kNone), (Calls{"pwrite 8 92", "pwrite 0 8"}));
  // The body is on the medium before the header that makes it count.
  EXPECT_EQ(calls(Durability::kFragment),
            (Calls{"fsync", "pwrite 8 92", "fdatasync", "pwrite 0 8", "fdatasync"}));
  EXPECT_EQ(calls(Durability::kClose), (Calls{"fsync", "pwrite 8 92", "pwrite 0 8", "fdatasync"}));
}

TEST(ObjectFile, RewritesOnlyWhenTheRestIsOnTheMedium) {
  const auto calls = [](Durability durability) {
    auto disk = std::make_shared<FakeDisk>();
    disk->make_directory("/r/a");
    ObjectFile file;
    EXPECT_EQ(ObjectFile::create(disk, kPath, durability, file), 0);
    EXPECT_EQ(file.append(box(100, 1)), 0);
    disk->calls.clear();
    EXPECT_EQ(file.write_at(24, Bytes(16, 'm')), 0);
    EXPECT_EQ(file.close(), 0);
    return writes_and_syncs(*disk);
  };
  using Calls = std::vector<std::string>;
  EXPECT_EQ(calls(Durability::kNone), (Calls{"pwrite 24 16"}));
  EXPECT_EQ(calls(Durability::kFragment), (Calls{"pwrite 24 16", "fdatasync"}));
  EXPECT_EQ(calls(Durability::kClose), (Calls{"fdatasync", "pwrite 24 16", "fdatasync"}));
}

TEST(ObjectFile, RewritesInPlaceAndExtends) {
  auto disk = std::make_shared<FakeDisk>();
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  ASSERT_EQ(file.append(Bytes(10, 'a')), 0);
  EXPECT_EQ(file.write_at(2, Bytes(3, 'b')), 0);
  EXPECT_EQ(file.end(), 10u);
  EXPECT_EQ(file.write_at(8, Bytes(4, 'c')), 0);
  EXPECT_EQ(file.end(), 12u);
  const std::string expected = "aabbbaaacccc";
  EXPECT_EQ(disk->content(kPath), Bytes(expected.begin(), expected.end()));
  disk->capacity = 14;
  EXPECT_EQ(file.write_at(12, Bytes(4, 'd')), ENOSPC);
  EXPECT_EQ(disk->content(kPath).size(), 12u);
}

TEST(ObjectFile, NoticesThatItWasDeleted) {
  auto disk = std::make_shared<FakeDisk>();
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  ASSERT_EQ(file.append(box(20, 1)), 0);
  disk->forget(kPath);
  EXPECT_EQ(file.append(box(20, 1)), ENOENT);
  EXPECT_EQ(file.close(), ENOENT);
}

TEST(ObjectFile, NeverTouchesAnothersFile) {
  auto disk = std::make_shared<FakeDisk>();
  disk->make_directory("/r/a");
  disk->put(kPath, {1, 2, 3});
  ObjectFile file;
  EXPECT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), EEXIST);
  disk->forget(kPath);
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  disk->put(kPath, {4, 5, 6});  // somebody has moved ours away and put theirs there
  file.remove();
  EXPECT_EQ(disk->content(kPath), (Bytes{4, 5, 6}));
}

TEST(ObjectFile, TreatsALockedFileAsTaken) {
  auto disk = std::make_shared<FakeDisk>();
  disk->fault = [](const std::string& call) { return call == "flock" ? -EWOULDBLOCK : 0; };
  ObjectFile file;
  EXPECT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), EEXIST);
  EXPECT_FALSE(file.is_open());
  EXPECT_EQ(disk->open_descriptors(), 0u);
}

std::vector<std::string> calls_of(const FakeDisk& disk, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& call : disk.calls)
    if (call.starts_with(name)) found.push_back(call);
  return found;
}

TEST(ObjectFile, KeepsRoomBehindItsEndUntilItIsClosed) {
  auto disk = std::make_shared<FakeDisk>();
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  ASSERT_EQ(file.append(kUnits[0]), 0);
  EXPECT_EQ(file.reserve(5000), 0);
  EXPECT_EQ(file.reserve(9000), 0);  // within the megabyte that was asked for on top
  ASSERT_EQ(file.append(kUnits[2]), 0);
  EXPECT_EQ(file.reserve(2 << 20), 0);
  EXPECT_EQ(file.close(), 0);
  const std::uint64_t first = 24 + 5000 + (1 << 20);
  EXPECT_EQ(calls_of(*disk, "fallocate"),
            (std::vector<std::string>{"fallocate 24 " + std::to_string(first - 24),
                                      "fallocate " + std::to_string(first) + " " +
                                          std::to_string(1024 + (2 << 20) + (1 << 20) - first)}));
  EXPECT_EQ(calls_of(*disk, "ftruncate"), std::vector<std::string>{"ftruncate 1024"});
  EXPECT_EQ(disk->content(kPath).size(), 1024u);
}

TEST(ObjectFile, SaysWhenThereIsNoMoreRoom) {
  auto disk = std::make_shared<FakeDisk>();
  disk->capacity = 6000;
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  ASSERT_EQ(file.append(kUnits[0]), 0);
  EXPECT_EQ(file.reserve(5000), 0);  // just so
  EXPECT_EQ(file.reserve(7000), ENOSPC);
  EXPECT_EQ(file.append(kUnits[2]), 0);  // what was kept stays
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(calls_of(*disk, "ftruncate"), std::vector<std::string>{"ftruncate 1024"});
}

TEST(ObjectFile, DoesWithoutRoomWhereItCannotBeKept) {
  auto disk = std::make_shared<FakeDisk>();
  disk->fault = [](const std::string& call) {
    return call.starts_with("fallocate") ? -EOPNOTSUPP : 0;
  };
  ObjectFile file;
  ASSERT_EQ(ObjectFile::create(disk, kPath, Durability::kNone, file), 0);
  EXPECT_EQ(file.reserve(5000), 0);
  EXPECT_EQ(file.reserve(9000), 0);
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(calls_of(*disk, "fallocate").size(), 1u);  // it is not asked again
  EXPECT_TRUE(calls_of(*disk, "ftruncate").empty());
}

}  // namespace
}  // namespace rec::dirsink
