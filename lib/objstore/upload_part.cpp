// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/upload_part.h"

#include <algorithm>

namespace rec::objstore {
namespace {

constexpr int kPartsOfOneSize = 1000;
constexpr std::uint64_t kLargestPart = 5ULL << 30;

}  // namespace

std::uint64_t part_size(std::uint64_t first, PartSizes sizes, int number) {
  if (sizes == PartSizes::kFixed) return first;
  const int doublings = (std::clamp(number, 1, kMaxUploadParts) - 1) / kPartsOfOneSize;
  return std::min(first << doublings, std::max(first, kLargestPart));
}

std::vector<UploadPart> PartBuilder::append(std::span<const std::uint8_t> bytes) {
  std::vector<UploadPart> full;
  while (!bytes.empty()) {
    const auto room = part_size(settings_.part_size, settings_.sizes, number_) - size_;
    const auto now =
        bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size())));
    add(now);
    bytes = bytes.subspan(now.size());
    if (now.size() == room) full.push_back(close());
  }
  return full;
}

std::optional<UploadPart> PartBuilder::finish() {
  if (size_ == 0) return std::nullopt;
  return close();
}

void PartBuilder::add(std::span<const std::uint8_t> bytes) {
  body_.push_back(std::make_shared<const Bytes>(bytes.begin(), bytes.end()));
  size_ += bytes.size();
  if (settings_.crc32c) crc_.update(bytes);
  if (!settings_.sha256) return;
  if (!sha256_) sha256_.emplace(Hash::Algorithm::kSha256);
  sha256_->update(bytes);
}

UploadPart PartBuilder::close() {
  UploadPart part{number_++, std::move(body_), size_, {}, {}, {}};
  if (settings_.crc32c) {
    part.crc32c = crc_.base64();
    part.crc32c_bytes = crc_.big_endian();
  }
  if (sha256_) part.sha256 = hex(sha256_->finish());
  body_.clear();
  size_ = 0;
  crc_ = {};
  sha256_.reset();
  return part;
}

}  // namespace rec::objstore
