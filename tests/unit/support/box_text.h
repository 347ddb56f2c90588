// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Bytes written by hand, as text: `tfhd{ 00020000 00000001 }`. Braces make a box and fill in its
// size, hex digits are bytes, 'abcd' is a four-character code, # begins a comment.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rec::test {

class BoxText {
 public:
  explicit BoxText(std::string_view text) : text_(text) {}

  std::vector<std::uint8_t> bytes() {
    while (at_ < text_.size()) step();
    if (!open_.empty()) throw std::invalid_argument("a box is not closed");
    return std::move(out_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at_;
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '\'') {
      append(text_.substr(at_ + 1, 4));
      at_ += 6;
    } else if (c == '}') {
      close();
      ++at_;
    } else if (at_ + 4 < text_.size() && text_[at_ + 4] == '{') {
      open_.push_back(out_.size());
      append(std::string(4, '\0'));
      append(text_.substr(at_, 4));
      at_ += 5;
    } else {
      out_.push_back(
          static_cast<std::uint8_t>(std::stoi(std::string(text_.substr(at_, 2)), nullptr, 16)));
      at_ += 2;
    }
  }

  void append(std::string_view bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  void close() {
    const std::size_t start = open_.back();
    open_.pop_back();
    const std::size_t size = out_.size() - start;
    for (std::size_t i = 0; i < 4; ++i) {
      out_[start + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::size_t> open_;  // where the boxes that are open begin
  std::vector<std::uint8_t> out_;
};

inline std::vector<std::uint8_t> from_text(std::string_view text) { return BoxText(text).bytes(); }

}  // namespace rec::test
