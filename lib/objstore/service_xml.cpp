// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/service_xml.h"

#include <algorithm>
#include <charconv>

#include "lib/objstore/endpoint.h"
#include "lib/objstore/text.h"
#include "lib/objstore/xml_reader.h"

namespace rec::objstore {
namespace {

constexpr int kMaxParts = 10'000;
constexpr std::size_t kMaxUploadId = 4096;  // bytes; those of AWS have 128

Error unreadable(const std::string& what) {
  return {Error::Kind::kInvalidData, "The object store's answer cannot be read: " + what,
          "Check that the endpoint is an S3 or OSS service and not a proxy's page"};
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Printable ASCII, of a length that a code or an id has: it ends up in messages.
std::string identifier(const std::string& text) {
  const bool good = text.size() <= 128 && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c > 0x20 && c < 0x7f; });
  return good ? text : std::string();
}

ServiceError error_of(const XmlElement& element) {
  ServiceError out;
  out.code = identifier(element.text("Code"));
  out.request_id = identifier(element.text("RequestId"));
  out.ec = identifier(element.text("EC"));
  if (auto region = element.text("Region"); is_region(region)) out.region = std::move(region);
  out.server_time = parse_iso8601(element.text("ServerTime"));
  return out;
}

std::optional<UploadedPart> part_of(const XmlElement& element) {
  const auto part_number = number<int>(element.text("PartNumber"));
  const auto size = number<std::uint64_t>(element.text("Size"));
  UploadedPart part;
  part.etag = unquote_etag(element.text("ETag"));
  part.crc32c = identifier(element.text("ChecksumCRC32C"));
  if (!part_number || *part_number < 1 || *part_number > kMaxParts || !size || part.etag.empty())
    return std::nullopt;
  part.number = *part_number;
  part.size = *size;
  return part;
}

}  // namespace

ServiceError parse_error(std::string_view body) {
  const auto document = XmlDocument::parse(body);
  if (!document) return {};
  const auto root = document->root();
  if (root.name() == "Error") return error_of(root);
  // STS: ErrorResponse/Error and, beside it, the request.
  if (const auto inner = root.child("Error")) {
    auto error = error_of(*inner);
    if (error.request_id.empty()) error.request_id = identifier(root.text("RequestId"));
    return error;
  }
  return {};
}

Result<std::string> parse_upload_id(std::string_view body) {
  const auto document = XmlDocument::parse(body);
  if (!document || document->root().name() != "InitiateMultipartUploadResult")
    return unreadable("no InitiateMultipartUploadResult");
  auto id = document->root().text("UploadId");
  if (id.empty() || id.size() > kMaxUploadId || has_control(id) || !is_utf8(id))
    return unreadable("no valid UploadId");
  return id;
}

Result<PartList> parse_part_list(std::string_view body, int marker) {
  const auto document = XmlDocument::parse(body);
  if (!document || document->root().name() != "ListPartsResult")
    return unreadable("no ListPartsResult");
  const auto root = document->root();
  PartList list;
  for (const auto& element : root.children("Part")) {
    auto part = part_of(element);
    if (!part) return unreadable("a Part without a valid number, size or ETag");
    list.parts.push_back(std::move(*part));
  }
  if (root.text("IsTruncated") != "true") return list;
  list.next_marker = number<int>(root.text("NextPartNumberMarker"));
  if (!list.next_marker || *list.next_marker <= marker || *list.next_marker > kMaxParts)
    return unreadable("a NextPartNumberMarker that does not lead on");
  return list;
}

std::string complete_body(std::span<const UploadedPart> parts) {
  std::vector<UploadedPart> sorted(parts.begin(), parts.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const UploadedPart& a, const UploadedPart& b) { return a.number < b.number; });
  std::string out = "<CompleteMultipartUpload>";
  for (const auto& part : sorted) {
    out += "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>\"" +
           xml_escape(part.etag) + "\"</ETag>";
    if (!part.crc32c.empty())
      out += "<ChecksumCRC32C>" + xml_escape(part.crc32c) + "</ChecksumCRC32C>";
    out += "</Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

std::variant<CompletedUpload, ServiceError> parse_completed(std::string_view body) {
  const auto document = XmlDocument::parse(body);
  if (!document || document->root().name() != "CompleteMultipartUploadResult")
    return parse_error(body);
  const auto root = document->root();
  return CompletedUpload{unquote_etag(root.text("ETag")), identifier(root.text("ChecksumCRC32C"))};
}

std::string unquote_etag(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return identifier(std::string(etag));
}

}  // namespace rec::objstore
