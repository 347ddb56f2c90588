// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What all paths of a benchmark record: some seconds of H.264 and Opus, encoded once, kept in
// memory and played in a loop.
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gst/common/handles.h"

namespace rec::bench {

inline constexpr int kTracks = 2;
inline constexpr int kVideo = 0;
inline constexpr int kAudio = 1;

struct UnrefMemory {
  void operator()(GstMemory* memory) const noexcept { gst_memory_unref(memory); }
};
using Memory = std::unique_ptr<GstMemory, UnrefMemory>;

struct Packet {
  int track = 0;
  GstClockTime time = 0;  // decode and presentation: as in WebRTC, nothing is reordered
  GstClockTime duration = 0;
  bool key = false;
  Memory bytes;  // read-only, shared by all buffers of the packet
};

struct Media {
  std::array<std::string, kTracks> caps;
  std::vector<Packet> packets;  // by time
  GstClockTime duration = 0;    // of one turn of the loop

  std::uint64_t bytes(int track) const;
};

// A buffer of the packet in the given turn of the loop; its bytes are not copied.
Ref<GstBuffer> buffer_of(const Packet& packet, GstClockTime turn_start);

struct Encoding {
  unsigned seconds = 10;
  unsigned kbits_per_second = 4000;           // of the video
  std::string stream_format = "byte-stream";  // of the H.264; or "avc"
};
// Prints what goes wrong; then there are no packets.
Media encode(const Encoding& encoding);

// So that other processes record the same: the reader maps the file.
bool save(const Media& media, const std::string& path);
Media load(const std::string& path);

}  // namespace rec::bench
