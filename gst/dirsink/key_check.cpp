// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/key_check.h"

#include <limits.h>

#include <algorithm>

namespace rec::dirsink {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string component_fault(std::string_view component) {
  if (component.empty()) return "The key has an empty component";
  if (component == "." || component == "..")
    return "The key has the component \"" + std::string(component) + "\"";
  if (component.size() > kMaxComponent)
    return "The key has a component of " + std::to_string(component.size()) + " bytes (at most " +
           std::to_string(kMaxComponent) + ")";
  return {};
}

}  // namespace

std::string key_fault(std::string_view key, std::size_t root_size) {
  if (key.empty()) return "The key is empty";
  if (key.front() == '/') return "The key is an absolute path";
  if (std::any_of(key.begin(), key.end(), is_control)) return "The key has a control character";
  // The root, a slash, the key, the terminating NUL.
  if (root_size + 1 + key.size() + 1 > PATH_MAX)
    return "The path would have more than " + std::to_string(PATH_MAX - 1) + " bytes";
  for (std::size_t start = 0;;) {
    const auto slash = key.find('/', start);
    if (auto fault = component_fault(key.substr(start, slash - start)); !fault.empty())
      return fault;
    if (slash == std::string_view::npos) return {};
    start = slash + 1;
  }
}

std::string numbered_key(const std::string& key, unsigned number) {
  const auto slash = key.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  auto dot = key.rfind('.');
  if (dot == std::string::npos || dot <= name) dot = key.size();  // ".hidden" has no extension
  const std::string tail = "-" + std::to_string(number) + key.substr(dot);
  std::size_t end = dot;
  if (tail.size() < kMaxComponent) end = std::min(dot, name + kMaxComponent - tail.size());
  // 10xxxxxx continues a character: cutting before it would leave half of one.
  while (end < dot && end > name && (static_cast<unsigned char>(key[end]) & 0xc0) == 0x80) --end;
  return key.substr(0, end) + tail;
}

}  // namespace rec::dirsink
