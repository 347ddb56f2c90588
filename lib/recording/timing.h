// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace rec::recording {

// Which clock puts the tracks of a recording beside each other.
enum class Timing {
  kAuto,     // sender reports, unless they contradict the times of arrival by more than a second
  kRtcp,     // sender reports, whatever they say
  kArrival,  // running time
};

}  // namespace rec::recording
