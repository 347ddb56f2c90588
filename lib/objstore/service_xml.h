// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The XML of multipart uploads and of errors, as S3 and OSS speak it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.h"
#include "lib/objstore/time_text.h"

namespace rec::objstore {

// What is safe to print of an error. The message is not: of a refused signature it repeats the key.
struct ServiceError {
  std::string code;  // "SlowDown", "" if the body did not say
  std::string request_id;
  std::string ec;      // OSS: "0002-00000226", what exactly was wrong
  std::string region;  // where the bucket is; a valid region or ""
  std::optional<Utc> server_time;
  friend bool operator==(const ServiceError&, const ServiceError&) = default;
};

// Always gives something: proxies send HTML, HEAD sends nothing.
ServiceError parse_error(std::string_view body);

Result<std::string> parse_upload_id(std::string_view body);

struct UploadedPart {
  int number = 0;    // 1 to 10000
  std::string etag;  // without its quotes
  std::uint64_t size = 0;
  std::string crc32c;  // base64 of the big-endian value; "" if the store has none
  friend bool operator==(const UploadedPart&, const UploadedPart&) = default;
};

struct PartList {
  std::vector<UploadedPart> parts;
  std::optional<int> next_marker;  // ask again from here
};
// One page of ListParts that was asked for what comes behind `marker`. A next marker that does not
// lead on is refused: it would never end.
Result<PartList> parse_part_list(std::string_view body, int marker);

// In ascending order whatever the order given: some stores compute another ETag otherwise.
std::string complete_body(std::span<const UploadedPart> parts);

struct CompletedUpload {
  std::string etag;  // without its quotes; "" if the store did not say
  std::string crc32c;
};
// Of a 200: the status is sent before the work is done, so an error may follow in the body. A body
// that ends too early is an error without a code.
std::variant<CompletedUpload, ServiceError> parse_completed(std::string_view body);

// "\"abc\"" -> "abc"
std::string unquote_etag(std::string_view etag);

}  // namespace rec::objstore
