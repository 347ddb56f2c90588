// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/sender.h"

#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>
#include <random>
#include <utility>

#include "gst/common/handles.h"
#include "tests/support/webrtc/media_hash.h"
#include "tests/support/webrtc/probe.h"

namespace rec::test {

class LineState {
 public:
  LineState(Line of, const MediaOptions& options, std::shared_ptr<Marks> shared_marks,
            SendLog& send_log, std::function<void()> sent)
      : line(of),
        dtx(options.dtx && of == Line::kAudio),
        width(options.width),
        height(options.height),
        marks(options.marks && of != Line::kExtra ? std::move(shared_marks) : nullptr),
        begins_marks(of == Line::kVideo || !options.video),
        silent(of == Line::kVideo   ? options.video_silent
               : of == Line::kAudio ? options.audio_silent
                                    : std::vector<Window>{}),
        spoil_share(options.spoil == of ? options.spoil_share : 0),
        log(send_log),
        all_sent(std::move(sent)),
        random(options.seed + static_cast<std::uint32_t>(of)) {
    const double late = of == Line::kVideo   ? options.video_start
                        : of == Line::kAudio ? options.audio_start
                                             : 0;
    if (late > 0) silent.push_back({0, late});
  }

  bool is_silent(GstClockTime time) const {
    const double at = static_cast<double>(time - start.load()) / GST_SECOND;
    return std::ranges::any_of(silent, [at](const Window& w) { return at >= w.from && at < w.to; });
  }

  // As browsers do: of the packets with nothing in them only the first is sent, which says that a
  // silence begins.
  bool leaves_out(std::size_t packet_size) {
    const bool empty = packet_size <= 2;
    return std::exchange(in_dtx, empty) && empty;
  }

  const Line line;
  const bool dtx;
  const int width;
  const int height;
  const std::shared_ptr<Marks> marks;  // nullptr: none
  const bool begins_marks;
  std::vector<Window> silent;
  const double spoil_share;
  SendLog& log;
  const std::function<void()> all_sent;
  std::atomic<GstClockTime> start{GST_CLOCK_TIME_NONE};  // running time
  std::atomic<GstClockTime> end{GST_CLOCK_TIME_NONE};
  std::atomic<bool> finished{false};
  std::atomic<std::uint64_t> packets{0};
  std::mt19937 random;  // streaming thread
  bool in_dtx = false;  // streaming thread
};

namespace {

void add_marks(const LineState& state, GstPadProbeInfo* info, GstClockTime time) {
  if (state.begins_marks) state.marks->begin(time);
  info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  if (state.line == Line::kVideo)
    state.marks->paint(GST_PAD_PROBE_INFO_BUFFER(info), time, state.width, state.height);
  else
    state.marks->sound(GST_PAD_PROBE_INFO_BUFFER(info), time);
}

// Before the encoder: media outside the call is thrown away, and silent video too, so that the
// frame after a silence still refers to the one that was sent last.
GstPadProbeReturn on_raw(LineState& state, GstPad* pad, GstPadProbeInfo* info) {
  const GstClockTime time = running_time(pad, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
  if (time < state.start.load() || state.finished.load()) return GST_PAD_PROBE_DROP;
  if (time >= state.end.load()) {
    // No queue lies between here and the network: the frames before this one are gone.
    state.finished.store(true);
    state.all_sent();
    return GST_PAD_PROBE_DROP;
  }
  if (state.marks) add_marks(state, info, time);
  return state.line == Line::kVideo && state.is_silent(time) ? GST_PAD_PROBE_DROP
                                                             : GST_PAD_PROBE_OK;
}

GstPadProbeReturn on_encoded(LineState& state, GstPad* pad, GstPadProbeInfo* info) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  const GstClockTime time = running_time(pad, GST_BUFFER_PTS(buffer));
  if (state.line == Line::kAudio && state.is_silent(time)) return GST_PAD_PROBE_DROP;
  const ReadMap map(buffer);
  if (state.dtx && state.leaves_out(map.bytes().size())) return GST_PAD_PROBE_DROP;
  SentUnit unit;
  unit.line = state.line;
  unit.running_time = time;
  unit.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  unit.size = map.bytes().size();
  unit.md5 = state.line == Line::kVideo ? slices_md5(map.bytes(), H264Framing::kAnnexB)
                                        : md5_of(map.bytes());
  state.log.add(std::move(unit));
  return GST_PAD_PROBE_OK;
}

// The same RTP header with random bytes behind it, or with part of the payload, or with none.
Ref<GstBuffer> spoilt_copy(GstBuffer* packet, std::mt19937& random) {
  GstRTPBuffer from = GST_RTP_BUFFER_INIT;
  GstRTPBuffer to = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(packet, GST_MAP_READ, &from)) return nullptr;
  const guint old_size = gst_rtp_buffer_get_payload_len(&from);
  const auto kind = random() % 3;
  const guint size = kind == 0 ? 1 + random() % 1100 : kind == 1 ? random() % (old_size + 1) : 0;
  auto copy = adopt(gst_rtp_buffer_new_allocate(size, 0, 0));
  gst_rtp_buffer_map(copy.get(), GST_MAP_WRITE, &to);
  gst_rtp_buffer_set_marker(&to, gst_rtp_buffer_get_marker(&from));
  gst_rtp_buffer_set_payload_type(&to, gst_rtp_buffer_get_payload_type(&from));
  gst_rtp_buffer_set_seq(&to, gst_rtp_buffer_get_seq(&from));
  gst_rtp_buffer_set_ssrc(&to, gst_rtp_buffer_get_ssrc(&from));
  gst_rtp_buffer_set_timestamp(&to, gst_rtp_buffer_get_timestamp(&from));
  auto* bytes = static_cast<guint8*>(gst_rtp_buffer_get_payload(&to));
  const auto* old_bytes = static_cast<const guint8*>(gst_rtp_buffer_get_payload(&from));
  for (guint i = 0; i < size; ++i)
    bytes[i] = kind == 1 ? old_bytes[i] : static_cast<guint8>(random());
  gst_rtp_buffer_unmap(&to);
  gst_rtp_buffer_unmap(&from);
  gst_buffer_copy_into(copy.get(), packet, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  return copy;
}

bool spoils_next(LineState& state) {
  return state.spoil_share > 0 &&
         std::uniform_real_distribution<>(0, 1)(state.random) < state.spoil_share;
}

GstPadProbeReturn on_rtp(LineState& state, GstPadProbeInfo* info) {
  for_each_buffer(info, [&state](GstBuffer*) { ++state.packets; });
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
    if (!spoils_next(state)) return GST_PAD_PROBE_OK;
    GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
    info->data = spoilt_copy(packet, state.random).release();
    gst_buffer_unref(packet);
    state.log.spoilt(state.line);
    return GST_PAD_PROBE_OK;
  }
  GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
  info->data = list;
  for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
    if (!spoils_next(state)) continue;
    auto copy = spoilt_copy(gst_buffer_list_get(list, i), state.random);
    gst_buffer_list_remove(list, i, 1);
    gst_buffer_list_insert(list, static_cast<gint>(i), copy.release());
    state.log.spoilt(state.line);
  }
  return GST_PAD_PROBE_OK;
}

std::string rtp_offsets(const MediaOptions& options, Line line) {
  std::mt19937 random(options.seed * 3 + static_cast<std::uint32_t>(line));
  const std::uint32_t rate = line == Line::kAudio ? 48000 : 90000;
  const std::uint32_t time = options.wrap ? 0u - 3 * rate : random();
  const std::uint32_t sequence = options.wrap ? 65535 - 150 : random() % 65536;
  return " timestamp-offset=" + std::to_string(time) +
         " seqnum-offset=" + std::to_string(sequence) + " ";
}

}  // namespace

Sender::Sender(MediaOptions options, SendLog& log, std::function<void()> all_sent)
    : options_(std::move(options)), log_(log), all_sent_(std::move(all_sent)) {}

Sender::~Sender() = default;

Status Sender::add_to(GstBin* pipeline) {
  const std::string size =
      "width=" + std::to_string(options_.width) + ",height=" + std::to_string(options_.height);
  const std::string pictures = "videotestsrc is-live=true pattern=" + options_.picture +
                               " ! video/x-raw,format=I420,framerate=30/1,";
  const std::string dtx = options_.dtx ? "true" : "false";
  const std::string sound = "audiotestsrc is-live=true volume=0.2 wave=" + options_.sound + " ";
  if (options_.video) {
    const auto status = add_line(
        pipeline, Line::kVideo,
        pictures + size +
            " ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast threads=1" +
            " bitrate=" + std::to_string(options_.bitrate) +
            " key-int-max=" + std::to_string(options_.key_interval) +
            " ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au" +
            " ! rtph264pay name=payloader pt=96 aggregate-mode=zero-latency",
        "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
        "packetization-mode=(string)1,profile-level-id=(string)42c01f");
    if (!status) return status;
  }
  if (options_.audio) {
    const auto status =
        add_line(pipeline, Line::kAudio,
                 sound + "samplesperbuffer=960 ! audio/x-raw,format=S16LE,rate=48000,channels=2" +
                     " ! opusenc name=encoder dtx=" + dtx + " ! rtpopuspay name=payloader pt=97",
                 "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,"
                 "encoding-params=(string)2");
    if (!status) return status;
  }
  if (options_.extra == Extra::kPcmu)
    return add_line(pipeline, Line::kExtra,
                    sound + "samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1" +
                        " ! mulawenc name=encoder ! rtppcmupay name=payloader",
                    "application/x-rtp,media=audio,encoding-name=PCMU,clock-rate=8000,payload=0");
  if (options_.extra == Extra::kG722)
    return add_line(pipeline, Line::kExtra,
                    sound + "samplesperbuffer=320 ! audio/x-raw,rate=16000,channels=1" +
                        " ! avenc_g722 name=encoder ! rtpg722pay name=payloader",
                    "application/x-rtp,media=audio,encoding-name=G722,clock-rate=8000,payload=9");
  if (options_.extra == Extra::kVp8)
    return add_line(pipeline, Line::kExtra,
                    pictures + "width=160,height=120 ! vp8enc name=encoder deadline=1 cpu-used=8" +
                        " keyframe-max-dist=9000 ! rtpvp8pay name=payloader pt=98",
                    "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=98");
  return ok();
}

Status Sender::add_line(GstBin* pipeline, Line line, const std::string& source,
                        const std::string& caps) {
  GError* error = nullptr;
  const std::string text = source + rtp_offsets(options_, line);
  GstElement* bin = gst_parse_bin_from_description(text.c_str(), TRUE, &error);
  if (!bin) {
    Error failure{Error::Kind::kNotFound, error->message, "Run scripts/install-packages.sh"};
    g_error_free(error);
    return failure;
  }
  gst_bin_add(pipeline, bin);
  auto state = std::make_shared<LineState>(line, options_, marks_, log_, all_sent_);
  const auto encoder = adopt(gst_bin_get_by_name(GST_BIN(bin), "encoder"));
  const auto payloader = adopt(gst_bin_get_by_name(GST_BIN(bin), "payloader"));
  const auto raw = adopt(gst_element_get_static_pad(encoder.get(), "sink"));
  const auto encoded = adopt(gst_element_get_static_pad(encoder.get(), "src"));
  const auto rtp = adopt(gst_element_get_static_pad(payloader.get(), "src"));
  add_probe(raw.get(), GST_PAD_PROBE_TYPE_BUFFER,
            [state](GstPad* pad, GstPadProbeInfo* info) { return on_raw(*state, pad, info); });
  add_probe(encoded.get(), GST_PAD_PROBE_TYPE_BUFFER,
            [state](GstPad* pad, GstPadProbeInfo* info) { return on_encoded(*state, pad, info); });
  add_probe(rtp.get(), kDataProbe,
            [state](GstPad*, GstPadProbeInfo* info) { return on_rtp(*state, info); });
  branches_.push_back({line, bin, caps});
  lines_.push_back(std::move(state));
  return ok();
}

void Sender::open(GstClockTime running_time) {
  log_.started(running_time);
  const auto length = static_cast<GstClockTime>(options_.seconds * GST_SECOND);
  for (const auto& state : lines_) {
    state->end.store(running_time + length);
    state->start.store(running_time);
  }
}

void Sender::stop_at(GstClockTime running_time) {
  for (const auto& state : lines_) state->end.store(std::min(state->end.load(), running_time));
}

bool Sender::finished() const {
  return std::ranges::all_of(lines_, [](const auto& state) { return state->finished.load(); });
}

std::uint64_t Sender::packets(Line line) const {
  for (const auto& state : lines_)
    if (state->line == line) return state->packets.load();
  return 0;
}

}  // namespace rec::test
