// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/http.h"

#include <algorithm>
#include <future>

#include "lib/objstore/text.h"

namespace rec::objstore {

const std::string* find_header(const Headers& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& header) {
    return equals_ignoring_case(header.name, name);
  });
  return found == headers.end() ? nullptr : &found->value;
}

void set_header(Headers& headers, std::string_view name, std::string value) {
  std::erase_if(headers,
                [&](const Header& header) { return equals_ignoring_case(header.name, name); });
  headers.push_back({std::string(name), std::move(value)});
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::uint64_t body_size(const Body& body) {
  std::uint64_t size = 0;
  for (const auto& block : body) size += block->size();
  return size;
}

std::string HttpRequest::authority() const {
  const auto start = origin.find("://");
  return start == std::string::npos ? origin : origin.substr(start + 3);
}

std::string HttpRequest::query_string() const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : query)
    pairs.emplace_back(percent_encode(name), percent_encode(value));
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string HttpRequest::url() const {
  const std::string text = query_string();
  return origin + path + (text.empty() ? "" : "?" + text);
}

HttpResult perform(Transport& transport, HttpRequest request) {
  std::promise<HttpResult> promise;
  auto answer = promise.get_future();
  transport.start(std::move(request),
                  [&promise](HttpResult result) { promise.set_value(std::move(result)); });
  return answer.get();
}

}  // namespace rec::objstore
