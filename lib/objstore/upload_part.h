// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a stream of bytes to the parts of an upload, hashed while the bytes are in the cache.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/objstore/crc.h"
#include "lib/objstore/digest.h"
#include "lib/objstore/http.h"

namespace rec::objstore {

struct UploadPart {
  int number = 0;  // from 1
  Body body;
  std::uint64_t size = 0;
  std::string crc32c;                          // base64; "" if it was not wanted
  std::array<std::uint8_t, 4> crc32c_bytes{};  // the same
  std::string sha256;                          // hexadecimal; "" if it was not wanted
};

enum class PartSizes {
  kFixed,    // all the same: some stores (R2, Garage) demand it
  kGrowing,  // doubled every 1000 parts: 8.6 TB from 8 MiB, and small ones where loss is likeliest
};
inline constexpr int kMaxUploadParts = 10'000;
// Of a part; beyond the last one it is that of the last one.
std::uint64_t part_size(std::uint64_t first, PartSizes sizes, int number);

class PartBuilder {  // one thread: the streaming thread
 public:
  struct Settings {
    std::uint64_t part_size = 8 << 20;
    PartSizes sizes = PartSizes::kGrowing;
    bool crc32c = true;
    bool sha256 = false;  // where the payload is signed
  };
  explicit PartBuilder(Settings settings) : settings_(settings) {}

  // Copies. The parts that are full now. An append that ends at the end of a part leaves no empty
  // one.
  std::vector<UploadPart> append(std::span<const std::uint8_t> bytes);
  // What is left, if anything.
  std::optional<UploadPart> finish();

  int next_number() const { return number_; }
  std::uint64_t pending() const { return size_; }  // bytes of the part that is not full

 private:
  UploadPart close();
  void add(std::span<const std::uint8_t> bytes);

  const Settings settings_;
  int number_ = 1;
  Body body_;
  std::uint64_t size_ = 0;
  Crc32c crc_;
  std::optional<Hash> sha256_;
};

}  // namespace rec::objstore
