// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files that are written or read in one piece: manifests. Functions return 0 or an errno value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gst/dirsink/directories.h"
#include "gst/dirsink/file_ops.h"

namespace rec::dirsink {

// ".dirsink-….tmp": hidden, and different in every process on every machine.
std::string temporary_name();

// A finished file under a temporary name in the directory of its final one.
class TemporaryFile {
 public:
  // Directories that are missing are made.
  static int write(std::shared_ptr<FileOps> ops, const std::string& final_path,
                   std::span<const std::uint8_t> bytes, Durability durability,
                   TemporaryFile& temporary);
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();  // removes it unless it was published

  // Readers see the old file or the new one, never a mixture.
  int publish_over(const std::string& path);
  int publish_if_free(const std::string& path);  // EEXIST: the name is taken

 private:
  int published(const std::string& path);

  std::shared_ptr<FileOps> ops_;
  std::string path_;  // empty: nothing to remove
  Durability durability_ = Durability::kNone;
};

// The whole of a regular file. EFBIG: larger than `limit` bytes; EINVAL: not a regular file.
int read_file(FileOps& ops, const std::string& path, std::uint64_t limit, std::string& bytes);

}  // namespace rec::dirsink
