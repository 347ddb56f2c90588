// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A movie fragment read back: the opposite of fragment.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"

namespace rec::isobmff {

struct MovieFragment {
  std::uint32_t sequence_number = 0;
  std::vector<TrackRun> runs;  // without their bytes
};

// A whole moof and how long the header and the payload of the mdat behind it are. Nothing if it is
// no moof as fragment() writes it: a run a track, each right behind the one before, all of them the
// payload.
std::optional<MovieFragment> read_fragment(std::span<const std::uint8_t> moof,
                                           std::uint64_t mdat_header, std::uint64_t payload);

}  // namespace rec::isobmff
