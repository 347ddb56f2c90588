// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Other people's programs, and real samples.
#include "tests/unit/isobmff/judge_tools.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string_view>

namespace rec::isobmff {

TempDir::TempDir() {
  std::string pattern = std::filesystem::temp_directory_path() / "isobmff-XXXXXX";
  if (const char* made = mkdtemp(pattern.data())) path_ = made;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Outcome run(const std::string& command) {
  Outcome outcome;
  // A broken file makes gst-launch-1.0 wait for ever.
  FILE* pipe = popen(("timeout -k 1 30 " + command + " </dev/null 2>&1").c_str(), "r");
  if (!pipe) return outcome;
  std::array<char, 4096> chunk;
  while (const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe))
    outcome.output.append(chunk.data(), got);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string probe(const std::string& file, const std::string& what) {
  return run("ffprobe -v error -show_entries " + what + " -of csv=p=0 '" + file + "'").output;
}

void write_file(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

std::vector<Packet> packets_of(const std::string& file, const std::string& stream) {
  const Outcome probe = run("ffprobe -v error -select_streams " + stream +
                            " -show_data_hash md5 -show_entries packet=pts,dts,duration,size,pos,"
                            "flags,data_hash -of csv=p=0 '" +
                            file + "'");
  // Side data (Opus has some on its first and last packet) breaks a row before the hash.
  const std::string rows = std::regex_replace(probe.output, std::regex(",\\n+,"), ",");
  std::vector<Packet> packets;
  for (std::string line : lines_of(rows)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    Packet packet;
    std::string duration, flags;
    if (fields >> packet.pts >> packet.dts >> duration >> packet.size >> packet.pos >> flags >>
        packet.hash) {
      if (duration != "N/A") packet.duration = std::stoll(duration);
      packet.key = flags.starts_with("K");
      packets.push_back(packet);
    }
  }
  return packets;
}

SourceTrack read_track(const std::string& file, const std::string& stream,
                       std::uint32_t timescale) {
  SourceTrack track{timescale, packets_of(file, stream), {}};
  const Bytes bytes = read_file(file);
  for (const Packet& packet : track.packets) {
    if (packet.pos + packet.size > bytes.size()) return {};
    const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(packet.pos);
    track.samples.emplace_back(start, start + packet.size);
  }
  return track;
}

Bytes box_payload(const std::string& file, std::string_view type_text) {
  const Bytes bytes = read_file(file);
  const auto type = std::search(bytes.begin(), bytes.end(), type_text.begin(), type_text.end());
  if (type == bytes.end()) return {};
  std::size_t size = 0;
  for (auto at = type - 4; at != type; ++at) size = size << 8 | *at;
  return Bytes(type + 4, type - 4 + static_cast<std::ptrdiff_t>(size));
}

TrackRun cut_run(std::uint32_t track_id, const SourceTrack& track, double from, double to,
                 std::int64_t shift) {
  TrackRun run;
  run.track_id = track_id;
  for (std::size_t i = 0; i < track.packets.size(); ++i) {
    const Packet& packet = track.packets[i];
    const double seconds = static_cast<double>(packet.dts) / track.timescale;
    if (seconds < from || seconds >= to) continue;
    run.samples.push_back({packet.dts + shift, static_cast<std::int32_t>(packet.pts - packet.dts),
                           packet.size, packet.key});
    run.pieces.emplace_back(track.samples[i]);
    run.end_dts = packet.dts + packet.duration + shift;
  }
  return run;
}

Bytes joined(const std::vector<Bytes>& units) {
  Bytes file;
  for (const Bytes& unit : units) file.insert(file.end(), unit.begin(), unit.end());
  return file;
}

std::vector<Demuxed> demux(const std::string& file, const std::string& pad) {
  const Outcome shown =
      run("gst-launch-1.0 -v filesrc location='" + file + "' ! qtdemux name=d d." + pad +
          " ! identity silent=false ! fakesink sync=false");
  EXPECT_EQ(shown.status, 0) << shown.output;
  const auto ns = [](const std::ssub_match& clock) {  // 0:00:00.000000000
    const std::string text = clock.str();
    const auto at = [&](std::size_t from_end, std::size_t length) {
      return std::stoll(text.substr(text.size() - from_end, length));
    };
    return ((std::stoll(text) * 60 + at(15, 2)) * 60 + at(12, 2)) * 1000000000 + at(9, 9);
  };
  std::vector<Demuxed> demuxed;
  const std::regex buffer(
      R"(\((\d+) bytes, dts: [^,]*, pts: ([0-9:.]+), duration: ([0-9:.]+),.* flags: ([^,]*))");
  for (const std::string& line : lines_of(shown.output)) {
    std::smatch m;
    if (std::regex_search(line, m, buffer))
      demuxed.push_back({static_cast<std::uint32_t>(std::stoul(m[1])), ns(m[2]), ns(m[3]),
                         m[4].str().find("delta-unit") == std::string::npos});
  }
  return demuxed;
}

}  // namespace rec::isobmff
