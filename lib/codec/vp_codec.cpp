// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/vp_codec.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace rec::codec {
namespace {

struct Level {
  std::uint8_t value;
  std::uint64_t max_luma_rate;  // samples a second
  std::uint64_t max_luma_size;  // samples a picture
  std::uint32_t max_side;       // samples
};
constexpr std::array<Level, 14> kLevels = {{{10, 829440, 36864, 512},
                                            {11, 2764800, 73728, 768},
                                            {20, 4608000, 122880, 960},
                                            {21, 9216000, 245760, 1344},
                                            {30, 20736000, 552960, 2048},
                                            {31, 36864000, 983040, 2752},
                                            {40, 83558400, 2228224, 4160},
                                            {41, 160432128, 2228224, 4160},
                                            {50, 311951360, 8912896, 8384},
                                            {51, 588251136, 8912896, 8384},
                                            {52, 1176502272, 8912896, 8384},
                                            {60, 1176502272, 35651584, 16832},
                                            {61, 2353004544, 35651584, 16832},
                                            {62, 4706009088, 35651584, 16832}}};

}  // namespace

std::uint8_t vp_level(std::uint32_t width, std::uint32_t height, FrameRate rate) {
  const std::uint64_t size = std::uint64_t{width} * height;
  // size is below 2^32: the products stay below 2^64.
  const auto fits = [&](const Level& level) {
    return size <= level.max_luma_size && std::max(width, height) <= level.max_side &&
           size * rate.numerator <= level.max_luma_rate * rate.denominator;
  };
  const auto found = std::find_if(kLevels.begin(), kLevels.end(), fits);
  return found == kLevels.end() ? kLevels.back().value : found->value;
}

std::string vp_rfc6381(std::string_view fourcc, unsigned profile, unsigned level,
                       unsigned bit_depth) {
  std::array<char, 16> fields{};
  std::snprintf(fields.data(), fields.size(), ".%02u.%02u.%02u", profile, level, bit_depth);
  return std::string(fourcc) + fields.data();
}

}  // namespace rec::codec
