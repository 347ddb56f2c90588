// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Deliberately damaged copies of a good file, ftyp to moov: each must give the violation that names
// its damage.
#include "tests/unit/support/damage.h"

namespace rec::test {
namespace {

const char kMvex[] = R"(  mvex{
    trex{ 00000000 00000001 00000001 00000000 00000000 00000000 }
    trex{ 00000000 00000002 00000001 00000000 00000000 00000000 }
  })";

class DamagedMovie : public testing::TestWithParam<Damage> {};

TEST_P(DamagedMovie, IsNamed) { expect_named(GetParam()); }

const Damage kFileDamage[] = {
    {"ftyp{ 'iso6' 00000000 'iso6' 'mp41' }", "", "free", "ftyp must come first"},
    {"'iso6' 00000000 'iso6'", "'iso6' 00000000 'isom'", "ftyp", "not among the compatible"},
    {"'iso6' 00000000 'iso6'", "'mp41' 00000000 'isom'", "ftyp", "default-base-is-moof"},
    {"'mp41' }", "'mp41' 6162 }", "ftyp", "2 bytes more"},
    {"free{", "abcd{", "abcd", "unexpected box"},
    {"free{", "ftyp{", "ftyp", "second ftyp"},
    {"moof{", "free{ } moof{", "free", "padding behind the header"},
    {"moof{", "moov{ } moof{", "moov", "second moov"},
    {"moof{", "uuid{ 00 } moof{", "uuid", "unexpected box"},
    {"moof{", "mdat{ 00 } moof{", "mdat", "without a moof"},
    {"mdat{", "free{ } mdat{", "free", "followed by its mdat"},
    {"mdat{", "0000000000000000 mdat{", "", "zeros between moof and mdat"},
    {"moof{", "mdat{ } moof{", "mdat", "without a moof"},
};
INSTANTIATE_TEST_SUITE_P(File, DamagedMovie, testing::ValuesIn(kFileDamage));

const Damage kMovieDamage[] = {
    {kMvex, "", "moov", "mvex is missing"},
    {"moov{", "moov{ uuid{ }", "moov/uuid", "unexpected box"},
    {"moov{", "moov{ mvhd{ }", "moov", "mvhd occurs twice"},
    {"mvhd{ 00000000", "mvhd{ 02000000", "moov/mvhd", "unknown version 2"},
    {"mvhd{ 00000000", "mvhd{ 01000000", "moov/mvhd", "too short"},
    {"mvhd{ 00000000", "mvhd{ 00000001", "moov/mvhd", "unknown flags 0x000001"},
    {"000003e8 00000000 00010000 0100", "00000000 00000000 00010000 0100", "mvhd",
     "timescale is 0"},
    {"000003e8 00000000 00010000", "000003e8 000003e8 00010000", "mvhd", "duration is 1000"},
    {"000003e8 00000000 00010000", "000003e8 00000000 00020000", "mvhd", "rate is"},
    {"00010000 0100 0000 00000000", "00010000 0100 0001 00000000", "mvhd", "reserved must be 0"},
    {"00010000 0100 0000", "00010000 0000 0000", "mvhd", "volume is"},
    {"00000000 00000003 }", "00000000 00000002 }", "mvhd", "next_track_ID"},
    {"00000000 00000003 }", "00000000 00000003 00 }", "mvhd", "1 bytes more"},
    {"tkhd{ 00000003", "tkhd{ 00000013", "trak[0]/tkhd", "unknown flags 0x000010"},
    {"tkhd{ 00000003", "tkhd{ 00000002", "trak[0]/tkhd", "not enabled"},
    {"02800000 01e00000", "01e00000 02800000", "trak[0]/tkhd", "differ from the sample entry"},
    {"tkhd{ 00000003 00000000 00000000 00000002", "tkhd{ 00000003 00000000 00000000 00000001",
     "trak[1]", "occurs twice"},
    {"0000 0000 0100 0000", "0000 0000 0000 0000", "trak[1]/tkhd", "volume of an audio track"},
    {"0000 0000 0000 0000\n          00010000", "0000 0000 0000 0000\n          00020000", "tkhd",
     "quarter turn"},
    {"00015f90 00000000 55c4", "00015f90 00000000 d5c4", "mdhd", "language"},
    {"00015f90 00000000 55c4", "00015f90 00000000 0000", "mdhd", "language"},
    {"00015f90 00000000 55c4", "00000000 00000000 55c4", "mdhd", "timescale is 0"},
    {"'vide' 00000000", "'vide' 00000001", "hdlr", "reserved must be 0"},
    {"'vide'", "'text'", "hdlr", "neither vide nor soun"},
    {"566900", "566975", "hdlr", "NUL"},
    {"566900", "560000", "hdlr", "NUL"},
    {"vmhd{ 00000001", "vmhd{ 00000000", "vmhd", "flags is 0, must be 1"},
    {"smhd{ 00000000 0000 0000", "smhd{ 00000000 0000 0100", "smhd", "must be 0"},
    {"smhd{ 00000000 0000 0000 }", "", "minf", "smhd is missing"},
    {"url { 00000001 }", "url { 00000000 61 }", "url ", "self-contained"},
    {"stts{ 00000000 00000000 }", "stts{ 00000000 00000001 }", "stts", "without samples"},
    {"stsz{ 00000000 00000000 00000000 }", "stsz{ 00000000 00000000 }", "stsz", "too short"},
    {"stco{ 00000000 00000000 }", "", "stbl", "stco is missing"},
    {"00000000 00000001 url {", "00000000 00000002 url {", "dref", "entry_count is 2"},
    {"trex{ 00000000 00000002", "trex{ 00000000 00000003", "trex[1]", "has no trak"},
    {"trex{ 00000000 00000002", "trex{ 00000000 00000001", "trex[1]", "second trex"},
    {"trex{ 00000000 00000002", "trex{ 00000000 00000003", "mvex", "no trex for track 2"},
    {"00000001 00000001 00000000 00000000 00000000 }",
     "00000001 00000000 00000000 00000000 00000000 }", "trex[0]",
     "default_sample_description_index"},
    {"mvex{", "mvex{ mehd{ 00000000 00000000 }", "mehd", "fragment_duration is 0"},
    {"moov{", "moov{ 000000", "moov", "bytes left"},
    {"00000000 00010000 00000000 00000000 00000000 40000000",
     "00000000 00010000 00000001 00000000 00000000 40000000", "mvhd", "matrix v is 1"},
    {"00010000 00000000 00000000 00000000 00010000", "00010000 00000000 00000001 00000000 00010000",
     "mvhd", "matrix u is 1"},
    {"00000000 00000000 40000000", "00000000 00000000 00010000", "mvhd", "matrix w is 65536"},
    {"00010000 00000000 00000000 00000000 00010000", "00000000 00010000 00000000 ffff0000 00000000",
     "mvhd", "matrix is not unity"},
    {"00000000 00000000 00000003 }", "00000001 00000000 00000003 }", "mvhd",
     "pre_defined must be 0"},
    {"tkhd{ 00000003 00000000 00000000 00000001", "tkhd{ 00000003 00000000 00000000 00000000",
     "trak[0]/tkhd", "track_ID is 0"},
    {"00000001 00000000 00000000 00000000 00000000 0000 0000",
     "00000001 00000001 00000000 00000000 00000000 0000 0000", "trak[0]/tkhd",
     "reserved must be 0"},
    {"00000001 00000000 00000000 00000000 00000000 0000 0000",
     "00000001 00000000 00000000 00000000 00000001 0000 0000", "trak[0]/tkhd",
     "reserved must be 0"},
    {"00000000 00000000 0000 0000 0000 0000", "00000000 00000000 0000 0000 0000 0001",
     "trak[0]/tkhd", "reserved must be 0"},
    {"00000000 00000000 0000 0000 0000 0000", "00000000 00000000 0000 0000 0100 0000",
     "trak[0]/tkhd", "volume of a video track"},
    {"02800000 01e00000 }", "02800000 01e00000 00 }", "trak[0]/tkhd", "1 bytes more"},
    {"00000000 00000000 }\n    mdia", "01000000 00000000 }\n    mdia", "trak[1]/tkhd",
     "has a width"},
    {"00015f90 00000000 55c4 0000", "00015f90 00000000 55c4 0001", "mdhd", "pre_defined must be 0"},
    {"00015f90 00000000 55c4 0000", "00015f90 00000000 55c4 0000 00", "mdhd", "1 bytes more"},
    {"hdlr{ 00000000 00000000", "hdlr{ 00000000 00000001", "hdlr", "pre_defined must be 0"},
    {"vmhd{ 00000001 0000", "vmhd{ 00000001 0001", "vmhd", "graphicsmode"},
    {"smhd{ 00000000 0000 0000", "smhd{ 00000000 0000 0000 00", "smhd", "1 bytes more"},
    {"url { 00000001 }", "url { 00000001 00 }", "url ", "1 bytes more"},
    {"stsz{ 00000000 00000000", "stsz{ 00000000 00000008", "stsz", "sample_size is 8"},
    {"stco{ 00000000 00000000", "stco{ 00000000 00000000 00", "stco", "1 bytes more"},
    {"00000000 00000000 00000000 }\n    trex", "00000000 00000000 00000000 00 }\n    trex",
     "trex[0]", "1 bytes more"},
    {"mvex{", "mvex{ mehd{ 00000000 00000001 00 }", "mehd", "1 bytes more"},
    {"trak{", "trak{ free{ }", "trak[0]/free", "unexpected box"},
};
INSTANTIATE_TEST_SUITE_P(Movie, DamagedMovie, testing::ValuesIn(kMovieDamage));

const Damage kEntryDamage[] = {
    {"stsd{ 00000000 00000001", "stsd{ 00000000 00000002", "stsd", "entry_count is 2"},
    {"Opus{", "ac-3{", "ac-3", "unknown sample entry"},
    {"avc3{ 000000000000 0001", "avc3{ 000000000000 0002", "avc3", "data_reference_index is 2"},
    {"avc3{ 000000000000 0001", "avc3{ 000000000001 0001", "avc3", "reserved must be 0"},
    {"00480000 00480000", "00480000 00000048", "avc3", "vertresolution"},
    {"0018 ffff", "0018 0000", "avc3", "pre_defined is 0"},
    {"0001\n                  00 00", "0001\n                  00 01", "avc3",
     "padding of compressorname"},
    {"avcC{ 01", "avcC{ 00", "avcC", "configurationVersion"},
    {"avcC{ 01 42e01f", "avcC{ 01 4d001f", "avcC", "differ from the SPS"},
    {"42e01f ff e1", "42e01f fc e1", "avcC", "lengthSizeMinusOne is 0"},
    {"42e01f ff e1", "42e01f 03 e1", "avcC", "reserved bits before lengthSizeMinusOne"},
    {"42e01f ff e1", "42e01f ff 01", "avcC", "numOfSequenceParameterSets"},
    {"01 0004 68ce3c80 }", "01 0005 68ce3c80 }", "avcC", "too short"},
    {"01 0004 68ce3c80 }", "01 0004 67ce3c80 }", "avcC", "PPS is not a NAL unit of type 8"},
    {"01 0004 68ce3c80 }", "01 0004 68ce3c80 00 }", "avcC", "1 bytes more"},
    {"01 42e01f ff e1 0007 6742e01f", "01 64e01f ff e1 0007 6764e01f", "avcC",
     "too short"},  // no High fields
    {"avcC{ 01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }", "", "avc3", "avcC is missing"},
    {"avcC{ 01", "colr{ 'prof' } avcC{ 01", "colr", "not nclx"},
    {"avcC{ 01", "btrt{ } avcC{ 01", "btrt", "unexpected box"},
    {"avc3{", "avc1{", "sample 0", "avc1 with parameter sets"},
    {"dOps{ 00 02", "dOps{ 01 02", "dOps", "Version is 1"},
    {"dOps{ 00 02", "dOps{ 00 01", "dOps", "OutputChannelCount is 1, must be 2"},
    {"0138 0000bb80", "3801 0000bb80", "dOps", "PreSkip is 14337"},               // little-endian
    {"0138 0000bb80", "0138 80bb0000", "dOps", "InputSampleRate is 2159738880"},  // little-endian
    {"0000bb80 0000 00 }", "0000bb80 0000 }", "dOps", "too short"},
    {"0000bb80 0000 00 }", "0000bb80 0000 00 00 }", "dOps", "1 bytes more"},
    {"0000bb80 0000 00 }", "0000bb80 0000 01 01 01 00 02 }", "dOps", "names a channel"},
    {"0000bb80 0000 00 }", "0000bb80 0000 01 01 02 00 01 }", "dOps", "bad stream counts"},
    {"0002 0010 0000 0000 bb800000", "0002 0010 0000 0000 0000bb80", "Opus", "samplerate"},
    {"0002 0010", "0002 0008", "Opus", "samplesize is 8"},
    {"01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }",
     "01 64001f ff e1 0007 6764001f8c8d40 01 0004 68ce3c80 01 f8 f8 00 }", "avcC", "chroma_format"},
    {"01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }",
     "01 64001f ff e1 0007 6764001f8c8d40 01 0004 68ce3c80 fd 00 f8 00 }", "avcC",
     "bit_depth_luma"},
    {"01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }",
     "01 64001f ff e1 0007 6764001f8c8d40 01 0004 68ce3c80 fd f8 00 00 }", "avcC",
     "bit_depth_chroma"},
    {"01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }",
     "01 64001f ff e1 0007 6764001f8c8d40 01 0004 68ce3c80 fd f8 f8 01 0002 68ce }", "avcC",
     "SPS extension is not a NAL unit of type 13"},
    {"avc3{ 000000000000 0001 0000 0000 000000000000000000000000 0280 01e0\n                  "
     "00480000 00480000 00000000 0001\n                  00 "
     "00000000000000000000000000000000000000000000000000000000000000 0018 ffff\n              "
     "avcC{ 01 42e01f ff e1 0007 6742e01f8c8d40 01 0004 68ce3c80 }",
     "avc1{ 000000000000 0001 0000 0000 000000000000000000000000 0280 01e0 00480000 00480000 "
     "00000000 0001 00 00000000000000000000000000000000000000000000000000000000000000 0018 ffff "
     "avcC{ 01 42e01f ff e0 00 }",
     "avcC", "avc1 needs SPS and PPS"},
    {"avcC{ 01", "pasp{ 00000001 00000000 } avcC{ 01", "pasp", "a spacing is 0"},
    {"avcC{ 01", "pasp{ 00000001 00000001 00 } avcC{ 01", "pasp", "1 bytes more"},
    {"avcC{ 01", "colr{ 'nclx' 0001 0001 0001 01 } avcC{ 01", "colr", "reserved must be 0"},
    {"avcC{ 01", "colr{ 'nclx' 0001 0001 0001 80 00 } avcC{ 01", "colr", "1 bytes more"},
    {"0280 01e0\n", "0280 0000\n", "avc3", "width or height is 0"},
    {"0001 0000000000000000 0002", "0001 0000000100000000 0002", "Opus", "reserved must be 0"},
    {"0001 0000000000000000 0002", "0002 0000000000000000 0002", "Opus",
     "data_reference_index is 2"},
    {"0002 0010", "0000 0010", "Opus", "channelcount is 0"},
    {"dOps{ 00 02 0138 0000bb80 0000 00 }", "", "Opus", "dOps is missing"},
    {"dOps{ 00 02", "dOps{ 00 03", "dOps", "one or two channels"},
    {"000000000000000000000000 0280", "000000000000000000000001 0280", "avc3",
     "pre_defined and reserved"},
    {"00480000 00480000", "00000048 00480000", "avc3", "horizresolution"},
    {"00480000 00480000 00000000", "00480000 00480000 00000001", "avc3", "reserved must be 0"},
    {"00000000 0001\n", "00000000 0002\n", "avc3", "frame_count is 2"},
    {"0001\n                  00 00", "0001\n                  20 00", "avc3",
     "longer than its field"},
    {"0018 ffff", "0020 ffff", "avc3", "depth is 32"},
    {"Opus{ 000000000000", "Opus{ 000000000100", "Opus", "reserved must be 0"},
    {"0000bb80 0000 00 }", "0000bb80 0000 01 01 01 00 01 00 }", "dOps", "1 bytes more"},
};
INSTANTIATE_TEST_SUITE_P(Entry, DamagedMovie, testing::ValuesIn(kEntryDamage));

// An edit list in the audio track, whose dOps has a PreSkip of 312 = 0x138.
Mp4File with_edit(const std::string& entry) {
  const std::string edit =
      "00000000 00000000 } edts{ elst{ 00000000 00000001 " + entry + " } }\n    mdia";
  return read_mp4(from_text(damaged({"00000000 00000000 }\n    mdia", edit.c_str(), "", ""})));
}

TEST(Edits, AreRead) {
  const auto file = with_edit("00000000 00000138 0001 0000");
  EXPECT_THAT(file.violations, testing::IsEmpty());
  ASSERT_EQ(file.tracks.at(1).edits.size(), 1u);
  EXPECT_EQ(file.tracks[1].edits[0].media_time, 312);
}

TEST(Edits, EveryFieldIsChecked) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"00000000 00000138 0002 0000", "media_rate_integer"},
      {"00000000 00000138 0001 0001", "media_rate_fraction"},
      {"00000000 fffffffe 0001 0000", "media_time is negative"},
      {"00000000 00000137 0001 0000", "not the PreSkip"},
      {"00000000 00000138 0001 0000 00", "1 bytes more"},
      {"00000000 00000138 0001", "too short"},
  };
  for (const auto& [entry, violation] : cases) {
    EXPECT_THAT(with_edit(entry).violations, testing::Contains(testing::HasSubstr(violation)));
  }
}

}  // namespace
}  // namespace rec::test
