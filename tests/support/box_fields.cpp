// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Boxes and fields of the strict MP4 reader (ISO/IEC 14496-12, 4.2).
#include "tests/support/box_fields.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace rec::test::mp4 {
namespace {

// Enough to understand any damage; a broken hour must not become gigabytes of text.
constexpr std::size_t kMaxViolations = 1000;

std::string numbered(const std::string& path, const std::string& type, std::size_t index) {
  static const std::set<std::string> repeated = {"trak", "trex", "traf", "trun"};
  const std::string name =
      repeated.contains(type) ? type + "[" + std::to_string(index) + "]" : type;
  return path.empty() ? name : path + "/" + name;
}

}  // namespace

void Context::violation(std::uint64_t offset, const std::string& path, const std::string& what) {
  if (file.violations.size() > kMaxViolations) return;
  if (file.violations.size() == kMaxViolations) {
    file.violations.push_back("@" + std::to_string(offset) + " : more violations are not listed");
    return;
  }
  file.violations.push_back("@" + std::to_string(offset) + " " + path + ": " + what);
}

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return value;
}

std::string fourcc(std::span<const std::uint8_t> four_bytes) {
  std::string out;
  for (const auto byte : four_bytes) {
    if (byte >= 0x20 && byte < 0x7f) {
      out.push_back(static_cast<char>(byte));
      continue;
    }
    std::array<char, 5> hex{};
    std::snprintf(hex.data(), hex.size(), "\\x%02x", byte);
    out += hex.data();
  }
  return out;
}

std::vector<Box> split_boxes(Context& ctx, std::span<const std::uint8_t> bytes,
                             std::uint64_t offset, const std::string& path) {
  std::vector<Box> boxes;
  std::map<std::string, std::size_t> seen;
  while (!bytes.empty()) {
    if (bytes.size() < 8) {
      ctx.violation(offset, path,
                    std::to_string(bytes.size()) + " bytes are left over: children must fill it");
      break;
    }
    std::uint64_t size = big_endian(bytes.first(4));
    const std::string type = fourcc(bytes.subspan(4, 4));
    std::uint32_t header = 8;
    if (size == 1 && bytes.size() >= 16) {
      size = big_endian(bytes.subspan(8, 8));
      header = 16;
    }
    const std::string child = numbered(path, type, seen[type]++);
    if (size < header || size > bytes.size()) {
      ctx.violation(offset, child,
                    "size " + std::to_string(size) + " does not fit its parent, which has " +
                        std::to_string(bytes.size()) + " bytes left");
      break;
    }
    const auto length = static_cast<std::size_t>(size);
    boxes.push_back({type, child, offset, header, bytes.subspan(header, length - header)});
    bytes = bytes.subspan(length);
    offset += length;
  }
  return boxes;
}

void check_children(Context& ctx, const Box& parent, const std::vector<Box>& boxes,
                    std::initializer_list<ChildRule> rules) {
  for (const auto& box : boxes) {
    const bool known =
        std::any_of(rules.begin(), rules.end(), [&](auto& rule) { return rule.type == box.type; });
    if (!known && !ctx.options.extra_boxes.contains(box.type)) {
      ctx.violation(box, "unexpected box");
    }
  }
  for (const auto& rule : rules) {
    const auto count = static_cast<std::size_t>(std::count_if(
        boxes.begin(), boxes.end(), [&](const Box& box) { return box.type == rule.type; }));
    if (count < rule.min) ctx.violation(parent, std::string(rule.type) + " is missing");
    if (count > rule.max) ctx.violation(parent, std::string(rule.type) + " occurs twice");
  }
}

const Box* find(const std::vector<Box>& boxes, std::string_view type) {
  const auto it =
      std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) { return box.type == type; });
  return it == boxes.end() ? nullptr : &*it;
}

std::span<const std::uint8_t> Fields::take(std::size_t bytes) {
  if (bytes > left_.size()) {
    if (!short_) violation("too short");
    short_ = true;
    left_ = {};
    return {};
  }
  const auto taken = left_.first(bytes);
  left_ = left_.subspan(bytes);
  return taken;
}

std::uint64_t Fields::number(std::size_t bytes) { return big_endian(take(bytes)); }

std::string Fields::type() { return fourcc(take(4)); }

FullHeader Fields::full_header(std::uint8_t max_version, std::uint32_t allowed) {
  const std::uint8_t version = u8();
  const auto flags = static_cast<std::uint32_t>(number(3));
  if (version > max_version) violation("unknown version " + std::to_string(version));
  if (flags & ~allowed) {
    std::array<char, 9> hex{};
    std::snprintf(hex.data(), hex.size(), "%06x", flags & ~allowed);
    violation(std::string("unknown flags 0x") + hex.data());
  }
  return {version, flags};
}

void Fields::expect(std::uint64_t got, std::uint64_t want, const std::string& name) {
  if (short_ || got == want) return;
  violation(name + " is " + std::to_string(got) + ", must be " + std::to_string(want));
}

void Fields::zeros(std::size_t bytes, const std::string& name) {
  const auto taken = take(bytes);
  if (std::any_of(taken.begin(), taken.end(), [](std::uint8_t byte) { return byte != 0; })) {
    violation(name + " must be 0");
  }
}

void Fields::done() {
  if (!short_ && !left_.empty()) {
    violation(std::to_string(left_.size()) + " bytes more than its fields need");
  }
}

}  // namespace rec::test::mp4
