// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The elements between a sink pad of recordbin and recordmux: depayloader, parser, caps filter.
#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

#include "gst/common/handles.h"
#include "lib/base/media.h"
#include "lib/base/result.h"

namespace rec::record {

// What caps need before recordmux can take them.
struct ChainPlan {
  Medium medium = Medium::kVideo;
  std::vector<std::string> factories;  // in order of flow; may be empty
  std::string filter;                  // caps at the end, when not empty
  friend bool operator==(const ChainPlan&, const ChainPlan&) = default;
};
Result<ChainPlan> plan_chain(const GstCaps* caps);

// The elements of a plan, in a bin. Made, linked and removed by the streaming thread that feeds
// them, or after they were stopped.
class DepayChain {
 public:
  // `owner` can be found again from a message of any of the elements: owner_of().
  static Result<DepayChain> create(GstBin* bin, const ChainPlan& plan, gpointer owner);
  static gpointer owner_of(GstObject* source);

  // Links `from` to the chain and the chain to `to`, both free or linked elsewhere before.
  bool link(GstPad* from, GstPad* to);
  void start();  // follows the bin's state
  void remove(GstBin* bin);

 private:
  std::vector<GstElement*> elements_;  // owned by the bin
};

}  // namespace rec::record
