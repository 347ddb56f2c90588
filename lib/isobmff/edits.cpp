// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/isobmff/edits.h"

#include <algorithm>

namespace rec::isobmff {

Edits edits_of(std::uint32_t timescale, std::int64_t ahead, const SampleIndex& samples) {
  if (samples.empty()) return {};
  // ffmpeg moves a track up whose first picture is shown after the begin of its edit.
  const std::int64_t reordering = samples.first_shown() - samples.start();
  const auto late = static_cast<std::uint64_t>(samples.first_shown());
  const std::int64_t shown = std::max(samples.end(), samples.last_shown()) - samples.first_shown();
  const auto left = static_cast<std::uint64_t>(std::max<std::int64_t>(shown - ahead, 0));
  // Rounded up: a reader cuts off what does not fit.
  return {(late * kIndexTimescale + timescale / 2) / timescale, ahead + reordering,
          (left * kIndexTimescale + timescale - 1) / timescale};
}

void write_edits(BoxWriter& w, const Edits& edits) {
  if (edits.late == 0 && edits.media_time == 0) return;
  constexpr std::uint32_t kRate1 = 0x10000;
  auto edts = w.box("edts");
  auto elst = w.full_box("elst", 1, 0);
  w.u32(edits.late > 0 ? 2 : 1);
  if (edits.late > 0) {
    w.u64(edits.late);
    w.u64(~0ULL);  // media_time -1
    w.u32(kRate1);
  }
  w.u64(edits.shown);
  w.u64(static_cast<std::uint64_t>(edits.media_time));
  w.u32(kRate1);
}

}  // namespace rec::isobmff
