// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a process uses, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace rec::bench {

struct CpuTime {
  double user = 0;             // seconds
  double system = 0;           // seconds
  std::uint64_t switches = 0;  // of context
  double total() const { return user + system; }
  CpuTime operator-(const CpuTime& since) const {
    return {user - since.user, system - since.system, switches - since.switches};
  }
};
CpuTime cpu_of_self();
CpuTime cpu_of_children();  // those that have been waited for

struct Size {
  std::uint64_t resident = 0;  // bytes
  int threads = 0;
};
std::optional<Size> size_of(pid_t process);

}  // namespace rec::bench
