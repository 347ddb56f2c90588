// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes the answers of object stores. Input: one XML document.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/objstore/endpoint.h"
#include "lib/objstore/service_xml.h"
#include "lib/objstore/text.h"
#include "lib/objstore/xml_reader.h"
#include "tests/fuzz/check.h"

namespace {

using namespace rec::objstore;

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_error(const ServiceError& error) {
  rec::fuzz::check(is_printable(error.code) && is_printable(error.request_id) &&
                   is_printable(error.ec));
  rec::fuzz::check(error.region.empty() || is_region(error.region));
}

void check_parts(const PartList& list) {
  for (const auto& part : list.parts)
    rec::fuzz::check(part.number >= 1 && part.number <= 10'000 && !part.etag.empty() &&
                     is_printable(part.etag) && is_printable(part.crc32c));
  rec::fuzz::check(!list.next_marker || *list.next_marker > 7);
  const auto request = XmlDocument::parse(complete_body(list.parts));
  rec::fuzz::check(request && request->root().children("Part").size() == list.parts.size());
  for (const auto& part : request->root().children("Part"))
    rec::fuzz::check(std::any_of(list.parts.begin(), list.parts.end(), [&](const auto& sent) {
      return part.text("ETag") == "\"" + sent.etag + "\"" &&
             part.text("PartNumber") == std::to_string(sent.number);
    }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check_error(parse_error(body));
  const auto completed = parse_completed(body);
  if (const auto* error = std::get_if<ServiceError>(&completed)) check_error(*error);
  if (const auto id = parse_upload_id(body))
    rec::fuzz::check(!id.value().empty() && !has_control(id.value()) && is_utf8(id.value()));
  if (const auto list = parse_part_list(body, 7)) check_parts(list.value());
  return 0;
}
