// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The file that a recovery works on, behind an interface: a test can make each step fail, or the
// last.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/result.h"

namespace rec::recovery {

class File {
 public:
  virtual ~File() = default;
  virtual std::uint64_t size() const = 0;
  // All of it, or an error.
  virtual Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) = 0;
  virtual Status write(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Status sync() = 0;  // what was written is on the medium
};

}  // namespace rec::recovery
