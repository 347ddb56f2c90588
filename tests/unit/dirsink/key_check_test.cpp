// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/key_check.h"

#include <gtest/gtest.h>

#include "gst/dirsink/naming.h"

namespace rec::dirsink {
namespace {

using namespace std::string_literals;

TEST(KeyFault, LetsRelativePathsPass) {
  for (const auto& key : {"a"s, "a/b/c.mp4"s, ".hidden"s, "a..b"s, "..."s, "a/…/Ж 1.mp4"s, "~/x"s,
                          "a\\..\\b"s, std::string(255, 'x') + "/" + std::string(255, 'y')})
    EXPECT_EQ(key_fault(key, 10), "") << key;
}

TEST(KeyFault, LetsNothingOutOfTheRoot) {
  for (const auto& key : {""s, "/"s, "/etc/passwd"s, ".."s, "../x"s, "a/../../x"s, "a/.."s, "."s,
                          "./a"s, "a/./b"s, "a//b"s, "a/"s, "a\0b"s, "a\nb"s, "a\x7f"s, "\x1b[2J"s,
                          std::string(256, 'x'), "d/" + std::string(256, 'x')})
    EXPECT_NE(key_fault(key, 10), "") << key;
}

TEST(KeyFault, CountsTheWholePath) {
  std::string key(255, 'x');
  while (key.size() + 256 <= 4000) key += "/" + std::string(255, 'x');
  EXPECT_EQ(key_fault(key, 4095 - 1 - key.size()), "");  // PATH_MAX 4096 with the NUL
  EXPECT_NE(key_fault(key, 4095 - key.size()), "");
}

TEST(NumberedKey, GoesBeforeTheExtension) {
  EXPECT_EQ(numbered_key("a/b.mp4", 1), "a/b-1.mp4");
  EXPECT_EQ(numbered_key("a.b/c", 12), "a.b/c-12");
  EXPECT_EQ(numbered_key("a/.hidden", 2), "a/.hidden-2");
  EXPECT_EQ(numbered_key("a.tar.gz", 3), "a.tar-3.gz");
}

TEST(NumberedKey, StaysWithinOneComponent) {
  const std::string longest = std::string(251, 'x') + ".mp4";
  EXPECT_EQ(numbered_key("d/" + longest, 10), "d/" + std::string(248, 'x') + "-10.mp4");
  std::string cyrillic;  // two bytes a letter
  while (cyrillic.size() < 250) cyrillic += "Ж";
  const std::string numbered = numbered_key(cyrillic + ".mp4", 1);
  EXPECT_EQ(numbered, cyrillic.substr(0, 248) + "-1.mp4");
  EXPECT_EQ(key_fault(numbered, 10), "");
}

TEST(OwnedNames, RemembersNamesAndRenames) {
  OwnedNames names;
  EXPECT_EQ(names.find("a"), "");
  names.add("a", "a");
  names.add("b.mp4", "b-1.mp4");
  names.add("a", "a");
  EXPECT_EQ(names.find("a"), "a");
  EXPECT_EQ(names.find("b.mp4"), "b-1.mp4");
  EXPECT_EQ(names.find("b-1.mp4"), "");
}

}  // namespace
}  // namespace rec::dirsink
