// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/file_ops.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <mutex>

namespace rec::dirsink {
namespace {

template <class T>
T or_errno(T result) {
  return result < 0 ? -errno : result;
}

class SystemFileOps final : public FileOps {
 public:
  int open(const char* path, int flags, mode_t mode) override {
    return or_errno(::open(path, flags, mode));
  }
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    return or_errno(::pwrite(fd, data, size, offset));
  }
  ssize_t pread(int fd, void* data, std::size_t size, off_t offset) override {
    return or_errno(::pread(fd, data, size, offset));
  }
  int ftruncate(int fd, off_t size) override { return or_errno(::ftruncate(fd, size)); }
  int fallocate_keep_size(int fd, off_t offset, off_t size) override {
    return or_errno(::fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, size));
  }
  int fdatasync(int fd) override { return or_errno(::fdatasync(fd)); }
  int fsync(int fd) override { return or_errno(::fsync(fd)); }
  int flock(int fd, int operation) override { return or_errno(::flock(fd, operation)); }
  int fstat(int fd, struct stat* info) override { return or_errno(::fstat(fd, info)); }
  int close(int fd) override { return or_errno(::close(fd)); }
  int stat(const char* path, struct stat* info) override { return or_errno(::stat(path, info)); }
  int mkdir(const char* path, mode_t mode) override { return or_errno(::mkdir(path, mode)); }
  int unlink(const char* path) override { return or_errno(::unlink(path)); }
  int rename(const char* from, const char* to) override { return or_errno(::rename(from, to)); }
  int rename_if_free(const char* from, const char* to) override {
    return or_errno(::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
  }
  int statvfs(const char* path, struct statvfs* info) override {
    return or_errno(::statvfs(path, info));
  }
};

std::mutex replacement_lock;
std::shared_ptr<FileOps> replacement;

}  // namespace

std::shared_ptr<FileOps> file_ops() {
  static const std::shared_ptr<FileOps> system = std::make_shared<SystemFileOps>();
  std::lock_guard l(replacement_lock);
  return replacement ? replacement : system;
}

void replace_file_ops_for_tests(std::shared_ptr<FileOps> ops) {
  std::lock_guard l(replacement_lock);
  replacement = std::move(ops);
}

}  // namespace rec::dirsink
