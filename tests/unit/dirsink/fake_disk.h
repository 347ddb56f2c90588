// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A disk in memory that records every call and fails where a test says so.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gst/dirsink/file_ops.h"

namespace rec::dirsink {

class FakeDisk final : public FileOps {
 public:
  using Bytes = std::vector<std::uint8_t>;
  struct Node {
    Bytes bytes;
    ino_t number = 0;
    nlink_t links = 1;
  };

  std::vector<std::string> calls;                // "pwrite 8 92", without paths and descriptors
  std::function<int(const std::string&)> fault;  // of a call's name: -errno to fail, 0 to go on
  std::function<void()> after_write;             // a crash could happen now
  std::size_t longest_write = SIZE_MAX;          // bytes that one pwrite takes
  std::uint64_t capacity = UINT64_MAX;           // bytes in all files

  bool exists(const std::string& path) const { return names_.contains(path); }
  Bytes content(const std::string& path) const { return names_.at(path)->bytes; }
  void put(const std::string& path, Bytes bytes) { names_[path] = make(std::move(bytes)); }
  void forget(const std::string& path) {
    names_.at(path)->links = 0;
    names_.erase(path);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> result;
    for (const auto& [path, node] : names_) result.push_back(path);
    return result;
  }
  std::size_t open_descriptors() const { return open_.size(); }
  void make_directory(const std::string& path) { directories_[path] = true; }
  bool has_directory(const std::string& path) const { return directories_.contains(path); }

  int open(const char* path, int flags, mode_t) override {
    if (const int code = called("open")) return code;
    const std::string name = path;
    if (flags & O_DIRECTORY) return directories_.contains(name) ? descriptor(make({})) : -ENOENT;
    if (!(flags & O_CREAT)) return exists(name) ? descriptor(names_[name]) : -ENOENT;
    if (exists(name) || directories_.contains(name)) return -EEXIST;
    if (!directories_.contains(name.substr(0, name.rfind('/')))) return -ENOENT;
    names_[name] = make({});
    return descriptor(names_[name]);
  }
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    if (const int code = called("pwrite " + std::to_string(offset) + " " + std::to_string(size)))
      return code;
    Bytes& bytes = open_.at(fd)->bytes;
    const auto start = static_cast<std::size_t>(offset);
    size = std::min(size, longest_write);
    const std::uint64_t others = used() - (open_.at(fd)->links ? bytes.size() : 0);
    const std::uint64_t room = capacity > others ? capacity - others : 0;
    if (start >= room && size) return -ENOSPC;
    size = std::min<std::size_t>(size, room - start);
    if (bytes.size() < start + size) bytes.resize(start + size);
    std::copy_n(static_cast<const std::uint8_t*>(data), size, bytes.begin() + offset);
    if (after_write) after_write();
    return static_cast<ssize_t>(size);
  }
  ssize_t pread(int fd, void* data, std::size_t size, off_t offset) override {
    if (const int code = called("pread")) return code;
    const Bytes& bytes = open_.at(fd)->bytes;
    const auto start = std::min(static_cast<std::size_t>(offset), bytes.size());
    size = std::min({size, bytes.size() - start, longest_write});
    std::copy_n(bytes.begin() + static_cast<off_t>(start), size, static_cast<std::uint8_t*>(data));
    return static_cast<ssize_t>(size);
  }
  int ftruncate(int fd, off_t size) override {
    if (const int code = called("ftruncate " + std::to_string(size))) return code;
    open_.at(fd)->bytes.resize(static_cast<std::size_t>(size));
    return 0;
  }
  int fallocate_keep_size(int fd, off_t offset, off_t size) override {
    if (const int code = called("fallocate " + std::to_string(offset) + " " + std::to_string(size)))
      return code;
    const auto until = static_cast<std::uint64_t>(offset + size);
    const std::uint64_t others = used() - open_.at(fd)->bytes.size();
    return others + until > capacity ? -ENOSPC : 0;
  }
  int fdatasync(int) override { return called("fdatasync"); }
  int fsync(int) override { return called("fsync"); }
  int flock(int, int) override { return called("flock"); }
  int fstat(int fd, struct stat* info) override {
    if (const int code = called("fstat")) return code;
    describe(*open_.at(fd), info);
    return 0;
  }
  int close(int fd) override {
    open_.erase(fd);
    return called("close");
  }
  int stat(const char* path, struct stat* info) override {
    *info = {};
    if (directories_.contains(path))
      info->st_mode = S_IFDIR;
    else if (exists(path))
      describe(*names_[path], info);
    else
      return -ENOENT;
    return 0;
  }
  int mkdir(const char* path, mode_t) override {
    if (const int code = called("mkdir")) return code;
    if (directories_.contains(path) || exists(path)) return -EEXIST;
    directories_[path] = true;
    return 0;
  }
  int unlink(const char* path) override {
    if (const int code = called("unlink")) return code;
    if (!exists(path)) return -ENOENT;
    forget(path);
    return 0;
  }
  int rename(const char* from, const char* to) override {
    if (const int code = called("rename")) return code;
    names_[to] = names_.at(from);
    names_.erase(from);
    return 0;
  }
  int rename_if_free(const char* from, const char* to) override {
    if (const int code = called("rename_if_free")) return code;
    if (exists(to)) return -EEXIST;
    names_[to] = names_.at(from);
    names_.erase(from);
    return 0;
  }
  int statvfs(const char*, struct statvfs* info) override {
    *info = {};
    info->f_frsize = 1;
    info->f_bavail = capacity - std::min(capacity, used());
    return called("statvfs");
  }

 private:
  int called(const std::string& call) {
    calls.push_back(call);
    return fault ? fault(call) : 0;
  }
  std::shared_ptr<Node> make(Bytes bytes) {
    return std::make_shared<Node>(Node{.bytes = std::move(bytes), .number = ++last_number_});
  }
  int descriptor(std::shared_ptr<Node> node) {
    open_[++last_fd_] = std::move(node);
    return last_fd_;
  }
  static void describe(const Node& node, struct stat* info) {
    *info = {};
    info->st_mode = S_IFREG;
    info->st_ino = node.number;
    info->st_nlink = node.links;
    info->st_size = static_cast<off_t>(node.bytes.size());
  }
  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const auto& [path, node] : names_) sum += node->bytes.size();
    return sum;
  }

  std::map<std::string, std::shared_ptr<Node>> names_;
  std::map<std::string, bool> directories_{{"/r", true}};
  std::map<int, std::shared_ptr<Node>> open_;
  int last_fd_ = 2;
  ino_t last_number_ = 0;
};

}  // namespace rec::dirsink
