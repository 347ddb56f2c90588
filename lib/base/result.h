// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one error channel of lib/: C++20 on g++ 12 has no std::expected.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace rec {

struct Error {
  enum class Kind {
    kInvalidSetting,
    kInvalidData,
    kUnsupported,
    kDenied,
    kNotFound,
    kExists,
    kNoSpace,
    kIo
  };
  Kind kind;
  std::string what;  // what failed, with the values involved; never a secret
  std::string hint;  // what the person who reads it can do next
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}
  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  T& value() { return std::get<T>(state_); }
  const T& value() const { return std::get<T>(state_); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace rec
