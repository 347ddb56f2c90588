// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One file that is being written: created exclusively, locked, committed unit by unit. POSIX only,
// no GLib; used by one I/O thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gst/dirsink/directories.h"
#include "gst/dirsink/file_ops.h"

namespace rec::dirsink {

// Functions that return int return 0 or an errno value.
class ObjectFile {
 public:
  ObjectFile() = default;
  ObjectFile(ObjectFile&& other) noexcept { *this = std::move(other); }
  ObjectFile& operator=(ObjectFile&& other) noexcept;
  ~ObjectFile() { close_descriptor(); }

  // Creates `path` and what is missing of its directories. EEXIST: the name is somebody else's.
  static int create(std::shared_ptr<FileOps> ops, const std::string& path, Durability durability,
                    ObjectFile& file);

  // Appends one unit so that a reader, at any instant, sees all of it or nothing: a box, element
  // or packet whose first 8 bytes are missing (zero) does not count. What a failed call has
  // written is cut off again.
  int append(std::span<const std::uint8_t> unit);
  // Overwrites bytes at `offset`; what goes beyond the end extends the file. Not atomic: who
  // rewrites chooses bytes of which every intermediate state is valid.
  int write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);

  // Keeps room on the disk for so many bytes behind the end, until the file is closed. ENOSPC or
  // EDQUOT: there is not so much. A file system that cannot do that is no error.
  int reserve(std::uint64_t bytes);

  int sync();      // puts what was written on the medium
  int close();     // all done: keeps the file, with the durability that was asked for
  void discard();  // cuts back to the last whole unit and closes; removes a file without any
  void remove();   // closes and removes the file, unless the path is no longer this file

  bool is_open() const { return fd_ >= 0; }
  std::uint64_t end() const { return end_; }  // bytes, up to the last whole unit
  const std::string& path() const { return path_; }

 private:
  int write_all(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  int committed(std::uint64_t end);
  int still_linked();
  bool path_is_this_file();
  void close_descriptor();
  void release();

  std::shared_ptr<FileOps> ops_;
  std::string path_;
  Durability durability_ = Durability::kNone;
  int fd_ = -1;
  std::uint64_t end_ = 0;
  std::uint64_t reserved_ = 0;  // up to there; 0: nothing is
  bool can_reserve_ = true;
};

}  // namespace rec::dirsink
