// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One piece of damage to the file of sample_file.h, and the violation that must name it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>

#include "tests/support/box_reader.h"
#include "tests/unit/support/box_text.h"
#include "tests/unit/support/sample_file.h"

namespace rec::test {

struct Damage {
  const char* find;  // its first occurrence in the text of the file
  const char* replace;
  const char* path;
  const char* violation;
};
inline void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.replace; }

inline std::string damaged(const Damage& damage) {
  std::string text = kHeaderText + kFirstText + kSecondText;
  const auto at = text.find(damage.find);
  if (at == std::string::npos) throw std::invalid_argument(damage.find);
  return text.replace(at, std::string(damage.find).size(), damage.replace);
}

inline void expect_named(const Damage& damage) {
  using testing::HasSubstr;
  const auto file = read_mp4(from_text(damaged(damage)));
  EXPECT_THAT(file.violations, testing::Contains(testing::AllOf(HasSubstr(damage.path),
                                                                HasSubstr(damage.violation))));
}

}  // namespace rec::test
