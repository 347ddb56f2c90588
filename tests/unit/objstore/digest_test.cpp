// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/digest.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

// FIPS 180-4 and RFC 1321 publish these.
TEST(Hash, OfPublishedMessages) {
  EXPECT_EQ(hex(sha256({})), kEmptySha256);
  EXPECT_EQ(hex(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(md5(bytes_of("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Hash, DoesNotDependOnHowTheBytesCome) {
  const std::string text(1000, 'a');
  for (const std::size_t piece : {1U, 63U, 64U, 65U, 999U}) {
    Hash sha(Hash::Algorithm::kSha256);
    Hash first(Hash::Algorithm::kMd5);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      const auto bytes = bytes_of(std::string_view(text).substr(at, piece));
      sha.update(bytes);
      first.update(bytes);
    }
    Hash moved = std::move(first);
    EXPECT_EQ(hex(sha.finish()),
              "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
    EXPECT_EQ(hex(moved.finish()), "cabe45dcc9ae5b66ba86600cca6b8ba8");
  }
}

// RFC 4231, test cases 2 and 6; RFC 2202, test case 2.
TEST(Hmac, OfPublishedMessages) {
  EXPECT_EQ(hex(hmac_sha256(bytes_of("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(Bytes(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha1(bytes_of("Jefe"), "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

// RFC 4648, 10.
TEST(Base64, OfPublishedTexts) {
  EXPECT_EQ(base64({}), "");
  EXPECT_EQ(base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(base64(bytes_of("foobar")), "Zm9vYmFy");
}

}  // namespace
}  // namespace rec::objstore
