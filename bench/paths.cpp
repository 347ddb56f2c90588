// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/paths.h"

#include <string_view>

namespace rec::bench {
namespace {

constexpr Path kFakeSink = {
    "fakesink", "fakesink (the floor)",
    "appsrc name=video ! fakesink async=false appsrc name=audio ! fakesink async=false", false};
constexpr Path kFileSinks = {"filesink", "two filesinks, raw",
                             "appsrc name=video ! filesink async=false location={dir}/{name}.h264 "
                             "appsrc name=audio ! filesink async=false location={dir}/{name}.opus"};
constexpr Path kMp4Mux = {
    "mp4mux", "mp4mux fragment-duration=1000",
    "appsrc name=video ! m.video_%u mp4mux name=m fragment-duration=1000 ! "
    "filesink async=false location={dir}/{name}.mp4 appsrc name=audio ! m.audio_%u"};
constexpr Path kParsedMp4Mux = {
    "mp4mux", "h264parse ! mp4mux fragment-duration=1000",
    "appsrc name=video ! h264parse ! m.video_%u mp4mux name=m fragment-duration=1000 ! "
    "filesink async=false location={dir}/{name}.mp4 appsrc name=audio ! m.audio_%u"};
constexpr Path kSplitMux = {
    "splitmuxsink", "splitmuxsink (4 s files)",
    "appsrc name=video ! m.video splitmuxsink name=m max-size-time=4000000000 "
    "location={dir}/{name}-%05d.mp4 appsrc name=audio ! m.audio_0"};
constexpr Path kParsedSplitMux = {
    "splitmuxsink", "h264parse ! splitmuxsink (4 s files)",
    "appsrc name=video ! h264parse ! m.video splitmuxsink name=m max-size-time=4000000000 "
    "location={dir}/{name}-%05d.mp4 appsrc name=audio ! m.audio_0"};
constexpr Path kFfmpeg = {"ffmpeg", "ffmpeg -c copy (a process each)", nullptr};
constexpr Path kRecordMux = {"recordmux", "recordmux ! dirsink",
                             "appsrc name=video ! recordmux name=m path={name}.mp4 ! "
                             "dirsink name=store root={dir} appsrc name=audio ! m."};

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

std::vector<Path> paths_for(const std::string& stream_format) {
  const bool avc = stream_format == "avc";
  return {kFakeSink, kFileSinks, avc ? kMp4Mux : kParsedMp4Mux, avc ? kSplitMux : kParsedSplitMux,
          kFfmpeg,   kRecordMux};
}

std::string pipeline_of(const Path& path, const std::string& folder, const std::string& name) {
  std::string text = path.description;
  replace_all(text, "{dir}", folder);
  replace_all(text, "{name}", name);
  return text;
}

std::string maker_of_input(const std::string& file) {
  return "appsrc name=video ! h264parse ! matroskamux name=m ! filesink location=" + file +
         " appsrc name=audio ! m.audio_%u";
}

std::vector<std::string> ffmpeg_command(const std::string& input, const std::string& output,
                                        bool live) {
  std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error"};
  if (live) command.emplace_back("-re");
  for (const std::string& word :
       {std::string("-i"), input, std::string("-c"), std::string("copy"), std::string("-movflags"),
        std::string("empty_moov+default_base_moof"), std::string("-frag_duration"),
        std::string("1000000"), std::string("-y"), output})
    command.push_back(word);
  return command;
}

}  // namespace rec::bench
