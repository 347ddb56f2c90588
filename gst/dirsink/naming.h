// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a key becomes a file name that nobody else has, and which names this run may replace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gst/dirsink/object_file.h"
#include "gst/dirsink/whole_file.h"

namespace rec::dirsink {

enum class OnExists {
  kRename,  // take the next free name: "name-1.mp4", "name-2.mp4", …
  kError,   // refuse
};

// Where objects go and how; fixed for one run.
struct Place {
  std::shared_ptr<FileOps> ops;
  std::string root;  // absolute, without a slash at its end
  Durability durability = Durability::kNone;
  OnExists on_exists = OnExists::kRename;

  std::string path_of(const std::string& key) const {
    return key.starts_with('/') ? key : root + "/" + key;
  }
};

// 0 or an errno value; EEXIST: taken, and `on_exists` is kError (or nothing is free). `used_key`
// is set if something was created.
int create_free(const Place& place, const std::string& key, ObjectFile& file,
                std::string& used_key);
int publish_free(const Place& place, const std::string& key, TemporaryFile& file,
                 std::string& used_key);

// The keys that this run has created or read. A day of segments is 10^5 of them: 8 bytes each, not
// the text.
class OwnedNames {
 public:
  void add(const std::string& key, const std::string& used_key);
  // The key under which `key` is stored; empty: not ours.
  std::string find(const std::string& key) const;

 private:
  std::vector<std::uint64_t> same_;             // sorted hashes of keys stored as they are
  std::map<std::string, std::string> renamed_;  // the few others
};

}  // namespace rec::dirsink
