// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recovery of real files and trees: what is in use, what is no file, and what comes in which order.
#include "lib/recovery/disk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/recovery/sample_recording.h"

namespace rec::recovery {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const SampleRecording kSample;

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

class Disk : public testing::Test {
 protected:
  Disk() {
    std::string name = fs::temp_directory_path() / "recovery-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~Disk() override { fs::remove_all(root_); }

  std::string put(const std::string& name, const Bytes& bytes = kSample.bytes) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  static Bytes content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // "name outcome" of each report.
  std::vector<std::string> tree(const std::string& path) {
    std::vector<std::string> found;
    recover_tree(path, {}, [&](const std::string& file, const Report& report) {
      found.push_back(fs::relative(file, root_).string() + " " +
                      std::to_string(static_cast<int>(report.outcome)));
      return true;
    });
    return found;
  }
  static std::string entry(const std::string& name, Outcome outcome) {
    return name + " " + std::to_string(static_cast<int>(outcome));
  }

  fs::path root_;
};

TEST_F(Disk, RecoversAFileWhereItIs) {
  const std::string path = put("a.mp4");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  struct stat before {
  }, after{};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kRecovered);
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_mode, before.st_mode);
  const auto file = judged(content(path));
  EXPECT_TRUE(file.violations.empty());
  EXPECT_EQ(file.index_offset, kSample.bytes.size());
}

// dirsink keeps room for the index; a kill leaves it behind the end.
TEST_F(Disk, GivesBackRoomThatWasKept) {
  constexpr off_t kRoom = 4 << 20;
  const std::string path = put("a.mp4");
  {
    Descriptor file(path, O_WRONLY);
    const auto end = static_cast<off_t>(kSample.bytes.size());
    if (fallocate(file.get(), FALLOC_FL_KEEP_SIZE, end, kRoom) < 0) GTEST_SKIP() << "no fallocate";
  }
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kRecovered);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, kRoom / 4);
}

// Two samples of 2.2 GB, which are holes of a sparse file, and one behind them.
TEST_F(Disk, CountsBeyond4GiB) {
  constexpr std::uint32_t kHuge = 2'200'000'000;
  const TrackRun huge[] = {{1, {{0, 0, kHuge, true}, {3000, 0, kHuge, false}}, 6000, {}}};
  const Bytes sample(4);
  const TrackRun small[] = {{1, {{6000, 0, 4, false}}, 9000, {sample}}};
  Bytes start = kSample.upto(kSample.ends[0]);
  append(start, isobmff::fragment_header(1, huge));
  const std::string path = put("a.mp4", start);
  const std::uint64_t second = start.size() + 2 * std::uint64_t{kHuge};
  const Bytes last = isobmff::fragment(2, small);
  if (truncate(path.c_str(), static_cast<off_t>(second)) < 0) GTEST_SKIP() << "no sparse files";
  {
    Descriptor file(path, O_WRONLY | O_APPEND);
    ASSERT_EQ(write(file.get(), last.data(), last.size()), static_cast<ssize_t>(last.size()));
  }
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kRecovered);
  Descriptor file(path, O_RDONLY);
  const auto big_endian = [](std::uint64_t value) {
    Bytes bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    return bytes;
  };
  const std::uint64_t end = second + last.size();
  Bytes header(16), index(4096);
  ASSERT_EQ(pread(file.get(), header.data(), 16, 24), 16);
  Bytes mdat{0, 0, 0, 1, 'm', 'd', 'a', 't'};
  append(mdat, big_endian(end - 24));
  EXPECT_EQ(header, mdat);
  index.resize(static_cast<std::size_t>(
      pread(file.get(), index.data(), index.size(), static_cast<off_t>(end))));
  Bytes co64{0, 0, 0, 32, 'c', 'o', '6', '4', 0, 0, 0, 0, 0, 0, 0, 2};
  append(co64, big_endian(start.size()));
  append(co64, big_endian(end - 4));
  EXPECT_NE(std::search(index.begin(), index.end(), co64.begin(), co64.end()), index.end());
}

TEST_F(Disk, LeavesAFileThatIsLocked) {
  const std::string path = put("a.mp4");
  Descriptor recorder(path, O_RDONLY);  // not even open for writing
  ASSERT_EQ(flock(recorder.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kBeingWritten);
  EXPECT_EQ(recover_file(path, {.dry_run = true}).outcome, Outcome::kBeingWritten);
  EXPECT_EQ(content(path), kSample.bytes);
  ASSERT_EQ(flock(recorder.get(), LOCK_UN), 0);
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kRecovered);
}

TEST_F(Disk, LeavesAFileThatIsOpenForWriting) {
  const std::string path = put("a.mp4");
  {
    Descriptor probe(path, O_RDONLY);
    if (fcntl(probe.get(), F_SETLEASE, F_RDLCK) < 0) GTEST_SKIP() << "no leases here";
  }
  {
    Descriptor copier(path, O_WRONLY);
    EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kBeingWritten);
    EXPECT_EQ(recover_file(path, {.dry_run = true}).outcome, Outcome::kBeingWritten);
  }
  EXPECT_EQ(content(path), kSample.bytes);
  Descriptor player(path, O_RDONLY);
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kRecovered);
}

// A file server's clients may hold what they will write.
TEST_F(Disk, LeavesAFileThatIsLeased) {
  const std::string path = put("a.mp4");
  Descriptor server(path, O_RDWR);
  fcntl(server.get(), F_SETSIG, SIGURG);
  if (fcntl(server.get(), F_SETLEASE, F_WRLCK) < 0) GTEST_SKIP() << "no leases here";
  EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kBeingWritten);
  fcntl(server.get(), F_SETLEASE, F_UNLCK);
  EXPECT_EQ(content(path), kSample.bytes);
}

// A store that has just created a file locks it next: it must not find a lock there.
TEST_F(Disk, NeverLocksAFileThatHasNoHead) {
  for (const Bytes& bytes : {Bytes(), Bytes(100)}) {
    const std::string path = put("new.mp4", bytes);
    Descriptor store(path, O_WRONLY);
    ASSERT_EQ(flock(store.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(recover_file(path, {}).outcome, Outcome::kNothingToDo);
  }
}

TEST_F(Disk, FollowsNoLink) {
  const std::string path = put("a.mp4");
  fs::create_symlink(path, root_ / "link.mp4");
  EXPECT_EQ(recover_file(root_ / "link.mp4", {}).reason, "a symbolic link");
  EXPECT_EQ(content(path), kSample.bytes);
}

TEST_F(Disk, DoesNotWaitForAPipe) {
  const fs::path path = root_ / "pipe.mp4";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(recover_file(path, {}).reason, "not a file");
}

TEST_F(Disk, NamesWhatIsWrong) {
  const Report report = recover_file(root_ / "missing.mp4", {});
  EXPECT_EQ(report.outcome, Outcome::kFailed);
  EXPECT_THAT(report.reason, HasSubstr("No such file or directory. Check the path"));
}

TEST_F(Disk, SearchesATree) {
  put("b/2.mp4");
  put("b/1.mp4");
  put("a.bin");  // whatever its name
  put("c/other.txt", {'h', 'i'});
  fs::create_directory_symlink(root_ / "b", root_ / "d");
  fs::create_symlink(root_ / "b/1.mp4", root_ / "e.mp4");
  const Descriptor recorder(put("c/busy.mp4"), O_WRONLY);
  ASSERT_EQ(flock(recorder.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_THAT(tree(root_), ElementsAre(entry("a.bin", Outcome::kRecovered),
                                       entry("b/1.mp4", Outcome::kRecovered),
                                       entry("b/2.mp4", Outcome::kRecovered),
                                       entry("c/busy.mp4", Outcome::kBeingWritten),
                                       entry("c/other.txt", Outcome::kNothingToDo)));
  EXPECT_THAT(tree(root_ / "b/1.mp4"), ElementsAre(entry("b/1.mp4", Outcome::kNothingToDo)));
}

// The names of a directory are read first.
TEST_F(Disk, CopesWithATreeThatChanges) {
  put("1.mp4");
  put("2.mp4");
  put("3/3.mp4");
  put("4/4.mp4");
  std::vector<std::string> found;
  recover_tree(root_, {}, [&](const std::string& path, const Report& report) {
    fs::remove(root_ / "2.mp4");
    fs::remove_all(root_ / "3");
    fs::remove_all(root_ / "4");
    put("4", {});  // no directory any more
    found.push_back(fs::relative(path, root_).string() + " " + report.reason);
    return true;
  });
  EXPECT_THAT(found,
              ElementsAre("1.mp4 ", "4 open: Not a directory. Check the disk, then run again"));
}

TEST_F(Disk, StopsWhenItIsTold) {
  const std::string first = put("1.mp4");
  const std::string second = put("2/2.mp4");
  int reports = 0;
  recover_tree(root_, {}, [&](const std::string&, const Report&) { return ++reports > 1; });
  EXPECT_EQ(reports, 1);
  EXPECT_NE(content(first), kSample.bytes);
  EXPECT_EQ(content(second), kSample.bytes);
}

}  // namespace
}  // namespace rec::recovery
