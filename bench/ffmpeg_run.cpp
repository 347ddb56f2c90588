// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/ffmpeg_run.h"

#include <glib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "bench/paths.h"

namespace rec::bench {

FfmpegRun::FfmpegRun(unsigned count, const std::string& input, const std::string& folder,
                     bool live) {
  for (unsigned i = 0; i < count; ++i) {
    auto words = ffmpeg_command(input, folder + "/" + std::to_string(i) + ".mp4", live);
    std::vector<gchar*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    constexpr auto kFlags =
        static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD);
    GPid process = 0;
    g_autoptr(GError) error = nullptr;
    if (g_spawn_async(nullptr, arguments.data(), nullptr, kFlags, nullptr, nullptr, &process,
                      &error)) {
      processes_.push_back(process);
    } else {
      g_printerr("%s\n", error->message);
      all_started_ = false;
    }
  }
}

// getrusage() tells of a child when it has ended: too late to leave its start out.
double FfmpegRun::cpu_seconds() const {
  std::error_code gone;
  double nanoseconds = 0;
  for (const pid_t process : processes_) {
    const auto tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      double ran = 0;
      if (std::ifstream(task.path() / "schedstat") >> ran) nanoseconds += ran;
    }
  }
  return nanoseconds / 1e9;
}

Size FfmpegRun::size() const {
  Size sum;
  for (const pid_t process : processes_) {
    const Size size = size_of(process).value_or(Size{});
    sum.resident += size.resident;
    sum.threads += size.threads;
  }
  return sum;
}

bool FfmpegRun::wait() {
  bool good = all_started_;
  for (const pid_t process : std::exchange(processes_, {})) {
    int status = 0;
    good &= waitpid(process, &status, 0) == process && status == 0;
  }
  return good;
}

}  // namespace rec::bench
