// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where an object goes, as a user writes it: s3://bucket/root?region=eu-west-1&endpoint=...
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

namespace rec::objstore {

struct ObjectUrl {
  std::string scheme;  // lower-case: "s3", "oss"
  std::string bucket;
  std::string path;  // decoded, without the slash after the bucket; a key or a root
  std::vector<std::pair<std::string, std::string>> options;  // decoded, in order
};

// Secrets are refused, in front of the bucket and as options: URLs are printed, kept in shell
// histories and shown by ps. No error repeats the URL, for the same reason.
Result<ObjectUrl> parse_object_url(std::string_view url);

// What every store accepts in a path-style URL. Whether it can be a host name is decided by the
// address (endpoint.h).
Status check_bucket(std::string_view bucket);

// The key of `path` below `root`: "recordings", "/recordings" and "recordings//" are the same root,
// "" and "/" mean none. `path` loses its leading slashes and blanks at the ends, and runs of
// slashes become one; "." and ".." as segments, control characters, what is not UTF-8 and more than
// `max_bytes` (S3: 1024, OSS: 1023) are refused.
Result<std::string> object_key(std::string_view root, std::string_view path,
                               std::size_t max_bytes = 1024);

}  // namespace rec::objstore
