// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ffmpeg processes, one a recording.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/usage.h"

namespace rec::bench {

class FfmpegRun {
 public:
  // Starts them; each writes a file of its own in `folder`.
  FfmpegRun(unsigned count, const std::string& input, const std::string& folder, bool live);
  ~FfmpegRun() { wait(); }
  FfmpegRun(const FfmpegRun&) = delete;

  double cpu_seconds() const;  // of those that are running
  Size size() const;           // likewise, all together
  bool wait();                 // for their ends; false: one has failed, or was not started

 private:
  std::vector<pid_t> processes_;
  bool all_started_ = true;
};

}  // namespace rec::bench
