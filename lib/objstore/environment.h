// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a process gets from outside besides the network: variables, files, helper programs.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace rec::objstore {

class Environment {  // any thread; all but variable() may take their time
 public:
  virtual ~Environment() = default;
  // An empty variable counts as none: that is how people switch one off.
  virtual std::optional<std::string> variable(const std::string& name) const = 0;
  // kNotFound if there is no such file. Larger than `max_bytes` is an error.
  virtual Result<std::string> read_file(const std::string& path, std::size_t max_bytes) const = 0;
  // What the program writes to its standard output, if it ends with 0 within `limit`. No shell.
  virtual Result<std::string> run(const std::vector<std::string>& command,
                                  std::chrono::milliseconds limit) const = 0;
  virtual void sleep(std::chrono::milliseconds time) const = 0;
};

const Environment& process_environment();

bool is_true(const std::optional<std::string>& variable);  // "true", in any case
// A leading "~/" is the home directory.
std::string expand_home(const Environment& environment, std::string_view path);

// Words as a POSIX shell would cut them: quotes and backslashes, no expansion of anything. Nothing
// if a quote is not closed.
std::optional<std::vector<std::string>> split_command(std::string_view text);

}  // namespace rec::objstore
