// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lane's side of a plain byte stream: one file, written wherever the stream's BYTES segments
// say. Every function runs on the lane.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gst/dirsink/listener.h"
#include "gst/dirsink/naming.h"

namespace rec::dirsink {

class ByteStream {
 public:
  // `location`: absolute, or a checked key below the root.
  ByteStream(Place place, std::string location, Listener& listener)
      : place_(std::move(place)), location_(std::move(location)), listener_(listener) {}

  void write(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  void close(bool whole);  // false: without end of stream
  bool failed() const { return failed_; }

 private:
  void fail(int code);

  const Place place_;
  const std::string location_;
  Listener& listener_;
  ObjectFile file_;
  bool failed_ = false;
};

}  // namespace rec::dirsink
