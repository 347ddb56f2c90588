// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MultipartUpload: what the store answered.
#include <utility>

#include "lib/objstore/multipart_upload.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr std::size_t kMd5Digits = 32;

bool is_md5(const std::string& etag) {
  return etag.size() == kMd5Digits &&
         etag.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

void append_hex(Bytes& out, const std::string& digits) {
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
}

// What the store has made is not what it was sent.
Failure mismatch(const char* code) {
  Failure out;
  out.status = 200;
  out.service.code = code;
  return out;
}

}  // namespace

void MultipartUpload::created(const StoreResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) return failed(*failure);
  auto id = parse_upload_id(std::get<HttpAnswer>(result).body);
  if (!id) {
    Failure failure;
    failure.transport = id.error().what;
    return failed(failure);
  }
  std::optional<Monotonic> abort_until;
  {
    const std::lock_guard l(lock_);
    id_ = std::move(id.value());
    if (state_ != State::kDone) state_ = State::kUploading;
    abort_until = abort_until_;
  }
  if (abort_until) return forget(*abort_until);
  step();
}

void MultipartUpload::part_answered(UploadedPart part, const StoreResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) return failed(*failure);
  part.etag = unquote_etag(*find_header(std::get<HttpAnswer>(result).headers, "ETag"));
  {
    const std::lock_guard l(lock_);
    if (state_ == State::kDone) return;
    auto& entry = parts_[part.number];
    entry.sending = false;
    --sending_;
    // The head is rewritten by bytes that come later: it is given again, whole.
    if (!entry.changed) entry.part.body.clear();
    entry.stored = part;
  }
  if (handlers_.part_stored) handlers_.part_stored(part);
  step();
}

void MultipartUpload::put_answered(const StoreResult& result) {
  const auto* const failure = std::get_if<Failure>(&result);
  if (failure && failure->kind == FailureClass::kExists) return compare(*failure);
  if (failure) return failed(*failure);
  const auto* const etag = find_header(std::get<HttpAnswer>(result).headers, "ETag");
  stored(etag ? unquote_etag(*etag) : std::string());
}

void MultipartUpload::completed(const StoreResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) {
    // The first answer may have been lost: then the upload is gone because the object is there.
    const bool gone = failure->service.code == "NoSuchUpload";
    return gone || failure->kind == FailureClass::kExists ? compare(*failure) : failed(*failure);
  }
  const auto done = parse_completed(std::get<HttpAnswer>(result).body);
  const auto& [etag, crc32c] = std::get<CompletedUpload>(done);
  const auto expected_crc = expected_crc32c();
  const bool composite = crc32c.find('-') != std::string::npos;
  if (composite && !expected_crc.empty() && crc32c != expected_crc)
    return failed(mismatch("BadDigest"));
  const auto expected = expected_etag();
  if (!etag.empty() && (expected.empty() || equals_ignoring_case(etag, expected)))
    return stored(etag);
  verify(etag);
}

// Some stores say nothing of what they have made, and with encryption the ETag is something else.
void MultipartUpload::verify(const std::string& etag) {
  StoreRequest request;
  request.method = "HEAD";
  request.key = settings_.key;
  send(std::move(request), [self = shared_from_this(), etag](const StoreResult& result) {
    self->verified(etag, result);
  });
}

void MultipartUpload::verified(const std::string& etag, const StoreResult& result) {
  if (const auto* failure = std::get_if<Failure>(&result))
    // Who may only write cannot look; the store has said that it is done.
    return failure->status == 403 ? stored(etag) : failed(*failure);
  const auto& headers = std::get<HttpAnswer>(result).headers;
  const auto* const length = find_header(headers, "Content-Length");
  std::uint64_t size = 0;
  {
    const std::lock_guard l(lock_);
    size = size_locked();
  }
  if (length && *length != std::to_string(size)) return failed(mismatch("SizeMismatch"));
  const auto* const now = find_header(headers, "ETag");
  stored(now ? unquote_etag(*now) : etag);
}

void MultipartUpload::compare(const Failure& failure) {
  {
    const std::lock_guard l(lock_);
    if (state_ == State::kDone) return;
    state_ = State::kComparing;
  }
  StoreRequest request;
  request.method = "HEAD";
  request.key = settings_.key;
  send(std::move(request), [self = shared_from_this(), failure](const StoreResult& result) {
    self->compared(failure, result);
  });
}

void MultipartUpload::compared(const Failure& failure, const StoreResult& result) {
  const auto* const answer = std::get_if<HttpAnswer>(&result);
  const auto* const etag = answer ? find_header(answer->headers, "ETag") : nullptr;
  const auto expected = expected_etag();
  if (!etag || expected.empty() || !equals_ignoring_case(unquote_etag(*etag), expected))
    return failed(failure);
  stored(unquote_etag(*etag));
}

// As S3 computes it: the MD5 of the bytes, or the MD5 of the parts' MD5s and their number. "" where
// the ETags of the parts are something else.
std::string MultipartUpload::expected_etag() const {
  const std::lock_guard l(lock_);
  if (id_.empty()) {
    Hash hash(Hash::Algorithm::kMd5);
    for (const auto& [number, entry] : parts_)
      for (const auto& block : entry.part.body) hash.update(*block);
    return hex(hash.finish());
  }
  Bytes all;
  for (const auto& [number, entry] : parts_) {
    if (!entry.stored || !is_md5(entry.stored->etag)) return {};
    append_hex(all, entry.stored->etag);
  }
  return hex(md5(all)) + "-" + std::to_string(parts_.size());
}

// Of the CRCs of the parts, and their number: what S3 calls a composite checksum. "" where a part
// has none.
std::string MultipartUpload::expected_crc32c() const {
  const std::lock_guard l(lock_);
  Crc32c all;
  for (const auto& [number, entry] : parts_) {
    if (entry.part.crc32c.empty()) return {};
    all.update(entry.part.crc32c_bytes);
  }
  return all.base64() + "-" + std::to_string(parts_.size());
}

std::uint64_t MultipartUpload::size_locked() const {
  std::uint64_t size = 0;
  for (const auto& [number, entry] : parts_) size += entry.part.size;
  return size;
}

void MultipartUpload::stored(std::string etag) {
  StoredObject object{std::move(etag), 0};
  {
    const std::lock_guard l(lock_);
    object.size = size_locked();
  }
  end(std::move(object));
}

void MultipartUpload::failed(const Failure& failure) { end(failure); }

void MultipartUpload::end(std::variant<StoredObject, Failure> result, bool cancel_calls) {
  std::function<void(std::variant<StoredObject, Failure>)> done;
  std::vector<std::shared_ptr<StoreCalls::Call>> calls;
  {
    const std::lock_guard l(lock_);
    if (state_ == State::kDone) return;  // the first end counts
    state_ = State::kDone;
    done = std::move(handlers_.done);
    for (auto& [number, entry] : parts_) entry.part.body.clear();
    for (const auto& weak : under_way_)
      if (auto call = weak.lock()) calls.push_back(std::move(call));
    under_way_.clear();
  }
  if (cancel_calls)
    for (const auto& call : calls) StoreCalls::cancel(*call);
  if (done) done(std::move(result));
}

void MultipartUpload::abort(Monotonic deadline) {
  bool creating = false;
  {
    const std::lock_guard l(lock_);
    creating = state_ == State::kCreating;
    abort_until_ = deadline;
  }
  // An upload that is being created is let come about: only then it has an id to abort it by.
  end(failure_of(TransportError{TransportError::Kind::kCancelled, "The upload was aborted"}),
      !creating);
  forget(deadline);
}

void MultipartUpload::forget(Monotonic deadline) {
  StoreRequest request;
  request.method = "DELETE";
  request.key = settings_.key;
  {
    const std::lock_guard l(lock_);
    if (id_.empty()) return;
    request.query = {{"uploadId", std::exchange(id_, {})}};
  }
  calls_->start(std::move(request), deadline, {});
}

}  // namespace rec::objstore
