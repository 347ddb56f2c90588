// SPDX-License-Identifier: LGPL-2.1-or-later
//
// H.265 sequence parameter sets and what they say according to others.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/codec/h265.h"

namespace rec::codec {

struct H265SpsVector {
  const char* name;
  const char* nal;  // hex
  std::uint16_t width, height;
  const char* rfc6381;
  std::uint8_t chroma_format_idc, bit_depth_luma;
  std::uint16_t sar_width, sar_height;
  std::optional<Colour> colour;
  int max_num_reorder_pics;
};

inline constexpr Colour kTv{};  // nothing but the range is said

// x265 (libx265 of Debian bookworm), expectations from ffprobe 5.1 -show_streams (its has_b_frames
// is the number of reordered pictures):
//   ffmpeg -f lavfi -i testsrc=size=SIZE:rate=25 -frames:v 6 -c:v libx265 -preset ultrafast OPTIONS
//     -x265-params info=0:PARAMS -f hevc NAME
// odd422 -pix_fmt yuv422p    odd444 -pix_fmt yuv444p    main10 -pix_fmt yuv420p10le
// gray   -pix_fmt gray       zl     -tune zerolatency   bpyr   -preset medium bframes=4:b-pyramid=1
// b1     -preset medium bframes=1:b-pyramid=0           scal   scaling-list=default
// sar    -vf setsar=64/45    hrd    hrd=1:vbv-maxrate=500:vbv-bufsize=500:bitrate=400
// temporal temporal-layers=1:bframes=3                  intra  -pix_fmt yuv420p10le keyint=1
// colour -pix_fmt yuvj420p -color_range pc -colorspace bt709 -color_primaries bt709
//        -color_trc bt709
// high   level-idc=40:high-tier=1:vbv-maxrate=20000:vbv-bufsize=20000:bitrate=15000
inline const H265SpsVector kX265[] = {
    {"hd1080: the conformance window cuts eight rows",
     "420101016000000300900000030000030078a003c0801107cb965654a4c2f016808000000300"
     "8000000c84",
     1920, 1080, "hev1.1.6.L120.90", 1, 8, 1, 1, kTv, 2},
    {"odd422",
     "4201010408000003009d0800000300005ab006c201f1cd1f965654a4c2f01680800000030080"
     "00000c84",
     854, 482, "hev1.4.10.L90.9D.8", 2, 8, 1, 1, kTv, 2},
    {"odd444",
     "4201010408000003009e0800000300003c9001510080e3e3f2caca94985e02d0100000030010"
     "000003019080",
     322, 242, "hev1.4.10.L60.9E.8", 3, 8, 1, 1, kTv, 2},
    {"main10",
     "42010102200000030090000003000003003fa005020171f2b6595952930bc05a020000030002"
     "000003003210",
     640, 360, "hev1.2.4.L63.90", 1, 10, 1, 1, kTv, 2},
    {"gray",
     "4201010408000003009fc800000300003cc05880916595952930bc05b0200000030020000003"
     "0321",
     176, 144, "hev1.4.10.L60.9F.C8", 0, 8, 1, 1, Colour{2, 2, 2, true}, 2},
    {"zl: zerolatency",
     "42010101600000030090000003000003005aa0050201e165ba4a4c2f01680800000300080000"
     "0300c840",
     640, 480, "hev1.1.6.L90.90", 1, 8, 1, 1, kTv, 0},
    {"bpyr: B-pyramid",
     "42010101600000030090000003000003003ca00b08048596566924caf0168080000003008000"
     "000c84",
     352, 288, "hev1.1.6.L60.90", 1, 8, 1, 1, kTv, 2},
    {"b1: one B-frame",
     "42010101600000030090000003000003003ca00b0804859644e4932bc05a0200000300020000"
     "03003210",
     352, 288, "hev1.1.6.L60.90", 1, 8, 1, 1, kTv, 1},
    {"scal: default scaling lists",
     "42010101600000030090000003000003003ca00a080c1f3e5959529385e02d01000003000100"
     "0003001908",
     320, 180, "hev1.1.6.L60.90", 1, 8, 1, 1, kTv, 2},
    {"sar: extended SAR",
     "42010101600000030090000003000003005aa005a200905965654a4c2fff0040002d68080000"
     "03000800000300c840",
     720, 576, "hev1.1.6.L90.90", 1, 8, 64, 45, kTv, 2},
    {"colour: BT.709, full range",
     "42010101600000030090000003000003005da00280802d16595952930bc05b80808082000003"
     "0002000003003210",
     1280, 720, "hev1.1.6.L93.90", 1, 8, 1, 1, Colour{1, 1, 1, true}, 2},
    {"hrd: HRD in the VUI",
     "42010101600000030090000003000003003ca00a080f16595952930bc05a0200000300020000"
     "030032c0192cbc003d08000f4244",
     320, 240, "hev1.1.6.L60.90", 1, 8, 1, 1, kTv, 2},
    {"temporal: two temporal layers",
     "42010201600000030090000003000003003c0000a00a080f1659594aca94985e02d010000003"
     "0010000003019080",
     320, 240, "hev1.1.6.L60.90", 1, 8, 1, 1, kTv, 2},
    {"intra: Main 4:2:2 10 Intra",
     "4201010408000003009da800000300003ca00a080f1365ba4a4c2f0168080000030008000003"
     "00c840",
     320, 240, "hev1.4.10.L60.9D.A8", 1, 10, 1, 1, kTv, 0},
    {"high: high tier",
     "420101216000000300900000030000030078a00280802d16595952930bc05a02000003000200"
     "0003003210",
     1280, 720, "hev1.1.6.H120.90", 1, 8, 1, 1, kTv, 2},
};

// Written bit by bit from 7.3.2.2 and Annex E for what x265 cannot be made to write; every field
// was confirmed with ffmpeg's trace_headers.
inline const H265SpsVector kH265HandMade[] = {
    {"three temporal layers, scaling lists, PCM, predicted reference picture sets, HRD; id 5",
     "42013524080000030090000003000003007bd0000408000003000003000003000003005a5a33"
     "00652009a688610d16b22456ee44f95d10ae8857442911114ae8857442ba215d10ae8857442b"
     "a215d10ae8857442ba215d10ae88888a24ae8857442ba215d10ae8857442ba215d10ae885744"
     "2ba215d10ae8a24ae8857442ba215d10ae8857442ba215d10ae8857442ba215d10ae888a24ae"
     "8857442ba215d10ae8857442ba215d10ae8857442ba215d10ae9eef5235a13ec8bf60b4d5ff8"
     "7d00682da848804db1a64800001f4800075307e123908daef2c880ca0324025a019181980648"
     "04b4032303380c90096806460680192012d00c8d703280c90096806460660192012d00c8c819"
     "4064804b4032303300c9009680647a089a080410",
     800, 604, "hev1.4.10.H123.90", 2, 10, 4000, 3333, Colour{9, 16, 9, false}, 2},
    {"separate colour planes: cropping in luma samples",
     "42010121400000030090000003000003007b9201410183a9fbd56104", 319, 186, "hev1.1.2.H123.90", 3, 8,
     0, 0, std::nullopt, 0},
    {"monochrome: cropping in luma samples",
     "42010121400000030090000003000003007bc0282030753f7aac2080", 319, 186, "hev1.1.2.H123.90", 0, 8,
     0, 0, std::nullopt, 0},
    {"an extension that nobody knows",
     "42010121400000030090000003000003007ba00a080c1d4fdeab08406a80", 318, 180, "hev1.1.2.H123.90",
     1, 8, 0, 0, std::nullopt, 0},
};

}  // namespace rec::codec
