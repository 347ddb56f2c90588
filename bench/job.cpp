// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/job.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/feed.h"
#include "bench/ffmpeg_run.h"
#include "bench/usage.h"

namespace rec::bench {
namespace {

constexpr double kMiB = 1 << 20;
constexpr GstClockTime kWarmUp = kWarmUpSeconds * GST_SECOND;

double folder_bytes(const std::string& folder) {
  double sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) sum += static_cast<double>(entry.file_size());
  return sum;
}

Outcome outcome_of(const CpuTime& cpu, double media_seconds, const Size& size) {
  return {.user = cpu.user * 1e3 / media_seconds,
          .system = cpu.system * 1e3 / media_seconds,
          .switches = static_cast<double>(cpu.switches) / media_seconds,
          .threads = static_cast<double>(size.threads),
          .resident = static_cast<double>(size.resident) / kMiB};
}

std::optional<Outcome> run_fast(const Job& job, const Media& media) {
  Recording recording(pipeline_of(job.path, job.folder, "0"), media);
  if (!recording.good()) return std::nullopt;
  const CpuTime before = cpu_of_self();
  feed_at_full_speed(recording, media, job.seconds * GST_SECOND);
  const auto size = size_of(getpid());
  recording.finish();
  return outcome_of(cpu_of_self() - before, job.seconds, size.value_or(Size{}));
}

std::optional<Outcome> run_live(const Job& job, const Media& media) {
  std::vector<Recording> recordings;
  for (unsigned i = 0; i < job.recordings; ++i) {
    recordings.emplace_back(pipeline_of(job.path, job.folder, std::to_string(i)), media);
    if (!recordings.back().good()) return std::nullopt;
  }
  LiveFeed feed(recordings, media);
  feed.run_until(kWarmUp);
  const CpuTime before = cpu_of_self();
  Size most;
  for (unsigned second = 1; second <= job.seconds; ++second) {
    feed.run_until(kWarmUp + second * GST_SECOND);
    const Size size = size_of(getpid()).value_or(Size{});
    most = {std::max(most.resident, size.resident), std::max(most.threads, size.threads)};
  }
  const CpuTime used = cpu_of_self() - before;
  for (Recording& recording : recordings) recording.finish();
  return outcome_of(used, static_cast<double>(job.seconds) * job.recordings, most);
}

std::optional<Outcome> run_ffmpeg(const Job& job, const Media& media) {
  const std::string input = job.folder + "/input.mkv";
  const auto warm_up = job.live ? kWarmUp : 0;
  {
    Recording maker(maker_of_input(input), media);
    if (!maker.good()) return std::nullopt;
    // More than is played at real time: no process may end before it was measured.
    feed_at_full_speed(maker, media, 2 * warm_up + job.seconds * GST_SECOND);
    maker.finish();
  }
  std::optional<Outcome> outcome;
  if (job.live) {
    FfmpegRun processes(job.recordings, input, job.folder, true);
    g_usleep(warm_up / GST_USECOND);
    const double before = processes.cpu_seconds();
    g_usleep(job.seconds * G_USEC_PER_SEC);
    const double used = processes.cpu_seconds() - before;
    outcome = outcome_of({.user = used}, static_cast<double>(job.seconds) * job.recordings,
                         processes.size());
    if (!processes.wait()) return std::nullopt;
  } else {
    FfmpegRun process(1, input, job.folder, false);
    if (!process.wait()) return std::nullopt;
    outcome = outcome_of(cpu_of_children(), job.seconds, {});
  }
  std::filesystem::remove(input);
  return outcome;
}

}  // namespace

std::optional<Outcome> run(const Job& job, const Media& media) {
  auto outcome = !job.path.description ? run_ffmpeg(job, media)
                 : job.live            ? run_live(job, media)
                                       : run_fast(job, media);
  if (!outcome) return std::nullopt;
  outcome->written = folder_bytes(job.folder) / 1e6;
  // A path that has dropped something was not compared.
  const double bytes = static_cast<double>(media.bytes(kVideo) + media.bytes(kAudio));
  const double turns = job.seconds * 1e9 / static_cast<double>(media.duration);
  if (job.path.writes && outcome->written * 1e6 < 0.99 * bytes * turns * job.recordings) {
    g_printerr("%s wrote %.1f MB of %.1f\n", job.path.name, outcome->written,
               bytes * turns * job.recordings / 1e6);
    return std::nullopt;
  }
  return outcome;
}

std::string to_line(const Outcome& o) {
  char line[200];
  std::snprintf(line, sizeof line, "outcome %.6f %.6f %.3f %.0f %.3f %.3f", o.user, o.system,
                o.switches, o.threads, o.resident, o.written);
  return line;
}

std::optional<Outcome> from_line(const std::string& line) {
  Outcome o;
  if (std::sscanf(line.c_str(), "outcome %lf %lf %lf %lf %lf %lf", &o.user, &o.system, &o.switches,
                  &o.threads, &o.resident, &o.written) != 6)
    return std::nullopt;
  return o;
}

}  // namespace rec::bench
