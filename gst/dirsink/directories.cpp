// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/directories.h"

#include <fcntl.h>

#include <vector>

#include "gst/dirsink/object_file.h"
#include "gst/dirsink/whole_file.h"

namespace rec::dirsink {
namespace {

constexpr std::size_t kProbeSize = 64 << 10;  // bytes: more than a file system keeps in an inode

bool is_directory(FileOps& ops, const std::string& path) {
  struct stat info {};
  return ops.stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int make_directories(FileOps& ops, const std::string& path, Durability durability) {
  // Outermost first: mkdir() only where something is missing, because on a read-only parent it
  // may answer EROFS even for a directory that exists.
  for (auto slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (!is_directory(ops, directory)) {
      const int result = ops.mkdir(directory.c_str(), 0777);
      if (result == -EEXIST && !is_directory(ops, directory)) return ENOTDIR;
      if (result < 0 && result != -EEXIST) return -result;
      if (durability != Durability::kNone)
        if (const int code = sync_directory(ops, parent_of(directory))) return code;
    }
    if (slash == std::string::npos) return 0;
  }
}

int sync_directory(FileOps& ops, const std::string& path) {
  const int fd =
      uninterrupted([&] { return ops.open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (fd < 0) return -fd;
  const int result = uninterrupted([&] { return ops.fsync(fd); });
  ops.close(fd);
  // FUSE and SMB file systems without directory sync say EINVAL: they have nothing better.
  return result == -EINVAL ? 0 : -result;
}

int probe_directory(const std::shared_ptr<FileOps>& ops, const std::string& directory,
                    std::uint64_t free_bytes) {
  if (const int code = make_directories(*ops, directory, Durability::kNone)) return code;
  ObjectFile file;
  const std::string path = directory + "/" + temporary_name();
  if (const int code = ObjectFile::create(ops, path, Durability::kNone, file)) return code;
  const std::vector<std::uint8_t> data(kProbeSize, 0xa5);
  int code = file.write_at(0, data);
  if (!code) code = file.sync();
  struct statvfs space {};
  if (!code) code = -uninterrupted([&] { return ops->statvfs(directory.c_str(), &space); });
  file.remove();
  if (code) return code;
  const std::uint64_t available = std::uint64_t{space.f_bavail} * space.f_frsize;
  return available >= free_bytes ? 0 : ENOSPC;
}

}  // namespace rec::dirsink
