// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/usage.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace rec::bench {
namespace {

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

CpuTime cpu_of(int who) {
  rusage used{};
  getrusage(who, &used);
  return {seconds(used.ru_utime), seconds(used.ru_stime),
          static_cast<std::uint64_t>(used.ru_nvcsw + used.ru_nivcsw)};
}

}  // namespace

CpuTime cpu_of_self() { return cpu_of(RUSAGE_SELF); }
CpuTime cpu_of_children() { return cpu_of(RUSAGE_CHILDREN); }

std::optional<Size> size_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  Size size;
  for (std::string field; status >> field;) {
    std::uint64_t number = 0;
    if (field == "VmRSS:" && status >> number) size.resident = number * 1024;
    if (field == "Threads:") status >> size.threads;
    status.clear();
    status.ignore(4096, '\n');
  }
  return size.threads > 0 ? std::optional(size) : std::nullopt;
}

}  // namespace rec::bench
