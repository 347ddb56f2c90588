// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace rec::objstore {
namespace {

Bytes hmac(const EVP_MD* algorithm, std::span<const std::uint8_t> key, std::string_view message) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  const auto text = bytes_of(message);
  HMAC(algorithm, key.data(), static_cast<int>(key.size()), text.data(), text.size(), out.data(),
       &size);
  out.resize(size);
  return out;
}

Bytes whole(Hash::Algorithm algorithm, std::span<const std::uint8_t> bytes) {
  Hash hash(algorithm);
  hash.update(bytes);
  return hash.finish();
}

}  // namespace

void Hash::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Hash::Hash(Algorithm algorithm) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* const md = algorithm == Algorithm::kSha256 ? EVP_sha256() : EVP_md5();
  if (EVP_DigestInit_ex(context_.get(), md, nullptr) != 1) context_.reset();
}

Hash::~Hash() = default;
Hash::Hash(Hash&& other) noexcept = default;
Hash& Hash::operator=(Hash&& other) noexcept = default;

void Hash::update(std::span<const std::uint8_t> bytes) {
  if (context_) EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

Bytes Hash::finish() {
  if (!context_) return {};
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), out.data(), &size);
  out.resize(size);
  context_.reset();
  return out;
}

Bytes sha256(std::span<const std::uint8_t> bytes) { return whole(Hash::Algorithm::kSha256, bytes); }
Bytes md5(std::span<const std::uint8_t> bytes) { return whole(Hash::Algorithm::kMd5, bytes); }

Bytes hmac_sha256(std::span<const std::uint8_t> key, std::string_view message) {
  return hmac(EVP_sha256(), key, message);
}
Bytes hmac_sha1(std::span<const std::uint8_t> key, std::string_view message) {
  return hmac(EVP_sha1(), key, message);
}

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace rec::objstore
