// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/multipart_upload.h"

#include <algorithm>

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

// A store that joins parts for minutes may be silent meanwhile.
constexpr std::chrono::minutes kCompleteStall{15};

Headers checksum_headers(const UploadPart& part) {
  if (part.crc32c.empty()) return {};
  return {{"x-amz-checksum-crc32c", part.crc32c}, {"x-amz-sdk-checksum-algorithm", "CRC32C"}};
}

// What arrived is not what was sent, as far as the store says.
bool differs(const HttpAnswer& answer, const UploadPart& part) {
  const auto* const crc = find_header(answer.headers, "x-amz-checksum-crc32c");
  return crc && !part.crc32c.empty() && *crc != part.crc32c;
}

ServiceError bad_digest() {
  ServiceError out;
  out.code = "BadDigest";
  return out;
}

}  // namespace

std::shared_ptr<MultipartUpload> MultipartUpload::create(std::shared_ptr<StoreCalls> calls,
                                                         UploadSettings settings,
                                                         Handlers handlers) {
  return std::shared_ptr<MultipartUpload>(
      new MultipartUpload(std::move(calls), std::move(settings), std::move(handlers)));
}

MultipartUpload::MultipartUpload(std::shared_ptr<StoreCalls> calls, UploadSettings settings,
                                 Handlers handlers)
    : calls_(std::move(calls)), settings_(std::move(settings)), handlers_(std::move(handlers)) {}

void MultipartUpload::add(UploadPart part) {
  {
    const std::lock_guard l(lock_);
    add_locked(std::move(part));
  }
  step();
}

void MultipartUpload::finish(std::optional<UploadPart> last) {
  {
    const std::lock_guard l(lock_);
    if (last) add_locked(std::move(*last));
    finished_ = true;
  }
  step();
}

void MultipartUpload::add_locked(UploadPart part) {
  if (state_ == State::kDone) return;
  auto& entry = parts_[part.number];
  entry.changed = true;
  entry.part = std::move(part);
}

std::uint64_t MultipartUpload::unconfirmed_bytes() const {
  const std::lock_guard l(lock_);
  std::uint64_t bytes = 0;
  for (const auto& [number, entry] : parts_)
    if (!entry.stored || entry.changed) bytes += entry.part.size;
  return state_ == State::kDone ? 0 : bytes;
}

std::string MultipartUpload::upload_id() const {
  const std::lock_guard l(lock_);
  return id_;
}

void MultipartUpload::step() {
  for (;;) {
    Action action;
    {
      const std::lock_guard l(lock_);
      action = next_locked();
    }
    if (!action) return;
    action();
  }
}

MultipartUpload::Action MultipartUpload::next_locked() {
  if (state_ == State::kIdle) {
    if (finished_ && parts_.size() <= 1) return put_locked();
    return parts_.empty() ? nullptr : create_locked();
  }
  if (state_ != State::kUploading) return nullptr;
  if (auto action = part_locked()) return action;
  // What has changed again is being sent, or waits for something that is.
  const bool all = std::all_of(parts_.begin(), parts_.end(), [](const auto& item) {
    return item.second.stored && !item.second.sending;
  });
  return finished_ && all ? complete_locked() : nullptr;
}

MultipartUpload::Action MultipartUpload::put_locked() {
  state_ = State::kPutting;
  StoreRequest request;
  request.method = "PUT";
  request.key = settings_.key;
  request.headers = settings_.headers;
  if (!settings_.overwrite) set_header(request.headers, "If-None-Match", "*");
  if (!parts_.empty()) {
    auto& entry = parts_.begin()->second;
    entry.changed = false;
    request.body = entry.part.body;
    request.checksums = checksum_headers(entry.part);
    request.payload_sha256 = entry.part.sha256;
    request.error_in_success =
        [part = entry.part](const HttpAnswer& answer) -> std::optional<ServiceError> {
      if (differs(answer, part)) return bad_digest();
      return std::nullopt;
    };
  }
  return [this, request = std::move(request)] {
    send(request, [self = shared_from_this()](const StoreResult& r) { self->put_answered(r); });
  };
}

MultipartUpload::Action MultipartUpload::create_locked() {
  state_ = State::kCreating;
  StoreRequest request;
  request.method = "POST";
  request.key = settings_.key;
  request.query = {{"uploads", ""}};
  request.headers = settings_.headers;
  if (!parts_.begin()->second.part.crc32c.empty())
    request.checksums = {{"x-amz-checksum-algorithm", "CRC32C"}};
  return [this, request = std::move(request)] {
    send(request, [self = shared_from_this()](const StoreResult& r) { self->created(r); });
  };
}

MultipartUpload::Action MultipartUpload::part_locked() {
  if (sending_ >= settings_.max_parallel_parts) return nullptr;
  const auto place = std::find_if(parts_.begin(), parts_.end(), [this](const auto& item) {
    const auto& [number, entry] = item;
    // A head that is written again and again is sent again once: when nothing follows.
    return entry.changed && !entry.sending && (!entry.stored || finished_);
  });
  if (place == parts_.end()) return nullptr;
  auto& entry = place->second;
  entry.sending = true;
  entry.changed = false;
  ++sending_;
  StoreRequest request;
  request.method = "PUT";
  request.key = settings_.key;
  request.query = {{"partNumber", std::to_string(place->first)}, {"uploadId", id_}};
  request.body = entry.part.body;
  request.checksums = checksum_headers(entry.part);
  request.payload_sha256 = entry.part.sha256;
  request.error_in_success = [part = UploadPart{0, {}, 0, entry.part.crc32c, {}, {}}](
                                 const HttpAnswer& answer) -> std::optional<ServiceError> {
    if (differs(answer, part)) return bad_digest();
    const auto* const etag = find_header(answer.headers, "ETag");
    if (etag && !unquote_etag(*etag).empty()) return std::nullopt;
    ServiceError missing;  // without it the object cannot be completed, however often it is sent
    missing.code = "MissingETag";
    return missing;
  };
  const UploadedPart sent{place->first, {}, entry.part.size, entry.part.crc32c};
  return [this, request = std::move(request), sent] {
    send(request, [self = shared_from_this(), sent](const StoreResult& result) {
      self->part_answered(sent, result);
    });
  };
}

MultipartUpload::Action MultipartUpload::complete_locked() {
  state_ = State::kCompleting;
  std::vector<UploadedPart> parts;
  for (const auto& [number, entry] : parts_) {
    parts.push_back(*entry.stored);
    if (!calls_->sends_checksums()) parts.back().crc32c.clear();
  }
  const auto body = complete_body(parts);
  StoreRequest request;
  request.method = "POST";
  request.key = settings_.key;
  request.query = {{"uploadId", id_}};
  request.headers = {{"Content-Type", "application/xml"}};
  if (!settings_.overwrite) set_header(request.headers, "If-None-Match", "*");
  request.body = {std::make_shared<const Bytes>(body.begin(), body.end())};
  request.payload_sha256 = hex(sha256(bytes_of(body)));
  request.stall_timeout = kCompleteStall;
  request.error_in_success = [](const HttpAnswer& answer) -> std::optional<ServiceError> {
    const auto completed = parse_completed(answer.body);
    if (const auto* error = std::get_if<ServiceError>(&completed)) return *error;
    return std::nullopt;
  };
  return [this, request = std::move(request)] {
    send(request, [self = shared_from_this()](const StoreResult& r) { self->completed(r); });
  };
}

void MultipartUpload::send(StoreRequest request, std::function<void(StoreResult)> done) {
  auto call =
      calls_->start(std::move(request), settings_.deadline, {std::move(done), handlers_.retrying});
  bool stop = false;
  {
    const std::lock_guard l(lock_);
    std::erase_if(under_way_, [](const auto& weak) { return weak.expired(); });
    under_way_.push_back(call);
    stop = state_ == State::kDone;
  }
  if (stop) StoreCalls::cancel(*call);
}

}  // namespace rec::objstore
