// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Owned GStreamer references and mapped buffers.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace rec {

template <class T>
inline constexpr bool kMiniObject =
    std::is_same_v<T, GstBuffer> || std::is_same_v<T, GstEvent> || std::is_same_v<T, GstMessage> ||
    std::is_same_v<T, GstCaps> || std::is_same_v<T, GstQuery> || std::is_same_v<T, GstBufferList>;

struct Unref {
  template <class T>
  void operator()(T* p) const noexcept {
    if constexpr (kMiniObject<T>)
      gst_mini_object_unref(GST_MINI_OBJECT_CAST(p));
    else
      gst_object_unref(p);
  }
};
template <class T>
using Ref = std::unique_ptr<T, Unref>;

template <class T>
Ref<T> adopt(T* p) {  // (transfer full); gst_parse_launch() and friends are floating
  if constexpr (!kMiniObject<T>) g_assert(!p || !g_object_is_floating(p));
  return Ref<T>(p);
}
template <class T>
Ref<T> adopt_floating(T* p) {
  if (p) gst_object_ref_sink(p);
  return Ref<T>(p);
}
template <class T>
Ref<T> share(T* p) {
  if constexpr (kMiniObject<T>)
    gst_mini_object_ref(GST_MINI_OBJECT_CAST(p));
  else
    gst_object_ref(p);
  return Ref<T>(p);
}

struct FreeStructure {
  void operator()(GstStructure* s) const noexcept { gst_structure_free(s); }
};
using StructurePtr = std::unique_ptr<GstStructure, FreeStructure>;

class ReadMap {
 public:
  // Borrows: one more reference here would make the buffer read-only for its owner.
  explicit ReadMap(GstBuffer* b) : buffer_(gst_buffer_map(b, &info_, GST_MAP_READ) ? b : nullptr) {}
  ~ReadMap() {
    if (buffer_) gst_buffer_unmap(buffer_, &info_);
  }
  ReadMap(const ReadMap&) = delete;
  ReadMap& operator=(const ReadMap&) = delete;
  explicit operator bool() const { return buffer_ != nullptr; }
  std::span<const std::uint8_t> bytes() const { return {info_.data, info_.size}; }

 private:
  GstMapInfo info_{};  // declared first: buffer_'s initialiser fills it
  GstBuffer* const buffer_;
};

// A buffer of one memory that owns `bytes`.
inline Ref<GstBuffer> buffer_of(std::vector<std::uint8_t> bytes) {
  if (bytes.empty()) return Ref<GstBuffer>(gst_buffer_new());
  auto* owned = new std::vector<std::uint8_t>(std::move(bytes));
  return Ref<GstBuffer>(gst_buffer_new_wrapped_full(
      GST_MEMORY_FLAG_READONLY, owned->data(), owned->size(), 0, owned->size(), owned,
      [](gpointer data) { delete static_cast<std::vector<std::uint8_t>*>(data); }));
}

}  // namespace rec
