// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recovery/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rec::recovery {
namespace {

namespace fs = std::filesystem;

Error error_of(int code, const std::string& doing) {
  const std::string what = doing + ": " + std::generic_category().message(code);
  switch (code) {
    case EACCES:
    case EPERM: return {Error::Kind::kDenied, what, "Run as a user who may write to it"};
    case EROFS: return {Error::Kind::kDenied, what, "Mount the file system for writing"};
    case ENOSPC:
    case EDQUOT:
      return {Error::Kind::kNoSpace, what, "The index needs room: free some, then run again"};
    case ENOENT: return {Error::Kind::kNotFound, what, "Check the path"};
    default: return {Error::Kind::kIo, what, "Check the disk, then run again"};
  }
}

Report failed(int code, const std::string& doing) {
  const Error error = error_of(code, doing);
  return {Outcome::kFailed, 0, 0, error.what + ". " + error.hint};
}

template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class DiskFile final : public File {
 public:
  DiskFile() = default;
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;
  ~DiskFile() override { close(); }

  // 0 or an errno value. Not a link, and no waiting for the other end of a pipe.
  int open(const std::string& path, int flags) {
    close();
    fd_ = uninterrupted(
        [&] { return ::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
    return fd_ < 0 ? errno : 0;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // 0 or an errno value; EWOULDBLOCK: somebody else has locked it.
  int lock(int operation) {
    return uninterrupted([&] { return ::flock(fd_, operation | LOCK_NB); }) < 0 ? errno : 0;
  }
  bool is_regular() const {
    struct stat info {};
    return fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  }
  // A read lease is granted only where nobody has the file open for writing. Who may not have one,
  // or where there is none, cannot tell: false.
  bool has_writer() {
    // Whoever breaks the lease must not end us: SIGIO would, this signal does nothing.
    fcntl(fd_, F_SETSIG, SIGURG);
    if (fcntl(fd_, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN;
    fcntl(fd_, F_SETLEASE, F_UNLCK);
    return false;
  }

  std::uint64_t size() const override {
    struct stat info {};
    return fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) override {
    return each(offset, bytes, "read",
                [this](auto part, off_t at) { return ::pread(fd_, part.data(), part.size(), at); });
  }
  Status write(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    return each(offset, bytes, "write", [this](auto part, off_t at) {
      return ::pwrite(fd_, part.data(), part.size(), at);
    });
  }
  Status truncate(std::uint64_t size) override {
    return done(uninterrupted([&] { return ftruncate(fd_, static_cast<off_t>(size)); }), "cut");
  }
  Status sync() override {
    return done(uninterrupted([&] { return fdatasync(fd_); }), "sync");
  }

 private:
  static Status done(int result, const char* doing) {
    return result < 0 ? Status(error_of(errno, doing)) : ok();
  }
  template <class Bytes, class Call>
  static Status each(std::uint64_t offset, Bytes bytes, const char* doing, Call call) {
    while (!bytes.empty()) {
      const ssize_t count = uninterrupted([&] { return call(bytes, static_cast<off_t>(offset)); });
      if (count < 0) return error_of(errno, doing);
      if (count == 0) return error_of(EIO, doing);  // the file has become shorter
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return ok();
  }

  int fd_ = -1;
};

// Only what has one is ever locked: dirsink locks a file when it creates it, and must not find
// there the lock of somebody who just looks.
bool begins_with_ftyp(DiskFile& file) {
  std::uint8_t header[8];
  return file.size() >= sizeof(header) && file.read(0, header) &&
         std::memcmp(header + 4, "ftyp", 4) == 0;
}

Report nothing(const char* why) { return {Outcome::kNothingToDo, 0, 0, why}; }

// Of a failed open: a lease (of a file server, say) would have to be broken first.
Report not_opened(int code, const char* doing) {
  if (code == EWOULDBLOCK) return {Outcome::kBeingWritten, 0, 0, {}};
  return code == ELOOP ? nothing("a symbolic link") : failed(code, doing);
}

// Of a failed lock.
Report locked(int code) {
  if (code == EWOULDBLOCK) return {Outcome::kBeingWritten, 0, 0, {}};
  return {Outcome::kFailed, 0, 0,
          "The file system has no locks (" + std::generic_category().message(code) +
              "), so a recorder may be writing the file. Copy it to a local disk"};
}

bool recover_below(const fs::path& directory, const Options& options, const OnReport& on_report) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator i(directory, error), end; !error && i != end; i.increment(error))
    entries.push_back(*i);
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    std::error_code ignored;  // what cannot be looked at is neither
    if (entry.is_symlink(ignored)) continue;
    if (entry.is_directory(ignored)) {
      if (!recover_below(entry.path(), options, on_report)) return false;
    } else if (entry.is_regular_file(ignored)) {
      const Report report = recover_file(entry.path(), options);
      const bool removed = report.outcome == Outcome::kFailed && !fs::exists(entry, ignored);
      if (!removed && !on_report(entry.path(), report)) return false;
    }
  }
  return !error || error == std::errc::no_such_file_or_directory ||
         on_report(directory, failed(error.value(), "open"));
}

}  // namespace

Report recover_file(const std::string& path, const Options& options) {
  DiskFile file;
  if (const int code = file.open(path, O_RDONLY)) return not_opened(code, "open");
  if (!file.is_regular()) return nothing("not a file");
  if (!begins_with_ftyp(file)) return nothing("not a recording of recordmux");
  if (const int code = file.lock(LOCK_SH)) return locked(code);
  Report found = recover(file, {.dry_run = true, .keep_fragments = options.keep_fragments});
  if (found.outcome != Outcome::kRecoverable) return found;
  if (file.has_writer()) return {Outcome::kBeingWritten, 0, 0, {}};
  if (options.dry_run) return found;
  if (const int code = file.open(path, O_RDWR)) return not_opened(code, "open for writing");
  if (const int code = file.lock(LOCK_EX)) return locked(code);
  return recover(file, options);
}

void recover_tree(const std::string& path, const Options& options, const OnReport& on_report) {
  std::error_code error;
  if (fs::is_directory(path, error))
    recover_below(path, options, on_report);
  else
    on_report(path, recover_file(path, options));
}

}  // namespace rec::recovery
