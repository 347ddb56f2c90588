// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes storage URLs, endpoints and object keys. Input: one URL; its option `endpoint`, or else
// the whole input, is read as an endpoint too.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/objstore/endpoint.h"
#include "lib/objstore/object_url.h"
#include "lib/objstore/text.h"
#include "tests/fuzz/check.h"

namespace {

using namespace rec::objstore;

// Nothing in it can end a request line or a header, or be read as another part of a URL.
bool is_url_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~%/:[]").find(c) != std::string_view::npos;
  });
}

void check_endpoint(std::string_view text, std::string_view bucket, std::string_view key) {
  const auto endpoint = parse_endpoint(text, bucket);
  if (!endpoint) return;
  const auto again = parse_endpoint(endpoint.value().origin() + endpoint.value().base_path, "");
  rec::fuzz::check(again && again.value() == endpoint.value());
  const auto region = region_of(endpoint.value());
  rec::fuzz::check(region.empty() || is_region(region));
  for (const auto style : {Addressing::kAuto, Addressing::kPath, Addressing::kVirtual}) {
    const auto made = address(endpoint.value(), style, bucket, key);
    rec::fuzz::check(is_url_safe(made.url()) && made.path.starts_with('/'));
    const auto decoded = percent_decode(made.path);
    rec::fuzz::check(decoded && decoded->ends_with(key));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_endpoint(input, "rec", "k");
  const auto url = parse_object_url(input);
  if (!url) return 0;
  rec::fuzz::check(check_bucket(url.value().bucket) && is_utf8(url.value().path));
  const auto key = object_key("", url.value().path);
  if (key) {
    const auto same = object_key("/", key.value());
    rec::fuzz::check(same && same.value() == key.value());
  }
  for (const auto& [name, value] : url.value().options)
    if (name == "endpoint") check_endpoint(value, url.value().bucket, key ? key.value() : "k");
  return 0;
}
