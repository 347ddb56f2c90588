// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/depay_chain.h"

#include <optional>
#include <string_view>

namespace rec::record {
namespace {

constexpr char kOwner[] = "rec-track-front";
constexpr char kH264Filter[] = "video/x-h264,stream-format=byte-stream,alignment=au";
constexpr char kH265Filter[] = "video/x-h265,stream-format=byte-stream,alignment=au";
constexpr char kAv1Filter[] = "video/x-av1,stream-format=obu-stream,alignment=tu";
constexpr char kAacFilter[] = "audio/mpeg,mpegversion=4,stream-format=raw";

struct RtpFormat {
  std::string_view encoding;
  ChainPlan plan;
};

const RtpFormat kRtpFormats[] = {
    {"H264", {Medium::kVideo, {"rtph264depay"}, kH264Filter}},
    {"H265", {Medium::kVideo, {"rtph265depay"}, kH265Filter}},
    {"VP8", {Medium::kVideo, {"rtpvp8depay"}, {}}},
    {"VP9", {Medium::kVideo, {"rtpvp9depay"}, {}}},
    {"AV1", {Medium::kVideo, {"rtpav1depay", "av1parse"}, kAv1Filter}},
    {"OPUS", {Medium::kAudio, {"rtpopusdepay"}, {}}},
    {"PCMU", {Medium::kAudio, {"rtppcmudepay"}, {}}},
    {"PCMA", {Medium::kAudio, {"rtppcmadepay"}, {}}},
};
// RFC 3640: of video too, which is another matter.
const RtpFormat kRtpAac = {"MPEG4-GENERIC",
                           {Medium::kAudio, {"rtpmp4gdepay", "aacparse"}, kAacFilter}};

Result<ChainPlan> plan_rtp(const GstStructure* caps) {
  const char* encoding = gst_structure_get_string(caps, "encoding-name");
  if (!encoding)
    return Error{Error::Kind::kUnsupported, "RTP caps without encoding-name cannot be recorded",
                 "Give the pad complete caps, as webrtcbin does"};
  for (const RtpFormat& format : kRtpFormats)
    if (format.encoding == encoding) return format.plan;
  if (kRtpAac.encoding == encoding &&
      g_strcmp0(gst_structure_get_string(caps, "media"), "audio") == 0)
    return kRtpAac.plan;
  return Error{Error::Kind::kUnsupported, std::string("RTP ") + encoding + " cannot be recorded",
               "Negotiate H264, H265, VP8 or VP9, and OPUS, PCMU, PCMA or MPEG4-GENERIC"};
}

bool says(const GstStructure* caps, const char* field, std::string_view value) {
  const char* text = gst_structure_get_string(caps, field);
  return text && value == text;
}

// What recordmux takes needs no parser.
std::optional<ChainPlan> plan_video(const GstStructure* caps) {
  const ChainPlan direct{Medium::kVideo, {}, {}};
  const bool units = says(caps, "alignment", "au");
  if (gst_structure_has_name(caps, "video/x-h264"))
    return units ? direct : ChainPlan{Medium::kVideo, {"h264parse"}, kH264Filter};
  if (gst_structure_has_name(caps, "video/x-h265"))
    return units ? direct : ChainPlan{Medium::kVideo, {"h265parse"}, kH265Filter};
  if (gst_structure_has_name(caps, "video/x-vp8")) return direct;
  if (gst_structure_has_name(caps, "video/x-vp9"))
    return says(caps, "alignment", "super-frame")
               ? direct
               : ChainPlan{Medium::kVideo, {"vp9parse"}, "video/x-vp9,alignment=super-frame"};
  if (gst_structure_has_name(caps, "video/x-av1"))
    return says(caps, "stream-format", "obu-stream") && says(caps, "alignment", "tu")
               ? direct
               : ChainPlan{Medium::kVideo, {"av1parse"}, kAv1Filter};
  return std::nullopt;
}

std::optional<ChainPlan> plan_audio(const GstStructure* caps) {
  const ChainPlan direct{Medium::kAudio, {}, {}};
  for (const char* name : {"audio/x-opus", "audio/x-mulaw", "audio/x-alaw"})
    if (gst_structure_has_name(caps, name)) return direct;
  gint version = 0;
  if (!gst_structure_has_name(caps, "audio/mpeg") ||
      !gst_structure_get_int(caps, "mpegversion", &version) || (version != 2 && version != 4))
    return std::nullopt;
  gboolean framed = FALSE;
  gst_structure_get_boolean(caps, "framed", &framed);
  const bool raw =
      says(caps, "stream-format", "raw") && gst_structure_has_field(caps, "codec_data");
  if (raw || (says(caps, "stream-format", "adts") && framed)) return direct;
  return ChainPlan{Medium::kAudio, {"aacparse"}, {}};
}

void unlink(GstPad* pad) {
  const auto peer = adopt(gst_pad_get_peer(pad));
  if (!peer) return;
  if (GST_PAD_IS_SRC(pad))
    gst_pad_unlink(pad, peer.get());
  else
    gst_pad_unlink(peer.get(), pad);
}

bool relink(GstPad* from, GstPad* to) {
  unlink(from);
  unlink(to);
  return gst_pad_link_full(from, to, GST_PAD_LINK_CHECK_NOTHING) == GST_PAD_LINK_OK;
}

}  // namespace

Result<ChainPlan> plan_chain(const GstCaps* caps) {
  const GstStructure* s = gst_caps_get_structure(caps, 0);
  if (gst_structure_has_name(s, "application/x-rtp")) return plan_rtp(s);
  if (auto plan = plan_video(s)) return *plan;
  if (auto plan = plan_audio(s)) return *plan;
  return Error{Error::Kind::kUnsupported,
               std::string(gst_structure_get_name(s)) + " cannot be recorded",
               "Send RTP, or encoded H.264, H.265, VP8, VP9, AV1, Opus, AAC or G.711"};
}

Result<DepayChain> DepayChain::create(GstBin* bin, const ChainPlan& plan, gpointer owner) {
  DepayChain chain;
  auto factories = plan.factories;
  if (!plan.filter.empty()) factories.emplace_back("capsfilter");
  for (const auto& factory : factories) {
    GstElement* element = gst_element_factory_make(factory.c_str(), nullptr);
    if (!element) {
      chain.remove(bin);
      return Error{Error::Kind::kNotFound, "There is no element " + factory,
                   factory == "rtpav1depay"
                       ? "Install gst-plugins-rs, or negotiate another codec than AV1"
                       : "Install gstreamer1.0-plugins-good and gstreamer1.0-plugins-bad"};
    }
    if (factory == "capsfilter")
      gst_util_set_object_arg(G_OBJECT(element), "caps", plan.filter.c_str());
    g_object_set_data(G_OBJECT(element), kOwner, owner);
    // The bin may be between two states: the chain is started when it is linked.
    gst_element_set_locked_state(element, TRUE);
    gst_bin_add(bin, element);
    if (!chain.elements_.empty()) gst_element_link(chain.elements_.back(), element);
    chain.elements_.push_back(element);
  }
  return chain;
}

gpointer DepayChain::owner_of(GstObject* source) {
  for (GstObject* o = source; o; o = GST_OBJECT_PARENT(o))
    if (gpointer owner = g_object_get_data(G_OBJECT(o), kOwner)) return owner;
  return nullptr;
}

bool DepayChain::link(GstPad* from, GstPad* to) {
  if (elements_.empty()) return relink(from, to);
  const auto first = adopt(gst_element_get_static_pad(elements_.front(), "sink"));
  const auto last = adopt(gst_element_get_static_pad(elements_.back(), "src"));
  return relink(from, first.get()) && relink(last.get(), to);
}

void DepayChain::start() {
  for (auto element = elements_.rbegin(); element != elements_.rend(); ++element) {
    gst_element_set_locked_state(*element, FALSE);
    gst_element_sync_state_with_parent(*element);
  }
}

void DepayChain::remove(GstBin* bin) {
  for (GstElement* element : elements_) {
    gst_element_set_locked_state(element, TRUE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_bin_remove(bin, element);
  }
  elements_.clear();
}

}  // namespace rec::record
