// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <random>

#include "gst/dirsink/object_file.h"

namespace rec::dirsink {

std::string temporary_name() {
  static const unsigned process = std::random_device{}();
  static std::atomic<unsigned> next{0};
  char name[64];
  std::snprintf(name, sizeof name, ".dirsink-%ld-%08x-%u.tmp", static_cast<long>(getpid()), process,
                next++);
  return name;
}

int TemporaryFile::write(std::shared_ptr<FileOps> ops, const std::string& final_path,
                         std::span<const std::uint8_t> bytes, Durability durability,
                         TemporaryFile& temporary) {
  const std::string path = parent_of(final_path) + "/" + temporary_name();
  ObjectFile file;
  if (const int code = ObjectFile::create(ops, path, Durability::kNone, file)) return code;
  temporary.ops_ = std::move(ops);
  temporary.path_ = path;
  temporary.durability_ = durability;
  if (const int code = file.write_at(0, bytes)) return code;
  // Before the rename: else a power cut could leave the new name with nothing in it.
  if (durability != Durability::kNone)
    if (const int code = file.sync()) return code;
  return file.close();
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ops_->unlink(path_.c_str());
}

int TemporaryFile::publish_over(const std::string& path) {
  const int result = uninterrupted([&] { return ops_->rename(path_.c_str(), path.c_str()); });
  return result < 0 ? -result : published(path);
}

int TemporaryFile::publish_if_free(const std::string& path) {
  const int result =
      uninterrupted([&] { return ops_->rename_if_free(path_.c_str(), path.c_str()); });
  if (result == 0) return published(path);
  if (result != -EINVAL && result != -ENOSYS) return -result;
  // NFS and others: take the name first. A crash between the two calls leaves an empty file.
  ObjectFile placeholder;
  if (const int code = ObjectFile::create(ops_, path, Durability::kNone, placeholder)) return code;
  const int code = publish_over(path);
  if (code) placeholder.remove();
  return code;
}

int TemporaryFile::published(const std::string& path) {
  path_.clear();
  return durability_ == Durability::kNone ? 0 : sync_directory(*ops_, parent_of(path));
}

int read_file(FileOps& ops, const std::string& path, std::uint64_t limit, std::string& bytes) {
  // O_NONBLOCK: opening a FIFO of that name must not wait for its other end.
  const int fd =
      uninterrupted([&] { return ops.open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0); });
  if (fd < 0) return -fd;
  struct stat info {};
  int code = -ops.fstat(fd, &info);
  if (!code && !S_ISREG(info.st_mode)) code = EINVAL;
  if (!code && static_cast<std::uint64_t>(info.st_size) > limit) code = EFBIG;
  if (!code) bytes.resize(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (!code && done < bytes.size()) {
    const ssize_t got = uninterrupted([&] {
      return ops.pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    });
    if (got < 0) code = static_cast<int>(-got);
    if (got <= 0) break;  // 0: it has become shorter meanwhile
    done += static_cast<std::size_t>(got);
  }
  ops.close(fd);
  bytes.resize(code ? 0 : done);
  return code;
}

}  // namespace rec::dirsink
