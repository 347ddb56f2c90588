// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One object from its parts: a PutObject if there is no more than one, otherwise a multipart
// upload. The parts are sent at once and in any order, each until it has arrived; the object
// becomes visible when it is complete, or never.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/objstore/store_call.h"
#include "lib/objstore/upload_part.h"

namespace rec::objstore {

struct UploadSettings {
  std::string key;
  Headers headers;  // of the object: content-type, x-amz-storage-class, x-amz-meta-*
  bool overwrite = false;
  unsigned max_parallel_parts = 4;
  Monotonic deadline = Monotonic::max();
};

struct StoredObject {
  std::string etag;
  std::uint64_t size = 0;
};

class MultipartUpload : public std::enable_shared_from_this<MultipartUpload> {  // any thread
 public:
  struct Handlers {
    // Once, on a transport's or background thread, with no lock held.
    std::function<void(std::variant<StoredObject, Failure>)> done;
    std::function<void(const UploadedPart&)> part_stored;                     // may be null
    std::function<void(const Failure&, std::chrono::milliseconds)> retrying;  // may be null
  };
  static std::shared_ptr<MultipartUpload> create(std::shared_ptr<StoreCalls> calls,
                                                 UploadSettings settings, Handlers handlers);

  // A full part. Part 1 is kept and may be given again, to rewrite the head of the object: what was
  // sent of it before is replaced.
  void add(UploadPart part);
  // What is left, if anything, and no more: make the object visible.
  void finish(std::optional<UploadPart> last = std::nullopt);
  // Gives up, and lets the store forget what it has: until `deadline`, in the background. `done`
  // says kCancelled. Nothing happens after `done`.
  void abort(Monotonic deadline);

  std::uint64_t unconfirmed_bytes() const;  // that only this process has
  std::string upload_id() const;            // "" if there is none yet

 private:
  enum class State { kIdle, kPutting, kCreating, kUploading, kCompleting, kComparing, kDone };
  struct Entry {
    UploadPart part;
    bool sending = false;
    bool changed = false;  // since it was last given to the transport
    std::optional<UploadedPart> stored;
  };
  using Action = std::function<void()>;

  MultipartUpload(std::shared_ptr<StoreCalls> calls, UploadSettings settings, Handlers handlers);
  // What is to be done now, decided under the lock and done without.
  void step();
  void add_locked(UploadPart part);
  Action next_locked();
  Action put_locked();
  Action create_locked();
  Action part_locked();
  Action complete_locked();

  void send(StoreRequest request, std::function<void(StoreResult)> done);
  void created(const StoreResult& result);
  void part_answered(UploadedPart part, const StoreResult& result);
  void put_answered(const StoreResult& result);
  void completed(const StoreResult& result);
  void compare(const Failure& failure);
  void compared(const Failure& failure, const StoreResult& result);
  void verify(const std::string& etag);
  void verified(const std::string& etag, const StoreResult& result);
  std::string expected_etag() const;
  std::string expected_crc32c() const;
  std::uint64_t size_locked() const;
  void stored(std::string etag);
  void failed(const Failure& failure);
  void end(std::variant<StoredObject, Failure> result, bool cancel_calls = true);
  void forget(Monotonic deadline);

  const std::shared_ptr<StoreCalls> calls_;
  const UploadSettings settings_;
  mutable std::mutex lock_;
  Handlers handlers_;  // done is null once it was called
  State state_ = State::kIdle;
  bool finished_ = false;
  std::string id_;
  std::map<int, Entry> parts_;
  unsigned sending_ = 0;
  std::optional<Monotonic> abort_until_;
  std::vector<std::weak_ptr<StoreCalls::Call>> under_way_;
};

}  // namespace rec::objstore
