// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The identity of an encoded frame: the same before the payloader, after the depayloader and in a
// file, and the same as what an independent reader prints:
//   audio  ffmpeg -i FILE -map 0:a -c copy -f framemd5 -
//   H.264  ffmpeg -i FILE -map 0:v -c copy -bsf:v h264_mp4toannexb,filter_units=pass_types=1-5
//            -f framemd5 -
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace rec::test {

enum class H264Framing { kAnnexB, kLength4 };  // start codes, or 4-byte lengths (avc, avc3 in MP4)

std::string md5_of(std::span<const std::uint8_t> bytes);  // hexadecimal

// Of the slices alone (nal_unit_type 1 to 5), the first behind 00 00 00 01, the others behind
// 00 00 01: parameter sets, SEI and delimiters may come, go and move.
std::string slices_md5(std::span<const std::uint8_t> access_unit, H264Framing framing);

}  // namespace rec::test
