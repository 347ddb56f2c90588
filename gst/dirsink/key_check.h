// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which object keys may become paths below the root. Pure text, no I/O.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rec::dirsink {

inline constexpr std::size_t kMaxComponent = 255;  // bytes; NAME_MAX of Linux file systems

// Empty if `key` is fine, else what is wrong with it, as a sentence without a full stop.
// `root_size`: bytes of the directory's path, for PATH_MAX.
std::string key_fault(std::string_view key, std::size_t root_size);

// "a/b.mp4", 2 -> "a/b-2.mp4": the name to try when `key` is taken. The stem gives way (at a UTF-8
// boundary) where the component would become too long.
std::string numbered_key(const std::string& key, unsigned number);

}  // namespace rec::dirsink
