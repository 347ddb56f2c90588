// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/text.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

TEST(PercentEncode, KeepsTheUnreservedCharactersOfRfc3986Only) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode(" +&=?#@,:;!*'()$%/"),
            "%20%2B%26%3D%3F%23%40%2C%3A%3B%21%2A%27%28%29%24%25%2F");
  EXPECT_EQ(percent_encode("\xc3\xbc"), "%C3%BC");
  EXPECT_EQ(percent_encode_path("a b/c+d/%2F"), "a%20b/c%2Bd/%252F");
}

TEST(PercentDecode, TakesBothCasesAndRefusesWhatIsCutShort) {
  EXPECT_EQ(percent_decode("%c3%BC+a%2fb"), "\xc3\xbc+a/b");
  EXPECT_EQ(percent_decode(""), "");
  for (const char* bad : {"%", "%2", "a%2", "%g0", "%0g", "%%20"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(PercentDecode, ReversesTheEncodingOfEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode(percent_encode_path(all)), all);
}

TEST(Utf8, RefusesOverlongSurrogatesAndTruncation) {
  EXPECT_TRUE(is_utf8("a \xc3\xbc \xe6\x97\xa5 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"));
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe6\x97", "\xc3(", "\xff"})
    EXPECT_FALSE(is_utf8(bad)) << percent_encode(bad);
}

TEST(HostLabel, IsAtMost63LowerCaseLettersDigitsAndHyphens) {
  EXPECT_TRUE(is_host_label("us-east-1"));
  EXPECT_TRUE(is_host_label(std::string(63, 'a')));
  for (const std::string& bad :
       {std::string(), std::string(64, 'a'), std::string("-a"), std::string("a-"),
        std::string("US"), std::string("a.b"), std::string("a/b"), std::string("a_b")})
    EXPECT_FALSE(is_host_label(bad)) << bad;
}

TEST(Control, IsBelowBlankOrDelete) {
  EXPECT_TRUE(has_control("a\r\nb"));
  EXPECT_TRUE(has_control("\x7f"));
  EXPECT_TRUE(has_control(std::string_view("\0", 1)));
  EXPECT_FALSE(has_control(" ~\xc3\xbc"));
}

}  // namespace
}  // namespace rec::objstore
