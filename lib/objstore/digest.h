// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Hashes and their texts, from OpenSSL.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/media.h"

struct evp_md_ctx_st;

namespace rec::objstore {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Hashes what comes in pieces, while it is still in the cache: one pass over a part less.
class Hash {  // one thread
 public:
  enum class Algorithm { kSha256, kMd5 };
  explicit Hash(Algorithm algorithm);
  ~Hash();
  Hash(Hash&& other) noexcept;
  Hash& operator=(Hash&& other) noexcept;

  void update(std::span<const std::uint8_t> bytes);
  Bytes finish();  // once. Empty if OpenSSL does not offer the algorithm: MD5 in FIPS mode

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;  // null: not offered
};

Bytes sha256(std::span<const std::uint8_t> bytes);
Bytes md5(std::span<const std::uint8_t> bytes);
Bytes hmac_sha256(std::span<const std::uint8_t> key, std::string_view message);
Bytes hmac_sha1(std::span<const std::uint8_t> key, std::string_view message);

std::string hex(std::span<const std::uint8_t> bytes);  // lower-case
std::string base64(std::span<const std::uint8_t> bytes);

// Of no bytes at all: the payload hash of a request without a body.
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace rec::objstore
