// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Media in a file: the magic word, the duration, the caps (size, text), then the packets, each a
// head and its bytes. In the byte order of the machine: it is read by the program that wrote it.
#include <cstring>
#include <fstream>

#include "bench/media.h"

namespace rec::bench {
namespace {

constexpr char kMagic[] = "record-bench-1";

struct PacketHead {
  std::uint64_t time = 0;
  std::uint64_t duration = 0;
  std::uint64_t size = 0;
  std::uint32_t track = 0;
  std::uint32_t key = 0;
};

template <class T>
void put(std::ostream& out, const T& value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

class Reader {
 public:
  explicit Reader(GMappedFile* file) : file_(file), rest_(g_mapped_file_get_length(file)) {}
  template <class T>
  bool get(T& value) {
    const char* at = take(sizeof value);
    if (at) std::memcpy(&value, at, sizeof value);
    return at;
  }
  const char* take(std::size_t size) {
    if (size > rest_) return nullptr;
    rest_ -= size;
    return g_mapped_file_get_contents(file_) + g_mapped_file_get_length(file_) - rest_ - size;
  }

 private:
  GMappedFile* const file_;  // not owned
  std::size_t rest_;
};

// Memory of the mapped file, which lives as long as the memory does.
Memory memory_in(GMappedFile* file, const char* at, std::size_t size) {
  return Memory(gst_memory_new_wrapped(
      GST_MEMORY_FLAG_READONLY, const_cast<char*>(at), size, 0, size, g_mapped_file_ref(file),
      [](gpointer mapped) { g_mapped_file_unref(static_cast<GMappedFile*>(mapped)); }));
}

}  // namespace

bool save(const Media& media, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  out.write(kMagic, sizeof kMagic);
  put(out, media.duration);
  for (const std::string& caps : media.caps) {
    put(out, caps.size());
    out << caps;
  }
  for (const Packet& p : media.packets) {
    GstMapInfo map;
    if (!gst_memory_map(p.bytes.get(), &map, GST_MAP_READ)) return false;
    put(out, PacketHead{p.time, p.duration, map.size, static_cast<std::uint32_t>(p.track), p.key});
    out.write(reinterpret_cast<const char*>(map.data), static_cast<std::streamsize>(map.size));
    gst_memory_unmap(p.bytes.get(), &map);
  }
  out.close();
  return out.good();
}

Media load(const std::string& path) {
  g_autoptr(GError) error = nullptr;
  GMappedFile* file = g_mapped_file_new(path.c_str(), FALSE, &error);
  if (!file) {
    g_printerr("%s\n", error->message);
    return {};
  }
  Media media;
  Reader reader(file);
  const char* magic = reader.take(sizeof kMagic);
  bool good = magic && std::memcmp(magic, kMagic, sizeof kMagic) == 0;
  good = good && reader.get(media.duration);
  for (std::string& caps : media.caps) {
    std::size_t size = 0;
    const char* text = good && reader.get(size) ? reader.take(size) : nullptr;
    good = text;
    if (text) caps.assign(text, size);
  }
  PacketHead head;
  while (good && reader.get(head)) {
    const char* bytes = reader.take(head.size);
    if (!bytes) break;
    media.packets.push_back({.track = static_cast<int>(head.track),
                             .time = head.time,
                             .duration = head.duration,
                             .key = head.key != 0,
                             .bytes = memory_in(file, bytes, head.size)});
  }
  g_mapped_file_unref(file);
  if (media.packets.empty()) g_printerr("%s holds no media\n", path.c_str());
  return media;
}

}  // namespace rec::bench
