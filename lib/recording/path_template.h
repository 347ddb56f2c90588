// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of recordings: "{stream}/{utc:%Y/%m/%d}/{utc:%H%M%S}.mp4".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/recording/ticks.h"

namespace rec::recording {

class PathTemplate {
 public:
  // {stream}  {utc:STRFTIME} (C locale)  {index}  {index:04}  {id}; "{{" and "}}" are braces.
  static Result<PathTemplate> parse(std::string_view text);

  struct Values {
    std::string stream;
    Nanos utc = 0;            // since 1970
    std::uint32_t index = 1;  // of the object within the recording
    std::uint32_t id = 0;     // random: 8 hexadecimal digits
  };
  std::string expand(const Values& values) const;

 private:
  struct Part {
    enum class Kind { kText, kStream, kUtc, kIndex, kId } kind;
    std::string text;  // literal, or the strftime format
    int width = 0;
  };
  static Result<Part> parse_placeholder(std::string_view body);
  std::vector<Part> parts_;
};

// `name` as one path component: what a path cannot carry becomes '-'.
std::string path_component(std::string_view name);

// `key` with `-suffix` put in front of its extension: a name that nobody else will have.
std::string with_suffix(std::string_view key, std::string_view suffix);

}  // namespace rec::recording
