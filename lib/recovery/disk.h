// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recovery of files and directory trees on a POSIX system. A file that somebody has locked (as
// dirsink does from its creation to its end) or has open for writing is not touched.
#pragma once

#include <functional>
#include <string>

#include "lib/recovery/recover.h"

namespace rec::recovery {

// A symbolic link is not followed.
Report recover_file(const std::string& path, const Options& options);

// False: stop here.
using OnReport = std::function<bool(const std::string& path, const Report& report)>;

// The file `path`, or all files below the directory `path`, in the order of their names; symbolic
// links below it are not followed. A directory that cannot be read is reported as failed; what
// is removed meanwhile is not.
void recover_tree(const std::string& path, const Options& options, const OnReport& on_report);

}  // namespace rec::recovery
