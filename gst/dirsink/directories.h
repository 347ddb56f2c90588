// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Directories: made, synced, and asked whether they take data. Functions return 0 or an errno
// value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gst/dirsink/file_ops.h"

namespace rec::dirsink {

enum class Durability {
  kNone,      // the kernel decides: survives kill -9, not a power cut
  kFragment,  // each unit is on the medium before the next is begun
  kClose,     // the file is on the medium when it is reported as stored
};

std::string parent_of(const std::string& path);  // "." where there is none

// Like `mkdir -p`.
int make_directories(FileOps& ops, const std::string& path, Durability durability);

// Makes names in `path` survive a power cut.
int sync_directory(FileOps& ops, const std::string& path);

// Proves that `directory` (made if missing) takes data: writes, syncs and removes 64 KiB, and
// wants `free_bytes` to be free. ENOSPC: there is less.
int probe_directory(const std::shared_ptr<FileOps>& ops, const std::string& directory,
                    std::uint64_t free_bytes);

}  // namespace rec::dirsink
