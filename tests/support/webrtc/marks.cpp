// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/marks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace rec::test {
namespace {

constexpr guint64 kRate = 48000;
constexpr double kAmplitude = 16000;
constexpr std::uint8_t kWhite = 235;
constexpr std::uint8_t kBlack = 16;
constexpr std::uint8_t kNoColour = 128;

}  // namespace

void Marks::begin(GstClockTime first_frame) {
  GstClockTime none = GST_CLOCK_TIME_NONE;
  first_frame_.compare_exchange_strong(none, first_frame);
}

GstClockTime Marks::into_mark(GstClockTime time) const {
  const GstClockTime first_frame = first_frame_.load();
  if (first_frame == GST_CLOCK_TIME_NONE || time < first_frame + kFirst) return GST_CLOCK_TIME_NONE;
  const GstClockTime into = (time - first_frame - kFirst) % kPeriod;
  return into < kLength ? into : GST_CLOCK_TIME_NONE;
}

void Marks::paint(GstBuffer* picture, GstClockTime time, int width, int height) const {
  GstMapInfo map;
  if (!gst_buffer_map(picture, &map, GST_MAP_WRITE)) return;
  // A frame's time is rounded to nanoseconds: look half a millisecond into it.
  const bool white = into_mark(time + GST_MSECOND / 2) != GST_CLOCK_TIME_NONE;
  // Even more than a tenth of the height, the part that judges look at, in whole macroblocks.
  const std::size_t rows = static_cast<std::size_t>(height / 8 + 15) / 16 * 16;
  const std::size_t row = static_cast<std::size_t>(GST_ROUND_UP_4(width));
  const std::size_t colour_row =
      static_cast<std::size_t>(GST_ROUND_UP_4(GST_ROUND_UP_2(width) / 2));
  const std::size_t luma = row * static_cast<std::size_t>(GST_ROUND_UP_2(height));
  const std::size_t chroma = colour_row * static_cast<std::size_t>(GST_ROUND_UP_2(height) / 2);
  if (luma + 2 * chroma <= map.size) {
    std::fill_n(map.data, row * rows, white ? kWhite : kBlack);
    std::fill_n(map.data + luma, colour_row * rows / 2, kNoColour);
    std::fill_n(map.data + luma + chroma, colour_row * rows / 2, kNoColour);
  }
  gst_buffer_unmap(picture, &map);
}

void Marks::sound(GstBuffer* samples, GstClockTime time) const {
  GstMapInfo map;
  if (!gst_buffer_map(samples, &map, GST_MAP_WRITE)) return;
  auto* frames = reinterpret_cast<std::int16_t(*)[2]>(map.data);
  for (std::size_t i = 0; i < map.size / sizeof *frames; ++i) {
    const GstClockTime into = into_mark(time + gst_util_uint64_scale(i, GST_SECOND, kRate));
    const double phase = 2 * std::numbers::pi * kBeep * static_cast<double>(into) / GST_SECOND;
    const auto value = into == GST_CLOCK_TIME_NONE
                           ? std::int16_t{0}
                           : static_cast<std::int16_t>(kAmplitude * std::sin(phase));
    frames[i][0] = frames[i][1] = value;
  }
  gst_buffer_unmap(samples, &map);
}

}  // namespace rec::test
