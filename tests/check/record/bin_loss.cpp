// SPDX-License-Identifier: LGPL-2.1-or-later
//
// recordbin behind a network that loses, repeats and mixes up packets: what the file then holds is
// decoded by ffmpeg, and held against what was sent.
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "tests/check/record/bin_fixture.h"
#include "tests/check/record/rtp_network.h"

namespace rec::test {
namespace {

constexpr char kPictures[] =  // two slices each
    "videotestsrc num-buffers=300 pattern=snow ! "
    "video/x-raw,format=I420,framerate=30/1,width=320,height=240 ! x264enc tune=zerolatency "
    "speed-preset=ultrafast threads=2 key-int-max=50 bitrate=600 option-string=scenecut=0";
constexpr std::size_t kUnits = 300;
constexpr std::size_t kGop = 50;

const Encoded& rtp_pictures() {
  static const Encoded media = [] {
    Encoded made = run_encoder(std::string(kPictures) +
                               " ! rtph264pay mtu=600 ssrc=1111 pt=96 seqnum-offset=1000 "
                               "timestamp-offset=90000");
    // rtph264depay puts what the caps say before the first picture: that would be in the file.
    made.caps = adopt(gst_caps_make_writable(made.caps.release()));
    gst_structure_remove_field(gst_caps_get_structure(made.caps.get(), 0), "sprop-parameter-sets");
    return made;
  }();
  return media;
}
const Encoded& rtp_sound() {
  return encoded(
      "audiotestsrc num-buffers=500 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! "
      "opusenc ! rtpopuspay ssrc=2222 pt=97 seqnum-offset=2000 timestamp-offset=48000");
}
// With the timestamps of a browser: opusenc counts its pre-skip.
std::vector<Packet> sound_packets() {
  auto packets = packets_of(rtp_sound());
  change_headers(packets, [](const Packet& packet, RtpHeader& header) {
    header.timestamp = 48000 + static_cast<guint32>(packet.number) * 960;
  });
  return packets;
}

// What was sent, by what an MP4 sample of it looks like.
const std::map<Bytes, std::size_t>& sent_pictures() {
  static const std::map<Bytes, std::size_t> units = [] {
    std::map<Bytes, std::size_t> made;
    const auto samples = mp4_samples(packets_of(rtp_pictures()));
    for (const Bytes& sample : samples) made.emplace(sample, made.size());
    return made;
  }();
  fail_unless_equals_int(units.size(), kUnits);
  return units;
}

class LossyCall {
 public:
  LossyCall() {
    GstPad* pad = pictures.pad();
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          auto* call = static_cast<LossyCall*>(data);
          if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info)))
            call->requests.push_back(call->bin.timers->now());
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }

  void record(const std::vector<Packet>& video, const std::vector<Packet>& audio) {
    record(JitterBuffer(rtp_pictures().caps.get()).run(video), audio);
  }
  // Feeds what has come through the network, as time goes by, and ends the recording.
  void record(const std::vector<Delivery>& seen, const std::vector<Packet>& audio) {
    pictures.start(rtp_pictures());
    sound.start(rtp_sound());
    bin.play();
    const auto heard = JitterBuffer(rtp_sound().caps.get()).run(audio);
    auto a = seen.begin();
    auto b = heard.begin();
    while (a != seen.end() || b != heard.end()) {
      const bool picture = b == heard.end() || (a != seen.end() && a->time <= b->time);
      const Delivery& next = picture ? *a++ : *b++;
      Source& source = picture ? pictures : sound;
      bin.advance_to(next.time);
      if (next.event)
        source.event(gst_event_ref(next.event.get()));
      else
        fail_unless_equals_int(source.push(next.buffer.get(), next.time), GST_FLOW_OK);
    }
    pictures.eos();
    sound.eos();
    bin.wait_eos();
    bin.expect_no_error();
    fail_unless_equals_int(bin.dir.files().size(), 1);
    file = read_file(bin.dir.files().front());
    expect_decodable();
    expect_few_requests();
  }

  // Which of the pictures that were sent are in the file.
  std::vector<std::size_t> recorded() {
    std::vector<std::size_t> units;
    const auto bytes = contents();
    const auto& sent = sent_pictures();
    for (const Mp4Sample& sample : file.find_track("vide")->samples) {
      const auto unit = sent.find(sample_bytes(bytes, sample));
      fail_unless(unit != sent.end(), "picture %zu was not sent like this", units.size());
      fail_unless(units.empty() || unit->second > units.back(), "picture %zu again", unit->second);
      units.push_back(unit->second);
    }
    return units;
  }
  void expect_recorded(const std::vector<std::size_t>& expected) {
    const auto units = recorded();
    for (std::size_t i = 0; i < std::max(units.size(), expected.size()); ++i)
      fail_unless(i < units.size() && i < expected.size() && units[i] == expected[i],
                  "sample %zu of %zu is picture %zu, should be %zu of %zu", i, units.size(),
                  i < units.size() ? units[i] : 0, i < expected.size() ? expected[i] : 0,
                  expected.size());
  }
  // Each picture is shown when it was sent; 0 is when the first one was.
  void expect_true_times() {
    const auto units = recorded();
    const auto& samples = file.find_track("vide")->samples;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const auto at = static_cast<gint64>(samples[i].dts - samples[0].dts);
      const auto sent = static_cast<gint64>((units[i] - units[0]) * 3000);
      fail_unless(ABS(at - sent) <= 450, "picture %zu is %" G_GINT64_FORMAT " ticks off", units[i],
                  at - sent);
    }
  }
  // In a row, and nothing but silence between them.
  void expect_sound(const std::set<std::size_t>& lost = {}) {
    const auto bytes = contents();
    const auto packets = sound_packets();
    const auto& samples = file.find_track("soun")->samples;
    std::size_t sample = 0;
    for (const Packet& packet : packets) {
      if (lost.contains(packet.number)) continue;
      const Bytes expected = payload_of(packet.buffer.get());
      while (sample < samples.size() && sample_bytes(bytes, samples[sample]) != expected) {
        fail_unless_equals_int(samples[sample].size, 3);
        ++sample;
      }
      fail_unless(sample < samples.size(), "audio packet %zu is missing", packet.number);
      fail_unless_equals_uint64(samples[sample].dts - samples[0].dts, packet.number * 960);
      ++sample;
    }
  }

  BinFixture bin;
  Source pictures{bin.element(), "sink_0"};
  Source sound{bin.element(), "sink_1"};
  std::vector<Nanos> requests;
  Mp4File file;

 private:
  Bytes contents() {
    gchar* data = nullptr;
    gsize size = 0;
    fail_unless(g_file_get_contents(bin.dir.files().front().c_str(), &data, &size, nullptr));
    Bytes bytes(data, data + size);
    g_free(data);
    return bytes;
  }
  static Bytes sample_bytes(const Bytes& file, const Mp4Sample& sample) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(sample.offset);
    return {begin, begin + static_cast<std::ptrdiff_t>(sample.size)};
  }
  void expect_decodable() {
    fail_unless_same(run("ffmpeg -v error -xerror -i " + bin.dir.files().front() + " -f null -"),
                     "");
    fail_unless_equals_int(decoded_pictures(bin.dir.files().front()),
                           static_cast<int>(file.find_track("vide")->samples.size()));
  }
  void expect_few_requests() {
    for (std::size_t i = 2; i < requests.size(); ++i)
      fail_unless(requests[i] - requests[i - 2] >= kSecond, "three requests within a second");
  }
};

std::vector<std::size_t> all_units() {
  std::vector<std::size_t> units(kUnits);
  for (std::size_t i = 0; i < kUnits; ++i) units[i] = i;
  return units;
}

// What can be decoded: from a whole key picture on, up to the first picture that is not whole.
std::vector<std::size_t> decodable_units(const std::set<std::size_t>& lost) {
  std::set<std::size_t> broken;
  for (const Packet& packet : packets_of(rtp_pictures()))
    if (lost.contains(packet.number)) broken.insert(packet.unit);
  std::vector<std::size_t> units;
  bool follows = false;
  for (std::size_t i = 0; i < kUnits; ++i) {
    follows = !broken.contains(i) && (follows || i % kGop == 0);
    if (follows) units.push_back(i);
  }
  return units;
}

std::vector<Packet> without(std::vector<Packet> packets, const std::set<std::size_t>& lost) {
  std::erase_if(packets, [&](const Packet& packet) { return lost.contains(packet.number); });
  return packets;
}

void expect_only_the_loss(const std::set<std::size_t>& lost_video,
                          const std::set<std::size_t>& lost_audio = {}) {
  LossyCall call;
  call.record(without(packets_of(rtp_pictures()), lost_video),
              without(sound_packets(), lost_audio));
  call.expect_recorded(decodable_units(lost_video));
  call.expect_true_times();
  call.expect_sound(lost_audio);
}

// Each packet by itself; never the first second, so that the recording begins with the first.
std::set<std::size_t> random_loss(const Encoded& media, double rate, unsigned seed) {
  std::mt19937 random(seed);
  std::set<std::size_t> lost;
  const std::size_t count = packets_of(media).size();
  for (std::size_t i = count / 10; i + 1 < count; ++i)
    if (random() < rate * static_cast<double>(std::mt19937::max())) lost.insert(i);
  return lost;
}

GST_START_TEST(without_loss_everything_is_recorded) {
  LossyCall call;
  call.record(packets_of(rtp_pictures()), sound_packets());
  call.expect_recorded(all_units());
  call.expect_true_times();
  call.expect_sound();
  fail_unless_equals_int(call.requests.size(), 0);
}
GST_END_TEST

GST_START_TEST(random_loss_costs_what_cannot_be_decoded) {
  for (const double rate : {0.01, 0.05})
    for (const unsigned seed : {1u, 2u, 3u})
      expect_only_the_loss(random_loss(rtp_pictures(), rate, seed),
                           random_loss(rtp_sound(), rate, seed + 100));
}
GST_END_TEST

GST_START_TEST(bursts_cost_what_cannot_be_decoded) {
  std::mt19937 random(7);
  std::set<std::size_t> lost;
  const std::size_t count = packets_of(rtp_pictures()).size();
  for (int burst = 0; burst < 6; ++burst) {
    const std::size_t first = count / 10 + random() % (count - count / 10 - 30);
    for (std::size_t i = first; i < first + 20; ++i) lost.insert(i);
  }
  expect_only_the_loss(lost);
}
GST_END_TEST

// Any single packet of a key picture, and of another one.
GST_START_TEST(each_packet_of_a_picture_matters) {
  const auto packets = packets_of(rtp_pictures());
  const auto number = [&](std::size_t unit, std::size_t place) {
    const auto first = std::find_if(packets.begin(), packets.end(),
                                    [&](const Packet& packet) { return packet.unit == unit; });
    return first->number + place;
  };
  const std::size_t count = number(kGop + 1, 0) - number(kGop, 0);
  for (std::size_t place = 0; place < count; place += 3)
    expect_only_the_loss({number(kGop, place), number(3 * kGop, place + 1),
                          number(5 * kGop, place + 2), number(2 * kGop + 20, place / 3),
                          number(4 * kGop + 20, place / 3 + 1)});
}
GST_END_TEST

GST_START_TEST(reordered_and_repeated_packets_cost_nothing) {
  std::mt19937 random(11);
  auto video = packets_of(rtp_pictures());
  auto audio = sound_packets();
  for (auto* packets : {&video, &audio}) {
    const std::size_t count = packets->size();
    for (std::size_t i = count / 10; i < count;
         ++i) {  // the jitter buffer knows the stream by then
      Packet& packet = (*packets)[i];
      if (random() % 10 == 0) {
        Packet copy{packet.number, packet.unit, packet.arrival + random() % (150 * GST_MSECOND),
                    share(packet.buffer.get())};
        packets->push_back(std::move(copy));
      }
      (*packets)[i].arrival += random() % (80 * GST_MSECOND);
    }
    std::stable_sort(packets->begin(), packets->end(),
                     [](const Packet& a, const Packet& b) { return a.arrival < b.arrival; });
  }
  LossyCall call;
  call.record(video, audio);
  call.expect_recorded(all_units());
  call.expect_sound();
  fail_unless_equals_int(call.requests.size(), 0);
}
GST_END_TEST

GST_START_TEST(missing_markers_cost_nothing) {
  const std::size_t every = static_cast<std::size_t>(__i__) + 1;  // all, or every other
  auto video = packets_of(rtp_pictures());
  change_headers(video, [&](const Packet& packet, RtpHeader& header) {
    if (packet.unit % every == 0) header.marker = false;
  });
  LossyCall call;
  call.record(video, sound_packets());
  call.expect_recorded(all_units());
  call.expect_true_times();
  call.expect_sound();
}
GST_END_TEST

GST_START_TEST(wrapping_numbers_cost_nothing) {
  auto video = packets_of(rtp_pictures());
  auto audio = sound_packets();
  for (auto* packets : {&video, &audio})
    change_headers(*packets, [](const Packet&, RtpHeader& header) {
      header.sequence = static_cast<guint16>(header.sequence + 64000);
      header.timestamp -= 300000;
    });
  LossyCall call;
  call.record(video, audio);
  call.expect_recorded(all_units());
  call.expect_true_times();
  call.expect_sound();
  fail_unless_equals_int(call.requests.size(), 0);
}
GST_END_TEST

// Within a group of pictures: what the other sender sends refers to pictures that never came.
GST_START_TEST(another_sender_without_notice_is_recorded_from_its_key_picture_on) {
  auto video = packets_of(rtp_pictures());
  change_headers(video, [](const Packet& packet, RtpHeader& header) {
    if (packet.unit < 120) return;
    header.ssrc = 3333;
    header.sequence = static_cast<guint16>(header.sequence + 30000);
    header.timestamp += 123456789;
  });
  std::vector<Packet> later;
  const auto change = std::find_if(video.begin(), video.end(),
                                   [](const Packet& packet) { return packet.unit == 120; });
  std::move(change, video.end(), std::back_inserter(later));
  video.erase(change, video.end());
  auto seen = JitterBuffer(rtp_pictures().caps.get()).run(video);  // rtpbin: one for each sender
  for (Delivery& delivery : JitterBuffer(rtp_pictures().caps.get()).run(later))
    seen.push_back(std::move(delivery));
  LossyCall call;
  call.record(seen, sound_packets());
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < kUnits; ++i)
    if (i < 120 || i >= 150) expected.push_back(i);
  call.expect_recorded(expected);
  call.expect_sound();
}
GST_END_TEST

Suite* bin_loss_suite() {
  Suite* suite = suite_create("bin_loss");
  TCase* tests = tcase_create("all");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, without_loss_everything_is_recorded);
  tcase_add_test(tests, random_loss_costs_what_cannot_be_decoded);
  tcase_add_test(tests, bursts_cost_what_cannot_be_decoded);
  tcase_add_test(tests, each_packet_of_a_picture_matters);
  tcase_add_test(tests, reordered_and_repeated_packets_cost_nothing);
  tcase_add_loop_test(tests, missing_markers_cost_nothing, 0, 2);
  tcase_add_test(tests, wrapping_numbers_cost_nothing);
  tcase_add_test(tests, another_sender_without_notice_is_recorded_from_its_key_picture_on);
  suite_add_tcase(suite, tests);
  return suite;
}

}  // namespace
}  // namespace rec::test

using rec::test::bin_loss_suite;
GST_CHECK_MAIN(bin_loss)
