// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The ways to record that are compared. Each gets the same buffers with the same caps.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace rec::bench {

struct Path {
  const char* name;         // on the command line
  const char* label;        // in the table
  const char* description;  // of the pipeline, `{dir}` and `{name}` for the files; nullptr: ffmpeg
  bool writes = true;
};

// `stream_format` of the H.264 caps: what mp4mux does not take goes through h264parse.
std::vector<Path> paths_for(const std::string& stream_format);

inline constexpr const char* kFloor = "fakesink";  // everything but the recording
inline constexpr const char* kPeer = "mp4mux";     // what targets speak of

// What one recording of the path is.
std::string pipeline_of(const Path& path, const std::string& folder, const std::string& name);
std::string maker_of_input(const std::string& file);  // a pipeline that writes the media for ffmpeg
std::vector<std::string> ffmpeg_command(const std::string& input, const std::string& output,
                                        bool live);

}  // namespace rec::bench
