// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The system calls that dirsink makes, behind an interface: a test can make each of them slow,
// short or failing. Called on I/O threads only.
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <memory>

namespace rec::dirsink {

class FileOps {  // stateless or thread-safe: shared by all lanes
 public:
  virtual ~FileOps() = default;
  // Each returns what the call of that name returns, but -errno where that returns -1.
  virtual int open(const char* path, int flags, mode_t mode) = 0;
  virtual ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) = 0;
  virtual ssize_t pread(int fd, void* data, std::size_t size, off_t offset) = 0;
  virtual int ftruncate(int fd, off_t size) = 0;
  // Only room for bytes that come later: the size stays.
  virtual int fallocate_keep_size(int fd, off_t offset, off_t size) = 0;
  virtual int fdatasync(int fd) = 0;
  virtual int fsync(int fd) = 0;
  virtual int flock(int fd, int operation) = 0;
  virtual int fstat(int fd, struct stat* info) = 0;
  virtual int close(int fd) = 0;
  virtual int stat(const char* path, struct stat* info) = 0;
  virtual int mkdir(const char* path, mode_t mode) = 0;
  virtual int unlink(const char* path) = 0;
  virtual int rename(const char* from, const char* to) = 0;
  // -EEXIST if `to` exists; -EINVAL or -ENOSYS where the file system cannot promise that.
  virtual int rename_if_free(const char* from, const char* to) = 0;
  virtual int statvfs(const char* path, struct statvfs* info) = 0;
};

// The system's, unless a test has put another in its place.
std::shared_ptr<FileOps> file_ops();
void replace_file_ops_for_tests(std::shared_ptr<FileOps> ops);  // nullptr: the system's again

// Signals do not end a call. Not for close(): Linux has closed the descriptor even then.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -EINTR) return result;
  }
}

}  // namespace rec::dirsink
