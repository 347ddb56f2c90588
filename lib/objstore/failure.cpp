// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/failure.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "lib/objstore/endpoint.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

namespace chrono = std::chrono;
using Kind = FailureClass;

// Beyond it a date says that a clock is wrong; servers allow 15 minutes.
constexpr chrono::minutes kSuspiciousSkew{5};
// A server that names a longer time is asked again all the same.
constexpr chrono::milliseconds kMaxRetryAfter{chrono::minutes(5)};

struct CodeClass {
  std::string_view code;
  Kind kind;
};
constexpr CodeClass kCodes[] = {
    {"InternalError", Kind::kTransient},
    {"InternalErrors", Kind::kTransient},
    {"ServiceUnavailable", Kind::kTransient},
    {"RequestTimeout", Kind::kTransient},
    {"IncompleteBody", Kind::kTransient},
    {"OperationAborted", Kind::kTransient},
    {"ConditionalRequestConflict", Kind::kTransient},
    {"IDPCommunicationError", Kind::kTransient},
    {"SlowDown", Kind::kThrottle},
    {"SlowDownRead", Kind::kThrottle},
    {"SlowDownWrite", Kind::kThrottle},
    {"RequestLimitExceeded", Kind::kThrottle},
    {"BandwidthLimitExceeded", Kind::kThrottle},
    {"TooManyRequests", Kind::kThrottle},
    {"QpsLimitExceeded", Kind::kThrottle},
    {"DownloadTrafficRateLimitExceeded", Kind::kThrottle},
    {"UploadTrafficRateLimitExceeded", Kind::kThrottle},
    {"ExceedAccountQPSLimit", Kind::kThrottle},
    {"ExceedAccountRateLimit", Kind::kThrottle},
    {"ExceedBucketQPSLimit", Kind::kThrottle},
    {"ExceedBucketRateLimit", Kind::kThrottle},
    {"BadDigest", Kind::kIntegrity},
    {"InvalidDigest", Kind::kIntegrity},
    {"XAmzContentSHA256Mismatch", Kind::kIntegrity},
    {"XAmzContentChecksumMismatch", Kind::kIntegrity},
    {"RequestTimeTooSkewed", Kind::kClock},
    {"RequestExpired", Kind::kClock},
    {"ExpiredToken", Kind::kAuth},
    {"ExpiredTokenException", Kind::kAuth},
    {"InvalidToken", Kind::kAuth},
    {"TokenRefreshRequired", Kind::kAuth},
    {"SecurityTokenExpired", Kind::kAuth},
    {"InvalidSecurityToken", Kind::kAuth},
    {"PermanentRedirect", Kind::kRegion},
    {"TemporaryRedirect", Kind::kRegion},
    {"IllegalLocationConstraintException", Kind::kRegion},
    {"NotImplemented", Kind::kNotImplemented},
    {"PreconditionFailed", Kind::kExists},
    {"FileAlreadyExists", Kind::kExists},
};

std::optional<Kind> class_of_code(const ServiceError& error) {
  if (error.code.starts_with("Throttling")) return Kind::kThrottle;
  if (error.code == "AuthorizationHeaderMalformed" && !error.region.empty()) return Kind::kRegion;
  const auto* const found =
      std::find_if(std::begin(kCodes), std::end(kCodes),
                   [&](const auto& entry) { return entry.code == error.code; });
  if (found == std::end(kCodes)) return std::nullopt;
  return found->kind;
}

Kind class_of_status(int status, const ServiceError& error, Dialect dialect) {
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308: return Kind::kRegion;
    case 412: return Kind::kExists;
    case 429: return Kind::kThrottle;
    case 501: return Kind::kNotImplemented;
    case 408:
    case 499: return Kind::kTransient;
    case 401: return dialect == Dialect::kOss ? Kind::kTransient : Kind::kFatal;
    case 409: return error.code.empty() ? Kind::kTransient : Kind::kFatal;
    // HEAD has no body: that the bucket is elsewhere shows in a header only.
    case 400:
      if (dialect == Dialect::kOss && error.code == "BadRequest") return Kind::kTransient;
      return error.code.empty() && !error.region.empty() ? Kind::kRegion : Kind::kFatal;
    // 200 and an error in the body: without a code, the answer was cut off.
    default:
      return status >= 500 || (status < 300 && error.code.empty()) ? Kind::kTransient
                                                                   : Kind::kFatal;
  }
}

// A signature is refused without a word about the time, and yet the clocks differ.
bool is_clock(int status, const ServiceError& error, Utc now) {
  if (status != 403 || !error.server_time) return false;
  if (!error.code.empty() && error.code != "AccessDenied" && error.code != "SignatureDoesNotMatch")
    return false;
  return *error.server_time > now + kSuspiciousSkew || now > *error.server_time + kSuspiciousSkew;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<chrono::milliseconds> retry_after(const Headers& headers) {
  std::optional<std::int64_t> wait;  // milliseconds
  if (const auto* text = find_header(headers, "x-amz-retry-after")) wait = number(*text);
  if (const auto* text = find_header(headers, "Retry-After"); !wait && text)
    if (const auto seconds = number(*text))
      wait = std::min<std::int64_t>(*seconds, 1'000'000) * 1000;
  if (!wait) return std::nullopt;
  return chrono::milliseconds(std::min<std::int64_t>(*wait, kMaxRetryAfter.count()));
}

void add_headers(const Headers& headers, ServiceError& error) {
  for (const char* name : {"x-amz-request-id", "x-oss-request-id"}) {
    const auto* const id = find_header(headers, name);
    if (error.request_id.empty() && id && id->size() <= 128 && is_utf8(*id) && !has_control(*id))
      error.request_id = *id;
  }
  if (const auto* region = find_header(headers, "x-amz-bucket-region"))
    if (is_region(*region)) error.region = *region;
  if (const auto* date = find_header(headers, "Date"); date && !error.server_time)
    error.server_time = parse_http_date(*date);
}

struct Remedy {
  std::string_view code;
  Error::Kind kind;
  std::string_view hint;
};
constexpr Remedy kRemedies[] = {
    {"AccessDenied", Error::Kind::kDenied,
     "Allow the key to put, list and abort multipart uploads in this bucket, and check its secret"},
    {"InvalidAccessKeyId", Error::Kind::kDenied,
     "The store does not know the access key: check it, and that it belongs to this endpoint"},
    {"SignatureDoesNotMatch", Error::Kind::kDenied,
     "Check the secret access key, and that no proxy changes requests"},
    {"NoSuchBucket", Error::Kind::kNotFound,
     "Create the bucket, or correct its name and the region"},
    {"NoSuchUpload", Error::Kind::kNotFound,
     "The upload was aborted elsewhere: check the bucket's lifecycle rules"},
    {"InvalidBucketName", Error::Kind::kInvalidSetting, "Correct the bucket's name"},
    {"KeyTooLongError", Error::Kind::kInvalidSetting, "Choose a shorter root or path template"},
    {"EntityTooLarge", Error::Kind::kInvalidSetting, "Set a larger part size"},
    {"EntityTooSmall", Error::Kind::kInvalidSetting, "Set a larger part size"},
    {"InvalidStorageClass", Error::Kind::kInvalidSetting,
     "Choose a storage class that the store has"},
    {"QuotaExceeded", Error::Kind::kNoSpace, "Raise the quota, or delete what is no longer needed"},
};

Remedy remedy_of(const Failure& failure) {
  for (const auto& remedy : kRemedies)
    if (remedy.code == failure.service.code) return remedy;
  switch (failure.kind) {
    case Kind::kExists:
      return {{}, Error::Kind::kExists, "Choose another key, or allow overwriting"};
    case Kind::kAuth: return {{}, Error::Kind::kDenied, "Renew the temporary credentials"};
    case Kind::kClock: return {{}, Error::Kind::kDenied, "Set the clock of this machine"};
    case Kind::kRegion:
      return {{}, Error::Kind::kInvalidSetting, "Set the region and the endpoint of the bucket"};
    case Kind::kThrottle:
      return {{}, Error::Kind::kIo, "Record less at once, or have the store's limits raised"};
    default: break;
  }
  if (failure.status == 403 || failure.status == 401)
    return {{}, Error::Kind::kDenied, "Check the credentials and their permissions"};
  if (failure.status == 404)
    return {{}, Error::Kind::kNotFound, "Check the bucket, the endpoint and its path"};
  if (failure.status == 400)
    return {{}, Error::Kind::kIo, "Check the endpoint: http or https, host, port"};
  return {{}, Error::Kind::kIo, "Check the endpoint and the network to it"};
}

}  // namespace

bool is_success(const HttpAnswer& answer) { return answer.status >= 200 && answer.status < 300; }

Failure failure_of(const HttpAnswer& answer, Dialect dialect, Utc now) {
  return failure_of(answer, parse_error(answer.body), dialect, now);
}

Failure failure_of(const HttpAnswer& answer, const ServiceError& embedded, Dialect dialect,
                   Utc now) {
  Failure out;
  out.status = answer.status;
  out.service = embedded;
  add_headers(answer.headers, out.service);
  out.retry_after = retry_after(answer.headers);
  const auto by_code = class_of_code(out.service);
  out.kind = by_code ? *by_code : class_of_status(answer.status, out.service, dialect);
  if (is_clock(answer.status, out.service, now)) out.kind = Kind::kClock;
  return out;
}

Failure failure_of(const TransportError& error) {
  Failure out;
  out.transport = error.what;
  switch (error.kind) {
    case TransportError::Kind::kTimeout:
    case TransportError::Kind::kStalled:
      out.timed_out = true;
      out.kind = Kind::kTransient;
      break;
    case TransportError::Kind::kResolve:
    case TransportError::Kind::kConnect:
    case TransportError::Kind::kBroken: out.kind = Kind::kTransient; break;
    case TransportError::Kind::kCancelled: out.kind = Kind::kCancelled; break;
    default: out.kind = Kind::kFatal; break;
  }
  return out;
}

Error error_of(const Failure& failure, std::string_view subject, std::string_view host) {
  std::string what = std::string(subject) + " at " + std::string(host) + ": ";
  if (failure.status == 0) {
    what += failure.transport;
  } else {
    what += std::to_string(failure.status);
    if (!failure.service.code.empty()) what += " " + failure.service.code;
    if (!failure.service.ec.empty()) what += ", EC " + failure.service.ec;
    if (!failure.service.request_id.empty())
      what += " (request " + failure.service.request_id + ")";
    if (failure.kind == Kind::kRegion && !failure.service.region.empty())
      what += "; the bucket is in " + failure.service.region;
  }
  const auto remedy = remedy_of(failure);
  return {remedy.kind, std::move(what), std::string(remedy.hint)};
}

}  // namespace rec::objstore
