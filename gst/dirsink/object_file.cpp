// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/object_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <utility>

namespace rec::dirsink {
namespace {

constexpr std::uint64_t kReserveStep = 1 << 20;  // bytes
constexpr std::size_t kHeader = 8;  // bytes: size and type of an ISO BMFF box, EBML id and size

bool is_full(int code) { return code == ENOSPC || code == EDQUOT; }

}  // namespace

ObjectFile& ObjectFile::operator=(ObjectFile&& other) noexcept {
  if (this == &other) return *this;
  close_descriptor();
  ops_ = std::move(other.ops_);
  path_ = std::move(other.path_);
  durability_ = other.durability_;
  fd_ = std::exchange(other.fd_, -1);
  end_ = std::exchange(other.end_, 0);
  reserved_ = std::exchange(other.reserved_, 0);
  can_reserve_ = other.can_reserve_;
  return *this;
}

int ObjectFile::create(std::shared_ptr<FileOps> ops, const std::string& path, Durability durability,
                       ObjectFile& file) {
  const auto open = [&] {
    return uninterrupted(
        [&] { return ops->open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  };
  int fd = open();
  if (fd == -ENOENT) {
    if (const int code = make_directories(*ops, parent_of(path), durability)) return code;
    fd = open();
  }
  if (fd < 0) return -fd;
  ObjectFile created;
  created.ops_ = std::move(ops);
  created.path_ = path;
  created.durability_ = durability;
  created.fd_ = fd;
  // A file system without locks is no reason not to record; somebody else's lock is.
  const int locked = uninterrupted([&] { return created.ops_->flock(fd, LOCK_EX | LOCK_NB); });
  if (locked == -EWOULDBLOCK) return EEXIST;
  if (durability != Durability::kNone)
    if (const int code = sync_directory(*created.ops_, parent_of(path))) {
      created.remove();
      return code;
    }
  file = std::move(created);
  return 0;
}

int ObjectFile::append(std::span<const std::uint8_t> unit) {
  const std::size_t head = std::min(unit.size(), kHeader);
  int code = write_all(end_ + head, unit.subspan(head));
  // Without this a power cut could keep the header and lose the body that it announces.
  if (!code && durability_ == Durability::kFragment && unit.size() > head) code = sync();
  if (!code) code = write_all(end_, unit.first(head));
  if (!code) code = committed(end_ + unit.size());
  if (code) uninterrupted([&] { return ops_->ftruncate(fd_, static_cast<off_t>(end_)); });
  return code;
}

int ObjectFile::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  const std::uint64_t stop = offset + bytes.size();
  int code = 0;
  // What is rewritten may speak of what was appended: a power cut must not keep it alone. With
  // kFragment the medium has everything already.
  if (offset < end_ && durability_ == Durability::kClose) code = sync();
  if (!code) code = write_all(offset, bytes);
  if (!code) code = committed(std::max(end_, stop));
  if (code && stop > end_)
    uninterrupted([&] { return ops_->ftruncate(fd_, static_cast<off_t>(end_)); });
  return code;
}

int ObjectFile::write_all(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = uninterrupted(
        [&] { return ops_->pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written < 0) return static_cast<int>(-written);
    if (written == 0) return EIO;  // POSIX allows it, nothing good causes it: no endless loop
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

int ObjectFile::committed(std::uint64_t end) {
  if (durability_ == Durability::kFragment)
    if (const int code = sync()) return code;
  if (const int code = still_linked()) return code;
  end_ = end;
  return 0;
}

// Writing to a file that somebody has deleted succeeds, and all of it is lost.
int ObjectFile::still_linked() {
  struct stat info {};
  if (const int result = ops_->fstat(fd_, &info); result < 0) return -result;
  return info.st_nlink == 0 ? ENOENT : 0;
}

int ObjectFile::reserve(std::uint64_t bytes) {
  const std::uint64_t needed = end_ + bytes;
  if (!can_reserve_ || needed <= reserved_) return 0;
  const std::uint64_t from = std::max(end_, reserved_);
  const auto reserve_until = [&](std::uint64_t until) {
    return -uninterrupted([&] {
      return ops_->fallocate_keep_size(fd_, static_cast<off_t>(from),
                                       static_cast<off_t>(until - from));
    });
  };
  // More than is needed, so that not every unit has to ask.
  std::uint64_t until = needed + kReserveStep;
  int code = reserve_until(until);
  if (is_full(code)) code = reserve_until(until = needed);
  if (is_full(code)) return code;
  can_reserve_ = code == 0;
  if (can_reserve_) reserved_ = until;
  return 0;
}

// Gives back what was kept behind the end.
void ObjectFile::release() {
  if (std::exchange(reserved_, 0) > end_)
    uninterrupted([&] { return ops_->ftruncate(fd_, static_cast<off_t>(end_)); });
}

int ObjectFile::sync() {
  // After a failed fdatasync the kernel has dropped the pages: asking again would lie.
  return -uninterrupted([&] { return ops_->fdatasync(fd_); });
}

int ObjectFile::close() {
  int code = still_linked();
  release();
  if (!code && durability_ == Durability::kClose) code = sync();
  const int closed = ops_->close(std::exchange(fd_, -1));
  // NFS and quotas report a failed write here.
  return code ? code : (closed == -EINTR ? 0 : -closed);
}

void ObjectFile::discard() {
  if (end_ == 0) return remove();
  uninterrupted([&] { return ops_->ftruncate(fd_, static_cast<off_t>(end_)); });
  close_descriptor();
}

void ObjectFile::remove() {
  // Still open, so still locked: no other writer can have taken the name in between.
  if (path_is_this_file()) ops_->unlink(path_.c_str());
  close_descriptor();
}

bool ObjectFile::path_is_this_file() {
  struct stat opened {
  }, named{};
  return ops_->fstat(fd_, &opened) == 0 && ops_->stat(path_.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

void ObjectFile::close_descriptor() {
  if (fd_ >= 0) ops_->close(std::exchange(fd_, -1));
}

}  // namespace rec::dirsink
