// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/depay_chain.h"

#include <string_view>

namespace rec::record {
namespace {

constexpr char kOwner[] = "rec-track-front";
constexpr char kH264Filter[] = "video/x-h264,stream-format=byte-stream,alignment=au";

struct RtpFormat {
  std::string_view encoding;
  ChainPlan plan;
};

const RtpFormat kRtpFormats[] = {
    {"H264", {Medium::kVideo, {"rtph264depay"}, kH264Filter}},
    {"OPUS", {Medium::kAudio, {"rtpopusdepay"}, {}}},
};

Result<ChainPlan> plan_rtp(const GstStructure* caps) {
  const char* encoding = gst_structure_get_string(caps, "encoding-name");
  if (!encoding)
    return Error{Error::Kind::kUnsupported, "RTP caps without encoding-name cannot be recorded",
                 "Give the pad complete caps, as webrtcbin does"};
  for (const RtpFormat& format : kRtpFormats)
    if (format.encoding == encoding) return format.plan;
  return Error{Error::Kind::kUnsupported, std::string("RTP ") + encoding + " cannot be recorded",
               "Negotiate H264 and OPUS"};
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
  if (gst_structure_has_name(s, "audio/x-opus")) return ChainPlan{Medium::kAudio, {}, {}};
  if (gst_structure_has_name(s, "video/x-h264")) {
    const char* alignment = gst_structure_get_string(s, "alignment");
    if (alignment && g_str_equal(alignment, "au")) return ChainPlan{Medium::kVideo, {}, {}};
    return ChainPlan{Medium::kVideo, {"h264parse"}, kH264Filter};
  }
  return Error{Error::Kind::kUnsupported,
               std::string(gst_structure_get_name(s)) + " cannot be recorded",
               "Send RTP or encoded H.264 or Opus"};
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
                   "Install gstreamer1.0-plugins-good and gstreamer1.0-plugins-bad"};
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
