// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/whole_file.h"

#include <gtest/gtest.h>

#include "tests/unit/dirsink/fake_disk.h"

namespace rec::dirsink {
namespace {

using Bytes = FakeDisk::Bytes;
constexpr char kPath[] = "/r/list.m3u8";
const Bytes kOld{'o', 'l', 'd'};
const Bytes kNew{'n', 'e', 'w', 'e', 'r'};

int replace(const std::shared_ptr<FakeDisk>& disk, Durability durability) {
  TemporaryFile file;
  if (const int code = TemporaryFile::write(disk, kPath, kNew, durability, file)) return code;
  return file.publish_over(kPath);
}

TEST(TemporaryFile, ReplacesInOneStepOrNotAtAll) {
  for (const auto durability : {Durability::kNone, Durability::kClose}) {
    auto counted = std::make_shared<FakeDisk>();
    counted->put(kPath, kOld);
    ASSERT_EQ(replace(counted, durability), 0);
    EXPECT_EQ(counted->content(kPath), kNew);
    for (std::size_t index = 0; index < counted->calls.size(); ++index) {
      auto disk = std::make_shared<FakeDisk>();
      disk->put(kPath, kOld);
      disk->after_write = [&] { EXPECT_EQ(disk->content(kPath), kOld); };
      std::size_t call = 0;
      disk->fault = [&](const std::string&) { return call++ == index ? -EIO : 0; };
      const int code = replace(disk, durability);
      SCOPED_TRACE(counted->calls[index]);
      const Bytes now = disk->content(kPath);
      EXPECT_TRUE(now == kNew || (code != 0 && now == kOld));
      EXPECT_EQ(disk->files(), std::vector<std::string>{kPath}) << "a temporary file was left";
    }
  }
}

TEST(TemporaryFile, IsOnTheMediumBeforeItHasTheName) {
  auto disk = std::make_shared<FakeDisk>();
  ASSERT_EQ(replace(disk, Durability::kFragment), 0);
  const auto at = [&](const std::string& call) {
    return std::find(disk->calls.begin(), disk->calls.end(), call) - disk->calls.begin();
  };
  EXPECT_LT(at("pwrite 0 5"), at("fdatasync"));
  EXPECT_LT(at("fdatasync"), at("rename"));
  EXPECT_LT(at("rename"), at("fsync"));  // the directory
}

TEST(TemporaryFile, DoesNotTakeATakenName) {
  for (const int unsupported : {0, -EINVAL, -ENOSYS}) {  // NFS says EINVAL
    auto disk = std::make_shared<FakeDisk>();
    disk->fault = [&](const std::string& c) { return c == "rename_if_free" ? unsupported : 0; };
    disk->put(kPath, kOld);
    {
      TemporaryFile file;
      ASSERT_EQ(TemporaryFile::write(disk, kPath, kNew, Durability::kNone, file), 0);
      EXPECT_EQ(file.publish_if_free(kPath), EEXIST);
      EXPECT_EQ(file.publish_if_free("/r/list-1.m3u8"), 0);
    }
    EXPECT_EQ(disk->content(kPath), kOld);
    EXPECT_EQ(disk->content("/r/list-1.m3u8"), kNew);
    EXPECT_EQ(disk->files().size(), 2u);
  }
}

TEST(ReadFile, ReadsAllUpToALimit) {
  FakeDisk disk;
  disk.put(kPath, kNew);
  disk.longest_write = 2;  // short reads too
  std::string bytes;
  EXPECT_EQ(read_file(disk, kPath, 5, bytes), 0);
  EXPECT_EQ(bytes, "newer");
  EXPECT_EQ(read_file(disk, kPath, 4, bytes), EFBIG);
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(read_file(disk, "/r/none", 5, bytes), ENOENT);
  EXPECT_EQ(disk.open_descriptors(), 0u);
}

TEST(ProbeDirectory, WantsSpaceAndLeavesNothing) {
  auto disk = std::make_shared<FakeDisk>();
  disk->capacity = 200 << 10;
  EXPECT_EQ(probe_directory(disk, "/r/deep/er", 100 << 10), 0);
  EXPECT_TRUE(disk->has_directory("/r/deep/er"));
  EXPECT_EQ(probe_directory(disk, "/r", 190 << 10), ENOSPC);
  disk->capacity = 60 << 10;
  EXPECT_EQ(probe_directory(disk, "/r", 1), ENOSPC);
  disk->put("/r/file", {1});
  EXPECT_EQ(probe_directory(disk, "/r/file", 1), ENOTDIR);
  EXPECT_EQ(disk->files(), std::vector<std::string>{"/r/file"});
}

}  // namespace
}  // namespace rec::dirsink
