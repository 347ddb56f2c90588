// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs a helper program (credential_process) and takes what it writes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace rec::objstore {

// Blocks for at most `limit`; then the program is killed. Its output is in no error: it is secret.
Result<std::string> run_helper(const std::vector<std::string>& command,
                               std::chrono::milliseconds limit);

}  // namespace rec::objstore
