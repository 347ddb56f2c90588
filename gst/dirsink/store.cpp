// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/store.h"

#include <algorithm>
#include <utility>

#include "gst/dirsink/key_check.h"

namespace rec::dirsink {
namespace {

constexpr std::uint64_t kReadLimit = 64ULL << 20;      // bytes: a manifest, not a recording
constexpr std::uint64_t kMinFree = 1ULL << 20;         // bytes
constexpr std::uint64_t kWorthBeginning = 8ULL << 20;  // bytes: no files of a second each
constexpr std::size_t kMaxFailed = 1024;  // keys; a producer sends few that have failed

class Stopwatch {
 public:
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void note_times(ObjectInfo& seen, const ObjectInfo& info) {
  if (!GST_CLOCK_TIME_IS_VALID(seen.start_utc)) seen.start_utc = info.start_utc;
  if (GST_CLOCK_TIME_IS_VALID(info.end_utc)) seen.end_utc = info.end_utc;
  if (GST_CLOCK_TIME_IS_VALID(info.duration)) seen.duration = info.duration;
}

}  // namespace

void Store::claim(const std::string& key) {
  if (closed_) return;
  if (auto fault = key_fault(key, place_.root.size()); !fault.empty()) {
    listener_.on_failed({.key = key, .path = place_.root, .code = EINVAL, .reason = fault});
    return listener_.on_claim({.key = key, .granted = false, .use_key = {}});
  }
  if (const auto it = objects_.find(key); it != objects_.end() && !it->second.begun)
    return listener_.on_claim({.key = key, .granted = true, .use_key = key});
  if (unavailable_)
    pending_claims_.push_back(key);
  else
    try_claim(key, /*again=*/false);
}

void Store::try_claim(const std::string& key, bool again) {
  Object object;
  const int code = create_free(place_, key, object.file, object.used_key);
  if (code == 0) {
    has_worked_ = true;
    const std::string used_key = object.used_key;
    objects_.insert_or_assign(used_key, std::move(object));
    return listener_.on_claim({.key = key, .granted = true, .use_key = used_key});
  }
  if (code == EEXIST) {
    listener_.on_name_taken(place_.path_of(key));
    return listener_.on_claim({.key = key, .granted = false, .use_key = {}});
  }
  if (!again) listener_.on_failed({.key = key, .path = place_.path_of(key), .code = code});
  pending_claims_.push_back(key);
  unavailable(place_.path_of(key), code);
}

void Store::read(const std::string& key) {
  if (closed_) return;
  Readback readback{.key = key, .found = false, .bytes = {}};
  const bool claimed = objects_.contains(key);  // then what is there is ours, and empty
  if (!claimed && key_fault(key, place_.root.size()).empty()) {
    const std::string known = owned_.find(key);
    const std::string& used_key = known.empty() ? key : known;
    const int code = read_file(*place_.ops, place_.path_of(used_key), kReadLimit, readback.bytes);
    readback.found = code == 0;
    // Only what the producer has seen can be continued by what it will write.
    if (readback.found) owned_.add(key, used_key);
  }
  listener_.on_readback(readback);
}

void Store::unit(const ObjectInfo& info, std::span<const std::uint8_t> bytes) {
  if (closed_) return listener_.on_dropped(bytes.size());
  largest_unit_ = std::max<std::uint64_t>(largest_unit_, bytes.size());
  if (info.replace) return replace(info, bytes);
  if (info.begin && !begin(info)) return listener_.on_dropped(bytes.size());
  const auto it = objects_.find(info.key);
  if (it == objects_.end() || !it->second.begun) return stray(info, bytes.size());
  Object& object = it->second;
  if (info.offset > object.file.end()) {
    fail(it, EINVAL, "The object has a hole: a buffer begins after its end");
    return listener_.on_dropped(bytes.size());
  }
  const Stopwatch watch;
  if (const int code = write(object, info.offset, bytes)) {
    fail(it, code);
    return listener_.on_dropped(bytes.size());
  }
  listener_.on_written(bytes.size(), watch.elapsed());
  note_times(object.info, info);
  if (info.end) return end(it, /*whole=*/true);
  if (info.reserve > 0) keep_room(object, info);
}

// The end of an object makes it whole: there must be room for it, and for what the producer sends
// until it knows, when there is none for more.
void Store::keep_room(Object& object, const ObjectInfo& info) {
  const std::uint64_t room = info.reserve + std::max(kMinFree, 4 * largest_unit_);
  const int code = object.file.reserve(room);
  if (code == 0 || std::exchange(object.full, true)) return;
  room_wanted_ = room + kWorthBeginning;
  listener_.on_full(
      {.key = info.key, .path = object.file.path(), .code = code, .bytes = object.file.end()});
  unavailable(object.file.path(), code);
}

int Store::write(Object& object, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return 0;
  if (offset == object.file.end()) return object.file.append(bytes);
  return object.file.write_at(offset, bytes);
}

bool Store::begin(const ObjectInfo& info) {
  failed_.erase(info.key);
  std::erase(pending_claims_, info.key);  // the producer did not wait for the answer
  if (const auto it = objects_.find(info.key); it != objects_.end()) {
    if (it->second.begun) {
      fail(it, EINVAL, "The object was begun twice");
      return false;
    }
    it->second.begun = true;
    listener_.on_opened(info.key, it->second.file.path());
    return true;
  }
  if (auto fault = key_fault(info.key, place_.root.size()); !fault.empty()) {
    refuse(info, EINVAL, fault);
    return false;
  }
  Object object;
  if (const int code = create_free(place_, info.key, object.file, object.used_key)) {
    if (code == EEXIST) listener_.on_name_taken(place_.path_of(info.key));
    refuse(info, code);
    return false;
  }
  has_worked_ = object.begun = true;
  const auto it = objects_.insert_or_assign(info.key, std::move(object)).first;
  listener_.on_opened(info.key, it->second.file.path());
  return true;
}

void Store::stray(const ObjectInfo& info, std::uint64_t bytes) {
  listener_.on_dropped(bytes);
  if (failed_.contains(info.key)) {
    if (info.end) failed_.erase(info.key);
    return;
  }
  refuse(info, EINVAL, "The object has not begun, or has ended before");
}

void Store::replace(const ObjectInfo& info, std::span<const std::uint8_t> bytes) {
  auto it = objects_.find(info.key);
  if (it != objects_.end() && it->second.begun) {
    fail(it, EINVAL, "The object was replaced while it was open");
    return listener_.on_dropped(bytes.size());
  }
  if (auto fault = key_fault(info.key, place_.root.size()); !fault.empty()) {
    refuse(info, EINVAL, fault);
    return listener_.on_dropped(bytes.size());
  }
  failed_.erase(info.key);
  const bool claimed = it != objects_.end();  // then the file is there, empty, and locked
  std::string used_key = claimed ? it->second.used_key : owned_.find(info.key);
  const bool first = claimed || used_key.empty();
  const Stopwatch watch;
  if (const int code = put_in_place(info.key, bytes, used_key)) {
    if (code == EEXIST) listener_.on_name_taken(place_.path_of(info.key));
    refuse(info, code);
    return listener_.on_dropped(bytes.size());
  }
  if (claimed) objects_.erase(it);
  listener_.on_written(bytes.size(), watch.elapsed());
  has_worked_ = true;
  owned_.add(info.key, used_key);
  const std::string path = place_.path_of(used_key);
  if (first) listener_.on_opened(info.key, path);
  listener_.on_stored({.key = info.key,
                       .path = path,
                       .bytes = bytes.size(),
                       .whole = true,
                       .start_utc = info.start_utc,
                       .end_utc = info.end_utc,
                       .duration = info.duration});
}

// `used_key`: the name to replace, or empty for the first free one, which it then becomes.
int Store::put_in_place(const std::string& key, std::span<const std::uint8_t> bytes,
                        std::string& used_key) {
  const std::string path = place_.path_of(used_key.empty() ? key : used_key);
  TemporaryFile file;
  if (const int code = TemporaryFile::write(place_.ops, path, bytes, place_.durability, file))
    return code;
  return used_key.empty() ? publish_free(place_, key, file, used_key) : file.publish_over(path);
}

void Store::end(Objects::iterator it, bool whole) {
  const auto& [key, object] = *it;
  const StoredObject stored{.key = key,
                            .path = object.file.path(),
                            .bytes = object.file.end(),
                            .whole = whole,
                            .start_utc = object.info.start_utc,
                            .end_utc = object.info.end_utc,
                            .duration = object.info.duration};
  const int code = it->second.file.close();
  if (code) return fail(it, code);
  owned_.add(key, object.used_key);
  objects_.erase(it);
  listener_.on_stored(stored);
}

void Store::fail(Objects::iterator it, int code, const std::string& reason) {
  const std::string key = it->first;
  Object object = std::move(it->second);
  objects_.erase(it);
  const std::string path = object.file.path();
  const std::uint64_t kept = code == ENOENT ? 0 : object.file.end();
  if (object.file.is_open()) object.file.discard();
  remember_failed(key);
  listener_.on_failed(
      {.key = key, .path = path, .code = code, .reason = reason, .bytes = kept, .begun = true});
  if (reason.empty()) unavailable(path, code);
}

void Store::refuse(const ObjectInfo& info, int code, const std::string& reason) {
  if (!info.end) remember_failed(info.key);
  listener_.on_failed({.key = info.key,
                       .path = place_.path_of(info.key),
                       .code = code,
                       .reason = reason,
                       .begun = true});
  if (reason.empty() && code != EEXIST) unavailable(place_.path_of(info.key), code);
}

void Store::remember_failed(const std::string& key) {
  if (failed_.size() >= kMaxFailed) failed_.clear();
  failed_.insert(key);
}

void Store::give_up(const std::string& key) {
  const auto it = objects_.find(key);
  if (it == objects_.end()) return;
  it->second.file.discard();
  objects_.erase(it);
}

void Store::unavailable(const std::string& path, int code) {
  if (closed_) return;
  if (!has_worked_ && !std::exchange(told_unusable_, true)) listener_.on_unusable(path, code);
  unavailable_ = true;
  listener_.probe_later();
}

void Store::probe() {
  if (closed_ || !unavailable_) return;
  const std::uint64_t room = std::max({kMinFree, 2 * largest_unit_, room_wanted_});
  if (probe_directory(place_.ops, place_.root, room)) return listener_.probe_later();
  unavailable_ = false;
  room_wanted_ = 0;
  for (const auto& key : std::exchange(pending_claims_, {})) try_claim(key, /*again=*/true);
}

void Store::finish() {
  for (auto it = objects_.begin(); it != objects_.end();) {
    const auto object = it++;  // end() erases it
    if (object->second.begun) end(object, /*whole=*/false);
  }
}

void Store::close() {
  if (closed_) return;
  finish();
  for (auto& [key, object] : objects_) object.file.remove();
  objects_.clear();
  pending_claims_.clear();
  closed_ = true;
}

}  // namespace rec::dirsink
