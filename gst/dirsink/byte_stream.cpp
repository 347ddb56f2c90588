// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/byte_stream.h"

namespace rec::dirsink {

void ByteStream::write(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (failed_) return listener_.on_dropped(bytes.size());
  if (!file_.is_open()) {
    std::string used_key;
    if (const int code = create_free(place_, location_, file_, used_key)) return fail(code);
    listener_.on_opened(location_, file_.path());
  }
  const auto start = std::chrono::steady_clock::now();
  if (const int code = file_.write_at(offset, bytes)) return fail(code);
  listener_.on_written(bytes.size(), std::chrono::steady_clock::now() - start);
}

void ByteStream::close(bool whole) {
  if (!file_.is_open()) return;
  const StoredObject stored{
      .key = location_, .path = file_.path(), .bytes = file_.end(), .whole = whole};
  if (const int code = file_.close()) return fail(code);
  listener_.on_stored(stored);
}

void ByteStream::fail(int code) {
  failed_ = true;
  const std::string path = file_.path().empty() ? place_.path_of(location_) : file_.path();
  const std::uint64_t kept = file_.end();
  if (file_.is_open()) file_.discard();
  listener_.on_failed({.key = location_, .path = path, .code = code, .bytes = kept});
  listener_.on_bytes_failed(path, code);
}

}  // namespace rec::dirsink
