// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A recording as a killed recorder leaves it: H.264 with B-frames and Opus with a pre-skip that
// begins later, in three fragments with reference times.
#pragma once

#include <vector>

#include "lib/isobmff/fragment.h"
#include "lib/isobmff/init_segment.h"
#include "tests/support/box_reader.h"
#include "tests/unit/support/box_text.h"

namespace rec::recovery {

inline void append(Bytes& to, const Bytes& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

inline std::vector<isobmff::Track> sample_tracks() {
  H264Config h264;
  h264.avcc = test::BoxText("01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80").bytes();
  h264.width = 640;
  h264.height = 480;
  OpusConfig opus;
  opus.pre_skip = 312;
  return {{1, {90000, h264}}, {2, {48000, opus}}};
}

// Fragment `number`, from 1 on: an IDR picture, one more, and a B-frame between them; the first has
// no audio.
inline Bytes sample_fragment(std::uint32_t number) {
  const Bytes key =
      test::BoxText("00000007 6742e01f8c8d40  00000004 68ce3c80  00000004 658884a1").bytes();
  const Bytes delta = test::BoxText("00000004 419a246c").bytes();
  const std::int64_t start = 9000 * (std::int64_t{number} - 1);
  TrackRun video{1,
                 {{start, 3000, static_cast<std::uint32_t>(key.size()), true},
                  {start + 3000, 6000, static_cast<std::uint32_t>(delta.size()), false},
                  {start + 6000, 0, static_cast<std::uint32_t>(delta.size()), false}},
                 start + 9000,
                 {key, delta, delta}};
  const Bytes packet = {0xfc, 0xff, 0xfe};
  TrackRun audio{2, {}, 0, {}};
  const std::int64_t first = 4800 * (std::int64_t{number} - 2) + 4800 + 312;
  for (std::int64_t dts = first; number > 1 && dts < first + 4800; dts += 960) {
    audio.samples.push_back({dts, 0, 3, true});
    audio.pieces.emplace_back(packet);
    audio.end_dts = dts + 960;
  }
  const isobmff::ReferenceTime reference{
      1, static_cast<std::uint64_t>(start + 3000),
      1'700'000'000'000'000'000 + std::int64_t{number - 1} * 100'000'000, false};
  const std::vector<TrackRun> runs{video, audio};
  return isobmff::fragment(number, runs, reference);
}

// Head and fragments, one after the other.
struct SampleRecording {
  explicit SampleRecording(std::uint32_t fragments = 3) {
    const auto tracks = sample_tracks();
    bytes = isobmff::init_segment(tracks, 1'700'000'000);
    ends.push_back(bytes.size());
    for (std::uint32_t number = 1; number <= fragments; ++number) {
      append(bytes, sample_fragment(number));
      ends.push_back(bytes.size());
    }
  }
  Bytes upto(std::size_t end) const {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  Bytes bytes;
  std::vector<std::size_t> ends;  // of the head, and of each fragment
};

inline test::Mp4File judged(const Bytes& bytes) {
  return test::read_mp4(bytes, {.extra_boxes = {"edts"}});
}

}  // namespace rec::recovery
