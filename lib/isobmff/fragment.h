// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A movie fragment: one moof and its mdat (ISO/IEC 14496-12, 8.8.4 and 8.1.1), and the wall clock
// in front of them (8.16.5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/isobmff/reference_time.h"

namespace rec::isobmff {

// What a run must be to become a track fragment. An error names the track and the value.
// - track_id is not 0; the first dts is not negative (tfdt is unsigned);
// - dts never goes back, end_dts is not before the last; no sample lasts 2^32 ticks or more
//   (13 hours at 90 kHz);
// - `pieces` are exactly the samples;
// - all runs but the last are together shorter than 2 GiB, because trun's data_offset is signed
//   32-bit. The last run may be any size: the mdat then has a 64-bit size.
Status check_runs(std::span<const TrackRun> runs);

// One moof and its mdat: every run one traf, in the order given. Offsets are relative to the moof
// (default-base-is-moof), so the fragment is right wherever it stands in a file.
// A run without samples is left out. Empty if no run has samples, or if check_runs() fails: a
// fragment that lies about its samples would damage more than itself.
// Every sample of an audio run must say `key`.
// With a `reference`, a prft of kPrftBytes comes first; it must be of a sample of the runs.
Bytes fragment(std::uint32_t sequence_number, std::span<const TrackRun> runs,
               const std::optional<ReferenceTime>& reference = std::nullopt);

// The same without the samples: prft, moof and the header of the mdat. `TrackRun::pieces` is not
// looked at; the caller writes the samples behind it, run by run.
Bytes fragment_header(std::uint32_t sequence_number, std::span<const TrackRun> runs,
                      const std::optional<ReferenceTime>& reference = std::nullopt);

}  // namespace rec::isobmff
