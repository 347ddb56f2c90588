// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/naming.h"

#include <algorithm>
#include <functional>

#include "gst/dirsink/key_check.h"

namespace rec::dirsink {
namespace {

constexpr unsigned kMaxNumber = 10'000;  // a lane must not spend minutes on one claim

template <class Take>
int take_first_free(const Place& place, const std::string& key, std::string& used_key, Take take) {
  for (unsigned number = 0; number <= kMaxNumber; ++number) {
    const std::string candidate = number ? numbered_key(key, number) : key;
    const int code = take(place.path_of(candidate));
    if (code == 0) used_key = candidate;
    if (code != EEXIST || place.on_exists == OnExists::kError) return code;
  }
  return EBUSY;
}

}  // namespace

int create_free(const Place& place, const std::string& key, ObjectFile& file,
                std::string& used_key) {
  return take_first_free(place, key, used_key, [&](const std::string& path) {
    return ObjectFile::create(place.ops, path, place.durability, file);
  });
}

int publish_free(const Place& place, const std::string& key, TemporaryFile& file,
                 std::string& used_key) {
  return take_first_free(place, key, used_key,
                         [&](const std::string& path) { return file.publish_if_free(path); });
}

void OwnedNames::add(const std::string& key, const std::string& used_key) {
  if (key != used_key) {
    renamed_[key] = used_key;
    return;
  }
  const std::uint64_t hash = std::hash<std::string>{}(key);
  const auto place = std::lower_bound(same_.begin(), same_.end(), hash);
  if (place == same_.end() || *place != hash) same_.insert(place, hash);
}

std::string OwnedNames::find(const std::string& key) const {
  if (const auto it = renamed_.find(key); it != renamed_.end()) return it->second;
  return std::binary_search(same_.begin(), same_.end(), std::hash<std::string>{}(key)) ? key : "";
}

}  // namespace rec::dirsink
