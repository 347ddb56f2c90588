// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The second half of a fragment's check, once its mdat is there: runs against payload, samples
// against the bytes they name, tfdt against what came before.
#pragma once

#include "tests/support/box_fields.h"

namespace rec::test::mp4 {

// The runs of all tracks must cover the payload of `mdat` exactly, without overlap.
void check_coverage(Context& ctx, const PendingFragment& pending, const Box& mdat);

// Moves the samples into their track, on the track's timeline.
void add_samples(Context& ctx, TrackFragment& fragment, const Box& mdat);

// When everything is read: what only the whole track shows.
void check_track_end(Context& ctx, const Mp4Track& track);

}  // namespace rec::test::mp4
