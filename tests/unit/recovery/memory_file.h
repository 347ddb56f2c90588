// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A file in memory that notes what is done to it, and at one step fails, or loses its process.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/media.h"
#include "lib/recovery/file.h"

namespace rec::recovery {

struct Killed {};  // thrown by the step at which the process dies

class MemoryFile final : public File {
 public:
  explicit MemoryFile(Bytes content) : content_(std::move(content)) {}

  const Bytes& content() const { return content_; }
  std::vector<std::string> steps;      // "write 40 8", "truncate 40", "sync"
  std::optional<std::size_t> fail_at;  // the step with this number (from 0 on) fails
  std::optional<std::size_t> kill_at;  // the process dies in it
  double done_of_write = 0;            // how much of a write comes to pass then

  std::uint64_t size() const override { return content_.size(); }
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) override {
    if (offset > size() || bytes.size() > size() - offset)
      return Error{Error::Kind::kIo, "read behind the end", ""};
    std::copy_n(at(offset), bytes.size(), bytes.begin());
    return ok();
  }
  Status write(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    const bool whole = step("write " + std::to_string(offset) + " " + std::to_string(bytes.size()));
    const auto count = static_cast<std::size_t>(static_cast<double>(bytes.size()) * done_of_write);
    const auto part = whole ? bytes : bytes.first(count);
    if (!part.empty()) {
      content_.resize(std::max<std::size_t>(content_.size(), offset + part.size()));
      std::copy(part.begin(), part.end(), at(offset));
    }
    return end_of_step(whole);
  }
  Status truncate(std::uint64_t size) override {
    const bool whole = step("truncate " + std::to_string(size));
    if (whole) content_.resize(size);
    return end_of_step(whole);
  }
  Status sync() override { return end_of_step(step("sync")); }

 private:
  Bytes::iterator at(std::uint64_t offset) {
    return content_.begin() + static_cast<std::ptrdiff_t>(offset);
  }
  bool step(std::string what) {
    steps.push_back(std::move(what));
    const std::size_t number = steps.size() - 1;
    return fail_at != number && kill_at != number;
  }
  Status end_of_step(bool whole) const {
    if (whole) return ok();
    if (kill_at == steps.size() - 1) throw Killed();
    return Error{Error::Kind::kNoSpace, "no space", "Free some"};
  }

  Bytes content_;
};

}  // namespace rec::recovery
