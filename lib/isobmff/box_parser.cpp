// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/isobmff/box_parser.h"

namespace rec::isobmff {

std::uint64_t ByteReader::number(std::size_t bytes) {
  if (bytes > left_.size()) {
    skip(bytes);
    return 0;
  }
  std::uint64_t value = 0;
  for (const std::uint8_t byte : left_.first(bytes)) value = value << 8 | byte;
  left_ = left_.subspan(bytes);
  return value;
}

std::string_view ByteReader::fourcc() {
  const auto* const text = reinterpret_cast<const char*>(left_.data());
  skip(4);
  return failed_ ? std::string_view() : std::string_view(text, 4);
}

void ByteReader::skip(std::size_t count) {
  failed_ = failed_ || count > left_.size();
  left_ = failed_ ? std::span<const std::uint8_t>() : left_.subspan(count);
}

std::optional<BoxView> box_of(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  const std::uint32_t size = reader.u32();
  const std::string_view type = reader.fourcc();
  if (reader.failed() || size != bytes.size()) return std::nullopt;
  return BoxView{type, bytes};
}

std::optional<std::vector<BoxView>> boxes_of(std::span<const std::uint8_t> bytes) {
  std::vector<BoxView> boxes;
  while (!bytes.empty()) {
    const std::size_t size = ByteReader(bytes).u32();
    if (size > bytes.size()) return std::nullopt;
    const auto box = box_of(bytes.first(size));
    if (!box) return std::nullopt;
    boxes.push_back(*box);
    bytes = bytes.subspan(size);
  }
  return boxes;
}

const BoxView* only(const std::vector<BoxView>& boxes, std::string_view type) {
  const BoxView* found = nullptr;
  for (const BoxView& box : boxes) {
    if (box.type != type) continue;
    if (found) return nullptr;
    found = &box;
  }
  return found;
}

}  // namespace rec::isobmff
