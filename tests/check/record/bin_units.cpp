// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What recordmux learns of an access unit or packet that came as RTP, and of encoded input.
#include "gst/record/front.h"
#include "gst/record/gsttrackfront.h"
#include "gst/record/rtp_meta.h"
#include "gst/record/track_input.h"
#include "tests/check/record/bin_fixture.h"
#include "tests/check/record/rtp_network.h"

namespace rec::test {
namespace {

using record::rtp_note;

constexpr guint64 kSecondsTo1970 = 2208988800;  // from 1900

constexpr char kSliced[] =
    "videotestsrc num-buffers=60 pattern=snow ! "
    "video/x-raw,format=I420,framerate=30/1,width=320,height=240 ! x264enc tune=zerolatency "
    "speed-preset=ultrafast threads=2 sliced-threads=true key-int-max=15 bitrate=600 ! rtph264pay "
    "mtu=300 ssrc=1111 pt=96 seqnum-offset=1000 timestamp-offset=4294900000 ";

// Collects what comes to the pads of recordmux.
class Arrivals {
 public:
  explicit Arrivals(BinFixture& bin) {
    const auto mux = adopt(gst_bin_get_by_name(GST_BIN(bin.element()), "mux"));
    fail_unless(mux != nullptr);
    g_signal_connect(mux.get(), "pad-added",
                     G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer data) {
                       if (GST_PAD_IS_SINK(pad)) static_cast<Arrivals*>(data)->watch(pad);
                     }),
                     this);
  }
  std::vector<Ref<GstBuffer>> buffers;

 private:
  void watch(GstPad* pad) {
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          static_cast<Arrivals*>(data)->buffers.push_back(share(GST_PAD_PROBE_INFO_BUFFER(info)));
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
};

void add_ntp(GstBuffer* buffer, guint64 seconds_since_1900, guint64 rest) {
  const auto caps = adopt(gst_caps_new_empty_simple("timestamp/x-ntp"));
  gst_buffer_add_reference_timestamp_meta(
      buffer, caps.get(), seconds_since_1900 * GST_SECOND + rest, GST_CLOCK_TIME_NONE);
}

// All front elements of the bin say that sender reports are expected.
void expect_sender_reports(BinFixture& bin) {
  for (GList* e = GST_BIN_CHILDREN(bin.element()); e; e = e->next)
    if (G_TYPE_CHECK_INSTANCE_TYPE(e->data, GST_TYPE_REC_TRACK_FRONT))
      record::front_of(GST_REC_TRACK_FRONT(e->data)).reports = true;
}

GST_START_TEST(each_unit_has_the_rtp_time_of_its_packets) {
  for (const char* options : {"", "config-interval=-1", "aggregate-mode=zero-latency"}) {
    const Encoded& media = encoded(std::string(kSliced) + options);
    auto packets = packets_of(media);
    BinFixture bin;
    Arrivals arrivals(bin);
    Source source(bin.element(), "sink_0");
    source.start(media);
    bin.play();
    for (Packet& packet : packets) {
      add_ntp(packet.buffer.get(), kSecondsTo1970 + 1000 + packet.unit, 7);
      if (packet.unit == 30) expect_sender_reports(bin);
      bin.advance_to(packet.arrival);
      source.push(packet.buffer.get(), packet.arrival);
    }
    source.eos();
    bin.wait_eos();
    fail_unless_equals_int(arrivals.buffers.size(), 60);  // x264enc makes two slices of each
    const guint32 first = header_of(packets[0].buffer.get()).timestamp;
    for (std::size_t i = 0; i < arrivals.buffers.size(); ++i) {
      const auto note = rtp_note(arrivals.buffers[i].get());
      fail_unless(note.has_value(), "%s: unit %zu has no note", options, i);
      fail_unless(ABS(static_cast<gint32>(note->rtp.timestamp - first - i * 3000)) <= 1);
      fail_unless_equals_int(note->rtp.ssrc, 1111);
      fail_unless_equals_int(note->rtp.clock_rate, 90000);
      fail_unless_equals_int(note->rtp.lost, 0);
      fail_unless_equals_int(note->rtp.reports, i >= 30);
      fail_unless_equals_int64(note->ntp.value_or(0),
                               (1000 + static_cast<gint64>(i)) * kSecond + 7);
    }
    fail_unless_equals_int(bin.samples("vide"), 60);
    fail_unless_equals_int(decoded_pictures(bin.dir / "stream.mp4"), 60);
  }
}
GST_END_TEST

struct RtpStream {
  std::string launch;
  guint32 step;  // RTP ticks from one unit to the next
};
const RtpStream kStreams[] = {
    {video_launch("h265") + " ! rtph265pay config-interval=-1 mtu=300 ssrc=1111", 3000},
    {video_launch("vp8") + " ! rtpvp8pay mtu=300 ssrc=1111", 3000},
    {video_launch("vp9") + " ! rtpvp9pay mtu=300 ssrc=1111", 3000},
    {audio_launch("aac-raw") + " ! rtpmp4gpay ssrc=1111", 1024},
    {audio_launch("pcmu") + " ! rtppcmupay ssrc=1111", 160},
    {audio_launch("pcma") + " ! rtppcmapay ssrc=1111", 160}};

GST_START_TEST(units_of_every_codec_have_the_rtp_time_of_their_packets) {
  const RtpStream& stream = kStreams[__i__];
  const Encoded& media = encoded(stream.launch);
  BinFixture bin;
  Arrivals arrivals(bin);
  Source source(bin.element(), "sink_0");
  source.start(media);
  bin.play();
  const auto packets = packets_of(media);
  for (const Packet& packet : packets) {
    bin.advance_to(packet.arrival);
    source.push(packet.buffer.get(), packet.arrival);
  }
  source.eos();
  bin.wait_eos();
  fail_unless(arrivals.buffers.size() >= 85, "%zu units", arrivals.buffers.size());
  const guint32 first = header_of(packets[0].buffer.get()).timestamp;
  for (std::size_t i = 0; i < arrivals.buffers.size(); ++i) {
    const auto note = rtp_note(arrivals.buffers[i].get());
    fail_unless(note.has_value(), "unit %zu has no note", i);
    fail_unless(ABS(static_cast<gint32>(note->rtp.timestamp - first - i * stream.step)) <= 1);
    fail_unless_equals_int(note->rtp.ssrc, 1111);
    fail_unless_equals_int(note->rtp.lost, 0);
  }
}
GST_END_TEST

GST_START_TEST(the_count_of_lost_packets_comes_with_the_next_unit) {
  const Encoded& media = encoded(kSliced);
  BinFixture bin;
  Arrivals arrivals(bin);
  Source source(bin.element(), "sink_0");
  source.start(media);
  bin.play();
  guint32 lost = 0;
  for (const Packet& packet : packets_of(media)) {
    bin.advance_to(packet.arrival);
    // The end of one picture, and all of another.
    const bool drop =
        (packet.unit == 20 && header_of(packet.buffer.get()).marker) || packet.unit == 40;
    lost += drop ? 1 : 0;
    if (!drop) source.push(packet.buffer.get(), packet.arrival);
  }
  source.eos();
  fail_unless_equals_int(arrivals.buffers.size(), 58);
  const auto lost_before = [&](std::size_t i) {
    return rtp_note(arrivals.buffers[i].get())->rtp.lost;
  };
  fail_unless_equals_int(lost_before(19), 0);
  fail_unless_equals_int(lost_before(20), 1);  // unit 21
  fail_unless_equals_int(lost_before(38), 1);
  fail_unless_equals_int(lost_before(39), lost);  // unit 41
  fail_unless_equals_int(lost_before(57), lost);
}
GST_END_TEST

record::RtpNote note_of(guint32 timestamp) { return {.rtp = {.timestamp = timestamp}, .ntp = {}}; }

GST_START_TEST(the_note_of_the_last_packet_counts) {
  record::register_rtp_meta();
  const auto buffer = adopt(gst_buffer_new());
  fail_unless(!rtp_note(buffer.get()));
  set_rtp_note(buffer.get(), note_of(1));
  set_rtp_note(buffer.get(), note_of(2));
  fail_unless_equals_int(rtp_note(buffer.get())->rtp.timestamp, 2);
  fail_unless(!rtp_note(buffer.get())->ntp);
}
GST_END_TEST

GST_START_TEST(ntp_is_utc_in_both_eras) {
  const auto utc = [](guint64 seconds) {
    const auto buffer = adopt(gst_buffer_new());
    add_ntp(buffer.get(), seconds, 5);
    return record::ntp_time(buffer.get()).value();
  };
  fail_unless_equals_int64(utc(kSecondsTo1970), 5);
  fail_unless_equals_int64(utc(0xffffffff), (0xffffffff - 2208988800LL) * kSecond + 5);
  // 2036-02-07 06:28:16
  fail_unless_equals_int64(utc(0), 2085978496 * kSecond + 5);
  const auto without = adopt(gst_buffer_new());
  fail_unless(!record::ntp_time(without.get()));
}
GST_END_TEST

recording::Input input_of(const char* caps_text, GstBuffer* buffer, const Bytes& bytes) {
  const auto caps = adopt(gst_caps_from_string(caps_text));
  auto codec = record::CodecInput::create(caps.get());
  fail_unless(static_cast<bool>(codec));
  auto input = codec.value()->convert(bytes);
  fail_unless(input && input.value());
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  record::set_times(*input.value(), buffer, segment, 90000);
  return *input.value();
}
constexpr char kH264[] = "video/x-h264,stream-format=byte-stream,alignment=au";
const Bytes kSets = {0,    0,    1, 0x67, 0x42, 0xe0, 0x1f, 0xda, 0x02, 0x80,
                     0xf6, 0x40, 0, 0,    1,    0x68, 0xce, 0x3c, 0x80};

Bytes key_picture(std::uint8_t first_byte_of_slice) {
  Bytes bytes = kSets;
  for (const int byte : {0, 0, 1, 0x65, int{first_byte_of_slice}, 0x84, 0x21})
    bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

GST_START_TEST(a_key_picture_without_its_beginning_is_damaged) {
  record::register_rtp_meta();
  const auto buffer = adopt(gst_buffer_new());
  const auto plain = input_of(kH264, buffer.get(), key_picture(0x88));
  fail_unless(plain.key);
  fail_unless(!plain.rtp);
  fail_unless(!input_of(kH264, buffer.get(), key_picture(0x48)).key);
  fail_unless(!input_of(kH264, buffer.get(), key_picture(0x48)).rtp);
  set_rtp_note(buffer.get(), note_of(9));
  fail_unless(!input_of(kH264, buffer.get(), key_picture(0x88)).rtp->damaged);
  const auto damaged = input_of(kH264, buffer.get(), key_picture(0x48));
  fail_unless(!damaged.key);
  fail_unless(damaged.rtp->damaged);
  fail_unless_equals_int(damaged.rtp->timestamp, 9);
}
GST_END_TEST

GST_START_TEST(encoded_input_may_bring_the_clock_of_its_sender) {
  const auto buffer = adopt(gst_buffer_new());
  fail_unless(!input_of(kH264, buffer.get(), key_picture(0x88)).ntp);
  add_ntp(buffer.get(), kSecondsTo1970 + 2, 0);
  fail_unless_equals_int64(input_of(kH264, buffer.get(), key_picture(0x88)).ntp.value_or(0),
                           2 * kSecond);
}
GST_END_TEST

GST_START_TEST(opus_packets_of_dtx_are_quiet) {
  constexpr char kOpus[] = "audio/x-opus,channels=2,channel-mapping-family=0";
  const auto buffer = adopt(gst_buffer_new());
  fail_unless(input_of(kOpus, buffer.get(), {0xfc}).quiet);
  fail_unless(input_of(kOpus, buffer.get(), {0xfc, 0xff}).quiet);
  fail_unless(!input_of(kOpus, buffer.get(), {0xfc, 0xff, 0xfe}).quiet);
}
GST_END_TEST

}  // namespace

Suite* bin_units_suite() {
  Suite* suite = suite_create("bin_units");
  TCase* tests = tcase_create("all");
  tcase_add_test(tests, each_unit_has_the_rtp_time_of_its_packets);
  tcase_add_loop_test(tests, units_of_every_codec_have_the_rtp_time_of_their_packets, 0,
                      std::size(kStreams));
  tcase_add_test(tests, the_count_of_lost_packets_comes_with_the_next_unit);
  tcase_add_test(tests, the_note_of_the_last_packet_counts);
  tcase_add_test(tests, ntp_is_utc_in_both_eras);
  tcase_add_test(tests, a_key_picture_without_its_beginning_is_damaged);
  tcase_add_test(tests, encoded_input_may_bring_the_clock_of_its_sender);
  tcase_add_test(tests, opus_packets_of_dtx_are_quiet);
  suite_add_tcase(suite, tests);
  return suite;
}

}  // namespace rec::test

using rec::test::bin_units_suite;
GST_CHECK_MAIN(bin_units)
