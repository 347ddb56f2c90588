// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

extern char** environ;

namespace rec::objstore {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
constexpr std::size_t kMaxOutput = 64 << 10;

Error failed(const std::string& program, const std::string& why) {
  return {Error::Kind::kDenied, "The credential process " + program + " " + why,
          "Run credential_process of the profile in a terminal"};
}

struct Child {
  pid_t pid = -1;
  int output = -1;
};

std::optional<Child> start(const std::vector<std::string>& command, int& fault) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    fault = errno;
    return std::nullopt;
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // What the application's threads block or ignore is none of the program's business; its own group
  // can be killed with all that it has started.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Child child;
  fault = posix_spawnp(&child.pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  if (fault == 0) {
    child.output = ends[0];
    return child;
  }
  close(ends[0]);
  return std::nullopt;
}

// All of the output, or nothing if it is too much or does not end in time.
std::optional<std::string> read_until(int fd, Deadline deadline) {
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd waiting{fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready == 0) return std::nullopt;
    if (ready < 0 && errno == EINTR) continue;
    const auto size = read(fd, block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxOutput) return std::nullopt;
  }
}

}  // namespace

Result<std::string> run_helper(const std::vector<std::string>& command,
                               std::chrono::milliseconds limit) {
  if (command.empty()) return failed("\"\"", "has no name");
  const std::string program = "\"" + command.front() + "\"";
  int fault = 0;
  const auto child = start(command, fault);
  if (!child) return failed(program, std::string("cannot be started: ") + std::strerror(fault));
  auto output = read_until(child->output, std::chrono::steady_clock::now() + limit);
  close(child->output);
  // Who has closed its output is about to end; who has not gets no more time.
  if (!output) kill(-child->pid, SIGKILL);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child->pid, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (!output) return failed(program, "did not end in time, or wrote too much");
  // An application that ignores SIGCHLD leaves nothing to wait for: then the output decides.
  if (ended == child->pid && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    return failed(program, WIFEXITED(status)
                               ? "ended with code " + std::to_string(WEXITSTATUS(status))
                               : "was killed by signal " + std::to_string(WTERMSIG(status)));
  return *output;
}

}  // namespace rec::objstore
