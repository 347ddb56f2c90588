// SPDX-License-Identifier: LGPL-2.1-or-later
//
// To be preloaded: kills the process (SIGKILL) in a certain pwrite(), so that a test meets every
// state of what is written. Environment:
//   WRITE_LOG      a file that gets a line a call: "write PATH OFFSET SIZE" once that is written,
//                  "sync PATH" once fdatasync() has returned
//   WRITE_KILL_AT  the number of the pwrite() to die in, from 1 on; half of its bytes are written.
//                  Of 16 bytes or less none are: they come all or not at all
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kWhole = 16;  // bytes
std::atomic<long> writes = 0;

std::array<char, 256> path_of(int fd) {
  std::array<char, 32> link{};
  std::array<char, 256> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  if (readlink(link.data(), path.data(), path.size() - 1) < 0) path[0] = '?';
  return path;
}

void log_line(const char* line, int size) {
  const char* const path = std::getenv("WRITE_LOG");
  const int log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
  if (log < 0) return;
  syscall(SYS_write, log, line, static_cast<std::size_t>(size));
  close(log);
}

ssize_t write_or_die(int fd, const void* data, std::size_t size, off_t offset) {
  const char* const at = std::getenv("WRITE_KILL_AT");
  if (at && ++writes == std::atol(at)) {
    if (size > kWhole) syscall(SYS_pwrite64, fd, data, size / 2, offset);
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  const auto written = syscall(SYS_pwrite64, fd, data, size, offset);
  std::array<char, 320> line{};
  log_line(line.data(), std::snprintf(line.data(), line.size(), "write %s %lld %zu\n",
                                      path_of(fd).data(), static_cast<long long>(offset), size));
  return written;
}

}  // namespace

// Under both of their names in the C library.
extern "C" {
ssize_t write_at(int fd, const void* data, std::size_t size, off_t offset) asm("pwrite");
ssize_t write_at(int fd, const void* data, std::size_t size, off_t offset) {
  return write_or_die(fd, data, size, offset);
}
ssize_t write_at_64(int fd, const void* data, std::size_t size, off_t offset) asm("pwrite64");
ssize_t write_at_64(int fd, const void* data, std::size_t size, off_t offset) {
  return write_or_die(fd, data, size, offset);
}
int fdatasync(int fd) {
  const auto result = syscall(SYS_fdatasync, fd);
  std::array<char, 320> line{};
  log_line(line.data(), std::snprintf(line.data(), line.size(), "sync %s\n", path_of(fd).data()));
  return static_cast<int>(result);
}
}
