// SPDX-License-Identifier: LGPL-2.1-or-later
//
// mp4check [--ffmpeg] [--allow TYPE] [--allow-video-gaps] FILE...
// The strict MP4 reader for shell, python and node tests: one JSON object a file and line; of
// "references", each prft, "origin_s" is the UTC of the file's time 0. --ffmpeg skips prft. Exit
// status 1 when a file has violations, 2 when it was called wrongly.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/box_reader.h"

namespace {

using namespace rec::test;

std::string quoted(std::string_view text) {  // JSON, RFC 8259, 7
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\u%04x", c);
      out += hex.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string seconds(std::uint64_t ticks, std::uint32_t timescale) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6f",
                timescale ? static_cast<double>(ticks) / timescale : 0.0);
  return text.data();
}

std::string member(std::string_view name, std::uint64_t value) {
  return quoted(name) + ":" + std::to_string(value);
}

template <class List, class Format>
std::string array(const List& list, Format format) {
  std::string out = "[";
  for (const auto& entry : list) {
    if (out.size() > 1) out += ",";
    out += format(entry);
  }
  return out + "]";
}

std::string format_track(const Mp4Track& t) {
  std::size_t keys = 0;
  for (const auto& sample : t.samples) keys += sample.key ? 1 : 0;
  std::string out = "{" + member("id", t.id) + ",\"handler\":" + quoted(t.handler) +
                    ",\"codec\":" + quoted(t.entry) + ",\"index_codec\":" + quoted(t.index_entry) +
                    ",\"rfc6381\":" + quoted(t.rfc6381()) + "," + member("timescale", t.timescale) +
                    "," + member("samples", t.samples.size()) + "," + member("keys", keys);
  out +=
      ",\"first_dts_s\":" + (t.samples.empty() ? "null" : seconds(t.samples[0].dts, t.timescale));
  out += ",\"language\":" + quoted(t.language);
  out += ",\"end_s\":" + seconds(t.end_dts, t.timescale);
  if (t.video()) {
    out += "," + member("width", t.width) + "," + member("height", t.height) + "," +
           member("rotation", static_cast<std::uint64_t>(t.rotation < 0 ? 0 : t.rotation)) +
           ",\"mirrored\":" + (t.mirrored ? "true" : "false");
  } else {
    out += "," + member("channels", t.channels) + "," + member("pre_skip", t.dops.pre_skip);
  }
  return out + "}";
}

std::string format_jump(const Mp4Jump& jump) {
  return "{" + member("track", jump.track) + "," + member("fragment", jump.fragment) + "," +
         member("from", jump.from) + "," + member("to", jump.to) + "}";
}

// Exact, unlike a JSON number: ns since 1970 have more digits than a double.
std::string utc_seconds(std::int64_t utc) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t seconds = utc / kSecond - (utc % kSecond < 0 ? 1 : 0);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "\"%lld.%09lld\"", static_cast<long long>(seconds),
                static_cast<long long>(utc - seconds * kSecond));
  return text.data();
}

std::string format_reference(const Mp4Reference& reference) {
  return "{" + member("track", reference.track) + "," + member("fragment", reference.fragment) +
         "," + member("flags", reference.flags) + "," + member("media_time", reference.media_time) +
         ",\"utc_s\":" + utc_seconds(reference.utc) +
         ",\"origin_s\":" + utc_seconds(reference.origin) + "}";
}

std::string format_file(const std::string& path, const Mp4File& file) {
  return "{\"file\":" + quoted(path) + ",\"violations\":" + array(file.violations, quoted) +
         ",\"tracks\":" + array(file.tracks, format_track) + "," +
         member("fragments", file.fragments.size()) + "," +
         member("index_offset", file.index_offset) + "," + member("mdat_offset", file.mdat_offset) +
         ",\"references\":" + array(file.references, format_reference) +
         ",\"gaps\":" + array(file.gaps, format_jump) +
         ",\"overlaps\":" + array(file.overlaps, format_jump) + "," +
         member("tail_bytes", file.tail.size) + ",\"tail\":" + quoted(file.tail.why) + "}";
}

}  // namespace

int main(int argc, char** argv) {
  Mp4ReadOptions options;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--ffmpeg") {
      auto ffmpeg = ffmpeg_options();
      ffmpeg.extra_boxes.merge(options.extra_boxes);
      ffmpeg.allow_video_gaps = options.allow_video_gaps;
      options = std::move(ffmpeg);
    } else if (arg == "--allow" && i + 1 < argc) {
      options.extra_boxes.insert(argv[++i]);
    } else if (arg == "--allow-video-gaps") {
      options.allow_video_gaps = true;
    } else if (arg.starts_with("--")) {
      paths.clear();
      break;
    } else {
      paths.emplace_back(arg);
    }
  }
  if (paths.empty()) {
    std::fputs("usage: mp4check [--ffmpeg] [--allow TYPE] [--allow-video-gaps] FILE...\n", stderr);
    return 2;
  }
  int status = 0;
  for (const auto& path : paths) {
    const Mp4File file = read_mp4_file(path, options);
    std::puts(format_file(path, file).c_str());
    if (!file.violations.empty()) status = 1;
  }
  return status;
}
