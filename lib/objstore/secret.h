// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Text that must not outlive its use: wiped when it goes, and nothing prints it by accident.
#pragma once

#include <string_view>
#include <vector>

namespace rec::objstore {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text.begin(), text.end()) {}
  // Joined: no string in between that nobody wipes.
  Secret(std::string_view head, std::string_view tail) : text_(head.begin(), head.end()) {
    append(tail);
  }
  ~Secret() { wipe(); }
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;  // a vector, not a string: nothing stays behind in a buffer
  Secret& operator=(const Secret& other) {
    if (this == &other) return *this;
    wipe();
    text_ = other.text_;
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    text_ = std::move(other.text_);
    return *this;
  }

  std::string_view reveal() const { return {text_.data(), text_.size()}; }
  bool empty() const { return text_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void append(std::string_view tail);
  void wipe();
  std::vector<char> text_;
};

}  // namespace rec::objstore
