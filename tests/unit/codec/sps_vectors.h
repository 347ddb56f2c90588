// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sequence parameter sets and what they say according to others.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/codec/h264.h"

namespace rec::codec {

struct SpsVector {
  const char* name;
  const char* nal;  // hex
  std::uint16_t width, height;
  bool interlaced;
  const char* rfc6381;
  std::uint8_t chroma_format_idc, bit_depth;
  std::uint16_t sar_width, sar_height;
  std::optional<Colour> colour;
  int max_num_reorder_frames;
};

inline constexpr std::optional<Colour> kNoColour;

// x264 (libx264 of Debian bookworm), expectations from ffprobe 5.1 -show_streams (its has_b_frames
// is the number of reordered frames):
//   ffmpeg -f lavfi -i testsrc=size=SIZE:rate=25 -frames:v 12 -c:v libx264 OPTIONS -f h264 NAME
// hd1080     -pix_fmt yuv420p -profile:v high
// interlaced -flags +ildct+ilme -x264-params tff=1
// odd422     -pix_fmt yuv422p -profile:v high422      odd444  -pix_fmt yuv444p
// hi10       -pix_fmt yuv420p10le                     gray    -pix_fmt gray
// base_zl    -profile:v baseline -tune zerolatency
// main_b     -profile:v main -bf 1 -x264-params b-pyramid=none
// pyramid    -profile:v high -bf 4 -x264-params b-pyramid=normal
// cqmjvt     -profile:v high -x264-params cqm=jvt
// sar43      -vf setsar=64/45                         sarpal  -vf setsar=16/11
// colour     -pix_fmt yuvj420p -color_range pc -colorspace bt709 -color_primaries bt709
//            -color_trc bt709
// hrd        -x264-params nal-hrd=cbr:bitrate=500:vbv-maxrate=500:vbv-bufsize=500:filler=1
// intra      -pix_fmt yuv420p10le -profile:v high10 -g 1
inline const SpsVector kX264[] = {
    {"hd1080: 1920x1080, four rows cropped",
     "67640028acd940780227e5c044000003000400000300c83c60c658", 1920, 1080, false, "avc3.640028", 1,
     8, 1, 1, kNoColour, 2},
    {"interlaced: MBAFF, top field first", "67640028acd94078044fde0220000003002000000643e2c5b2c0",
     1920, 1080, true, "avc3.640028", 1, 8, 1, 1, kNoColour, 2},
    {"odd422", "677a001fbcd940d83fe68fc044000003000400000300c83c60c658", 854, 482, false,
     "avc3.7a001f", 2, 8, 1, 1, kNoColour, 2},
    {"odd444", "67f4000d919b282a10f1f1f808800000030080000019078a14cb", 322, 242, false,
     "avc3.f4000d", 3, 8, 1, 1, kNoColour, 2},
    {"hi10", "676e001ea6cd940a02ff97011000000300100000030320f162d960", 640, 360, false,
     "avc3.6e001e", 1, 10, 1, 1, kNoColour, 2},
    {"gray", "6764000bf3650b13b016c80000030008000003019078a14cb0", 176, 144, false, "avc3.64000b",
     0, 8, 1, 1, Colour{2, 2, 2, true}, 2},
    {"base_zl: baseline, zerolatency", "6742c01ed900a03db011000003000100000300328f162e48", 640, 480,
     false, "avc3.42c01e", 1, 8, 1, 1, kNoColour, 0},
    {"main_b: one B-frame", "674d400df202c12d80880000030008000003019078a14890", 352, 288, false,
     "avc3.4d400d", 1, 8, 1, 1, kNoColour, 1},
    {"pyramid: B-pyramid", "6764000dacd9416096c044000003000400000300c83c50a658", 352, 288, false,
     "avc3.64000d", 1, 8, 1, 1, kNoColour, 2},
    {"cqmjvt: scaling matrices (x264 puts them into the PPS)",
     "6764000cacd941419f9f011000000300100000030320f1429960", 320, 180, false, "avc3.64000c", 1, 8,
     1, 1, kNoColour, 2},
    {"sar43: Extended_SAR", "6764001eacd940b4126ffc010000b440000003004000000c83c58b6580", 720, 576,
     false, "avc3.64001e", 1, 8, 64, 45, kNoColour, 2},
    {"sarpal: aspect_ratio_idc 4", "6764001eacd940b4126c1040000003004000000c83c58b6580", 720, 576,
     false, "avc3.64001e", 1, 8, 16, 11, kNoColour, 2},
    {"colour: BT.709, full range", "6764001facd9405005bb016e020202800000030080000019078c18cb", 1280,
     720, false, "avc3.64001f", 1, 8, 1, 1, Colour{1, 1, 1, true}, 2},
    {"hrd: NAL HRD, CBR", "6764000dacd94141fb01100000030010000003032602001e840007a13930c01e28532c",
     320, 240, false, "avc3.64000d", 1, 8, 1, 1, kNoColour, 2},
    {"intra: High 10 Intra", "676e100da6cb8283f6022000000300200000064080", 320, 240, false,
     "avc3.6e100d", 1, 10, 1, 1, kNoColour, 0},
};

// Chromium 156's VideoEncoder (WebCodecs), codec avc1.42e01f, latencyMode realtime.
inline const SpsVector kChromium[] = {
    {"Chromium 640x480", "6742c01e8c8d40501ed37010d01078442350", 640, 480, false, "avc3.42c01e", 1,
     8, 0, 0, Colour{1, 13, 1, true}, 0},
    {"Chromium 320x180", "6742c00d8c8d40a0cbcf37010d0107844235", 320, 180, false, "avc3.42c00d", 1,
     8, 0, 0, Colour{1, 13, 1, true}, 0},
    {"Chromium 1280x720", "6742c01f8c8d402802dd37010d0107844235", 1280, 720, false, "avc3.42c01f",
     1, 8, 0, 0, Colour{1, 13, 1, true}, 0},
};

// What others say of whether pictures are reordered: has_b_frames is ffprobe 5.1's. 320x240 by
// videotestsrc through x264enc (tune=zerolatency, or bframes=3) and openh264enc of GStreamer 1.22,
// and by ffmpeg -c:v libx264 -profile:v PROFILE -bf N.
struct ReorderVector {
  const char* name;
  const char* nal;  // hex
  int has_b_frames;
};
inline constexpr ReorderVector kReorder[] = {
    {"x264enc constrained-baseline", "6742c015d90141fb016a0c0c0d4a000003000200000300791e2c5c90", 0},
    {"x264enc main zerolatency", "674d4015d90141fb016a0c0c0d4a000003000200000300791e2c5c90", 0},
    {"x264enc main bframes=3", "674d4015eca0a0fd80b5060606a50000030001000003003c8f162d96", 2},
    {"x264enc high zerolatency", "67640014acb20283f602d418181a94000003000400000300f23c50a920", 0},
    {"x264enc high bframes=3", "67640014acd90141fb016a0c0c0d4a000003000200000300791e28532c", 2},
    {"x264enc high-10", "676e000da6cb20283f602d418181a940000003004000000f23c50a92", 0},
    {"openh264enc constrained-baseline", "6742c00d8c8d40a0f900f08846a0", 0},
    {"openh264enc main", "674d4c0d8c8d40a0f900f08846a0", 0},
    {"ffmpeg main -bf 0", "674d400dd90141fb011000000300100000030320f142a480", 0},
    {"ffmpeg high -bf 2", "6764000dacd94141fb011000000300100000030320f1429960", 2},
    {"ffmpeg high -bf 0 -refs 3", "6764000dacb20283f60220000003002000000641e28549", 0},
};

// Written bit by bit from 7.3.2.1.1 and Annex E for what x264 cannot be made to write. Sizes, SAR,
// colour and pixel formats were confirmed with ffprobe, single fields with ffmpeg's trace_headers;
// where max_num_reorder_frames is not in the stream, the expectation is E.2.1 with Table A-1.
inline const SpsVector kHandMade[] = {
    {"all scaling lists kinds, 4:2:0",
     "6764001ead84124924924925ffff48152529524924924924924924924924924924924924"
     "9249249249423b60a0cc80",
     320, 192, false, "avc3.64001e", 1, 8, 0, 0, kNoColour, 16},
    {"scaling lists, 4:4:4, cropped by 3x7",
     "67f4001e91b08249249249248210492492492494a52a4924924924924924924924924924"
     "924924924924924924a52a49249249249249249249249249249249249249249249225295"
     "2492492492492492492492492492492492492492492496d81407ba642a",
     637, 473, false, "avc3.f4001e", 3, 8, 0, 0, kNoColour, 6},
    {"separate colour planes: cropping in luma samples", "67f4001e939b60a0ce990a80", 317, 185,
     false, "avc3.f4001e", 3, 8, 0, 0, kNoColour, 16},
    {"pic_order_cnt_type 1", "674d001fd0a88410009658283320", 320, 192, false, "avc3.4d001f", 1, 8,
     0, 0, kNoColour, 16},
    {"pic_order_cnt_type 2", "674d001fdb050664", 320, 192, false, "avc3.4d001f", 1, 8, 0, 0,
     kNoColour, 0},
    {"every field of the VUI, id 5",
     "6764001e32cdb02d049bff0fa00d05f5091009b700000303e90000ea60d09003e9003e88"
     "01f5001f4b7bdf162400fa400fa2007d4007d2803eb003e9af7be1da18308580",
     720, 576, false, "avc3.64001e", 1, 8, 4000, 3333, Colour{9, 16, 9, false}, 3},
    {"monochrome fields, cropped", "6764001ef36c1418e92680", 318, 378, true, "avc3.64001e", 0, 8, 0,
     0, kNoColour, 16},
    {"4:2:2 fields, 10 bits, cropped", "677a001eb6cdb05063a49a", 316, 378, true, "avc3.7a001e", 2,
     10, 0, 0, kNoColour, 16},
    {"constrained baseline 3.1, output in decoding order", "6742e01fda0280f640", 640, 480, false,
     "avc3.42e01f", 1, 8, 0, 0, kNoColour, 0},
    {"the same with pic_order_cnt_type 0: MaxDpbFrames 18000 / 1200", "6742e01fed01407b20", 640,
     480, false, "avc3.42e01f", 1, 8, 0, 0, kNoColour, 15},
    {"level 1b as baseline writes it: 396 / 99", "6742100bed8589c8", 176, 144, false, "avc3.42100b",
     1, 8, 0, 0, kNoColour, 4},
    {"level 1.1: 900 / 99", "6742000bed8589c8", 176, 144, false, "avc3.42000b", 1, 8, 0, 0,
     kNoColour, 9},
    {"High 10 Intra: constraint_set3_flag", "676e1028acdb01e0089f95", 1920, 1080, false,
     "avc3.6e1028", 1, 8, 0, 0, kNoColour, 0},
    {"High 4.0 without VUI: 32768 / 8160", "67640028acdb01e0089f95", 1920, 1080, false,
     "avc3.640028", 1, 8, 0, 0, kNoColour, 4},
};

}  // namespace rec::codec
