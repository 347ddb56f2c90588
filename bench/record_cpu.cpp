// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What it costs to record H.264 and Opus, by muxer: CPU time, threads, memory. The media are
// encoded once; each path records the same buffers in a process of its own (this program again,
// with --run), so that what the kernel counts is the path's.
//   record_cpu                          everything, under 10 minutes a round
//   record_cpu --rounds 1 --seconds 60 --live-seconds 10 --paths fakesink,mp4mux,recordmux
// GST_PLUGIN_PATH must name the plugins: run it inside `meson devenv -C build`.
#include <glib/gstdio.h>
#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/job.h"
#include "bench/media.h"
#include "bench/table.h"

using namespace rec::bench;

namespace {

struct Options {
  gint seconds = 600;
  gint live_seconds = 25;
  gint recordings = 50;
  gint rounds = 3;
  gint counted_seconds = 40;
  gboolean instructions = FALSE;
  gchar* stream_format = g_strdup("byte-stream");
  gchar* paths = g_strdup("");
  gchar* folder = g_strdup(g_get_tmp_dir());
  // Of the processes that measure.
  gchar* run = nullptr;
  gchar* media = nullptr;
  gboolean live = FALSE;
};
Options options;

constexpr double kMegabytes = 0.55;  // of a second of media, and what a container adds

const GOptionEntry kEntries[] = {
    {"seconds", 0, 0, G_OPTION_ARG_INT, &options.seconds, "Media at full speed; 0: none", "N"},
    {"live-seconds", 0, 0, G_OPTION_ARG_INT, &options.live_seconds, "At real time; 0: none", "N"},
    {"recordings", 0, 0, G_OPTION_ARG_INT, &options.recordings, "At the same time", "N"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &options.rounds, "Of which the medians are printed", "N"},
    {"instructions", 0, 0, G_OPTION_ARG_NONE, &options.instructions,
     "Count them, too (valgrind); not those of the kernel", nullptr},
    {"counted-seconds", 0, 0, G_OPTION_ARG_INT, &options.counted_seconds,
     "Media for --instructions", "N"},
    {"stream-format", 0, 0, G_OPTION_ARG_STRING, &options.stream_format,
     "Of the H.264: byte-stream or avc", "FORMAT"},
    {"paths", 0, 0, G_OPTION_ARG_STRING, &options.paths, "Which, separated by commas", "NAMES"},
    {"folder", 0, 0, G_OPTION_ARG_FILENAME, &options.folder, "For what is recorded", "FOLDER"},
    {"run", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options.run, "", ""},
    {"media", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options.media, "", ""},
    {"live", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options.live, "", ""},
    {}};

// A folder that goes with everything in it.
class Scratch {
 public:
  Scratch() {
    g_autofree gchar* name = g_build_filename(options.folder, "record_cpu-XXXXXX", nullptr);
    if (g_mkdtemp(name)) path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<Path> wanted_paths() {
  std::set<std::string> names;
  std::istringstream list(options.paths);
  for (std::string name; std::getline(list, name, ',');) names.insert(name);
  auto paths = paths_for(options.stream_format);
  if (!names.empty())
    std::erase_if(paths, [&](const Path& path) { return !names.contains(path.name); });
  return paths;
}

// ---- The process that measures -----------------------------------------------------------------

int measure() {
  for (const Path& path : wanted_paths()) {
    if (std::string(path.name) != options.run) continue;
    const Media media = load(options.media);
    const Scratch scratch;
    if (media.packets.empty() || scratch.path().empty()) return 1;
    const auto outcome = run({.path = path,
                              .folder = scratch.path(),
                              .live = options.live != FALSE,
                              .recordings = static_cast<unsigned>(options.recordings),
                              .seconds = static_cast<unsigned>(options.seconds)},
                             media);
    if (!outcome) return 1;
    std::puts(to_line(*outcome).c_str());
    return 0;
  }
  g_printerr("There is no path \"%s\"\n", options.run);
  return 1;
}

// ---- The process that prints -------------------------------------------------------------------

struct Spawned {
  std::string output;
  std::string errors;
};

// This program with --run, behind `prefix`.
std::optional<Spawned> spawn(std::vector<std::string> prefix, const Path& path,
                             const std::string& scratch, bool live, unsigned recordings,
                             unsigned seconds) {
  std::vector<std::string> words = std::move(prefix);
  for (const std::string& word :
       {std::filesystem::read_symlink("/proc/self/exe").string(), "--run=" + std::string(path.name),
        "--media=" + scratch + "/media", "--folder=" + scratch,
        "--stream-format=" + std::string(options.stream_format),
        "--recordings=" + std::to_string(recordings), "--seconds=" + std::to_string(seconds)})
    words.push_back(word);
  if (live) words.emplace_back("--live");
  std::vector<gchar*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  g_autofree gchar* output = nullptr;
  g_autofree gchar* errors = nullptr;
  g_autoptr(GError) error = nullptr;
  gint status = 0;
  const bool good = g_spawn_sync(nullptr, arguments.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr,
                                 nullptr, &output, &errors, &status, &error) &&
                    g_spawn_check_wait_status(status, &error);
  if (good) return Spawned{output, errors};
  g_printerr("%s: %s\n%s", path.name, error->message, errors ? errors : "");
  return std::nullopt;
}

// Writes as much as a path will, and removes it. The first to use a page of a virtual machine's
// memory pays for it (measured: five times what writing to it costs), and large writes get other
// pages than small ones: without this the paths would pay differently.
void warm_page_cache(const std::string& scratch, double megabytes) {
  const std::string file = scratch + "/warm";
  const std::string megabyte(1'000'000, 'x');
  std::ofstream out(file, std::ios::binary);
  for (double written = 0; written < megabytes; ++written) out << megabyte;
  out.close();
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

bool measure_all(std::vector<Row>& rows, const std::string& scratch, bool live) {
  for (gint round = 0; round < options.rounds; ++round) {
    for (Row& row : rows) {
      const auto recordings = live ? static_cast<unsigned>(options.recordings) : 1;
      const auto seconds = static_cast<unsigned>(live ? options.live_seconds : options.seconds);
      warm_page_cache(scratch, kMegabytes * recordings * (seconds + kWarmUpSeconds));
      const auto done = spawn({}, row.path, scratch, live, recordings, seconds);
      const auto outcome = done ? from_line(done->output) : std::nullopt;
      if (!outcome) return false;
      row.rounds.push_back(*outcome);
    }
  }
  return true;
}

// Instructions of a process, by callgrind, in millions.
std::optional<double> count(const Path& path, const std::string& scratch, unsigned seconds) {
  const auto done = spawn({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"}, path,
                          scratch, false, 1, seconds);
  if (!done) return std::nullopt;
  const auto at = done->errors.find("Collected : ");
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(done->errors.c_str() + at + std::string("Collected : ").size(), nullptr) / 1e6;
}

// The difference of a long and a short run: starting a process costs more than seconds of media.
bool count_all(std::vector<Row>& rows, const std::string& scratch) {
  const auto seconds = static_cast<unsigned>(options.counted_seconds);
  for (Row& row : rows) {
    if (!row.path.description) continue;
    const auto some = count(row.path, scratch, seconds / 4);
    const auto many = some ? count(row.path, scratch, seconds) : std::nullopt;
    if (!many) return false;
    row.instructions = (*many - *some) / (seconds - seconds / 4);
  }
  return true;
}

int compare() {
  const Scratch scratch;
  if (scratch.path().empty()) {
    g_printerr("No folder can be made in %s\n", options.folder);
    return 1;
  }
  const Media media = encode({.stream_format = options.stream_format});
  if (media.packets.empty() || !save(media, scratch.path() + "/media")) return 1;
  const double seconds = static_cast<double>(media.duration) / 1e9;
  std::printf("H.264 (%s, 30 fps) with %.2f Mbit/s, Opus (50 packets/s) with %.0f kbit/s\n",
              options.stream_format, static_cast<double>(media.bytes(kVideo)) * 8e-6 / seconds,
              static_cast<double>(media.bytes(kAudio)) * 8e-3 / seconds);
  std::vector<Row> rows;
  for (const Path& path : wanted_paths()) rows.push_back({path, {}});
  if (options.seconds > 0) {
    std::vector<Row> fast = rows;
    if (!measure_all(fast, scratch.path(), false)) return 1;
    std::printf("\n(a) %d s of media at full speed, medians of %d\n", options.seconds,
                options.rounds);
    print_full_speed(fast);
    std::fflush(stdout);
  }
  if (options.live_seconds > 0) {
    std::vector<Row> live = rows;
    if (!measure_all(live, scratch.path(), true)) return 1;
    std::printf("\n(b) %d recordings at real time for %d s, medians of %d\n", options.recordings,
                options.live_seconds, options.rounds);
    print_live(
        live, static_cast<unsigned>(options.recordings),
        static_cast<double>(media.bytes(kVideo) + media.bytes(kAudio)) / seconds / (1 << 20));
  }
  if (options.instructions) {
    std::vector<Row> counted = rows;
    if (!count_all(counted, scratch.path())) return 1;
    std::printf("\n(c) instructions, without the kernel's, at full speed\n");
    print_instructions(counted);
  }
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  g_autoptr(GOptionContext) context = g_option_context_new("- what recording costs");
  g_option_context_add_main_entries(context, kEntries, nullptr);
  g_option_context_add_group(context, gst_init_get_option_group());
  g_autoptr(GError) error = nullptr;
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    g_printerr("record_cpu: %s\n", error->message);
    return 2;
  }
  return options.run ? measure() : compare();
}
