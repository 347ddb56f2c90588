// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The system's calls, but a test can hold the writes and make calls fail.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "gst/dirsink/file_ops.h"

namespace rec::dirsink {

class SlowDisk final : public FileOps {
 public:
  // While it exists, elements that are started use it.
  static std::shared_ptr<SlowDisk> install() {
    auto disk = std::make_shared<SlowDisk>(file_ops());
    replace_file_ops_for_tests(disk);
    return disk;
  }
  explicit SlowDisk(std::shared_ptr<FileOps> real) : real_(std::move(real)) {}

  void hold() { set(held_, true); }
  void release() { set(held_, false); }
  void wait_until_stuck() {
    std::unique_lock l(lock_);
    changed_.wait(l, [&] { return stuck_ > 0; });
  }
  void fail_writes(int error) { set(write_error_, error); }

  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    {
      std::unique_lock l(lock_);
      ++stuck_;
      changed_.notify_all();
      changed_.wait(l, [&] { return !held_; });
      --stuck_;
      if (write_error_) return -write_error_;
    }
    return real_->pwrite(fd, data, size, offset);
  }
  int open(const char* p, int f, mode_t m) override { return real_->open(p, f, m); }
  ssize_t pread(int fd, void* d, std::size_t n, off_t o) override {
    return real_->pread(fd, d, n, o);
  }
  int ftruncate(int fd, off_t size) override { return real_->ftruncate(fd, size); }
  int fallocate_keep_size(int fd, off_t offset, off_t size) override {
    return real_->fallocate_keep_size(fd, offset, size);
  }
  int fdatasync(int fd) override { return real_->fdatasync(fd); }
  int fsync(int fd) override { return real_->fsync(fd); }
  int flock(int fd, int operation) override { return real_->flock(fd, operation); }
  int fstat(int fd, struct stat* info) override { return real_->fstat(fd, info); }
  int close(int fd) override { return real_->close(fd); }
  int stat(const char* path, struct stat* info) override { return real_->stat(path, info); }
  int mkdir(const char* path, mode_t mode) override { return real_->mkdir(path, mode); }
  int unlink(const char* path) override { return real_->unlink(path); }
  int rename(const char* from, const char* to) override { return real_->rename(from, to); }
  int rename_if_free(const char* from, const char* to) override {
    return real_->rename_if_free(from, to);
  }
  int statvfs(const char* path, struct statvfs* info) override {
    return real_->statvfs(path, info);
  }

 private:
  template <class T>
  void set(T& variable, T value) {
    {
      std::lock_guard l(lock_);
      variable = value;
    }
    changed_.notify_all();
  }

  const std::shared_ptr<FileOps> real_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool held_ = false;
  int stuck_ = 0;
  int write_error_ = 0;
};

}  // namespace rec::dirsink
