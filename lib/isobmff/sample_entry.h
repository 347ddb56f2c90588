// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sample description of a track: which codec, and what its decoder needs to start.
#pragma once

#include "lib/isobmff/box_writer.h"

namespace rec::isobmff {

// Where the parameter sets of H.264 and H.265 are.
enum class ParameterSets {
  kInSamples,    // there too, and they may change
  kOnlyInEntry,  // all of them are in the decoder configuration record
};
// ISO/IEC 14496-12, 8.5.2.
void write_stsd(BoxWriter& w, const TrackConfig& config,
                ParameterSets sets = ParameterSets::kInSamples);
// avc3 or avc1: ISO/IEC 14496-15, 5.4.2; hev1 or hvc1: 8.4.1.
void write_sample_entry(BoxWriter& w, const H264Config& config,
                        ParameterSets sets = ParameterSets::kInSamples,
                        const PictureFormat& picture = {});
void write_sample_entry(BoxWriter& w, const H265Config& config,
                        ParameterSets sets = ParameterSets::kInSamples,
                        const PictureFormat& picture = {});
// "VP Codec ISO Media File Format Binding" 1.0, and "AV1 Codec ISO Media File Format Binding", 2.2:
// vp08, vp09, av01
void write_sample_entry(BoxWriter& w, const Vp8Config& config, const PictureFormat& picture = {});
void write_sample_entry(BoxWriter& w, const Vp9Config& config, const PictureFormat& picture = {});
void write_vpcc(BoxWriter& w, const Vp9Config& config);
void write_sample_entry(BoxWriter& w, const Av1Config& config, const PictureFormat& picture = {});
// colr and pasp, ISO/IEC 14496-12, 12.1.5 and 12.1.4: what is not known, or square, is not written.
void write_picture_format(BoxWriter& w, const PictureFormat& picture);
void write_sample_entry(BoxWriter& w, const OpusConfig& config);  // Opus in ISOBMFF, 4.3.1
void write_dops(BoxWriter& w, const OpusConfig& config);          // Opus in ISOBMFF, 4.3.2
void write_sample_entry(BoxWriter& w, const AacConfig& config);   // mp4a: ISO/IEC 14496-14, 5.6
void write_esds(BoxWriter& w, const AacConfig& config);           // ISO/IEC 14496-14, 5.6
void write_sample_entry(BoxWriter& w, const G711Config& config);  // ulaw, alaw: QuickTime's names

}  // namespace rec::isobmff
