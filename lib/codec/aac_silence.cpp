// SPDX-License-Identifier: LGPL-2.1-or-later
//
// raw_data_block() (4.4.2.1) without a coefficient: max_sfb is 0 in every channel.
#include <initializer_list>
#include <utility>

#include "lib/codec/aac.h"
#include "lib/codec/bit_reader.h"

namespace rec::codec {
namespace {

enum class Element : std::uint8_t { kSingle = 0, kPair = 1, kLfe = 3, kEnd = 7 };  // id_syn_ele

class BlockWriter {
 public:
  void element(Element kind, unsigned instance) {
    bits(static_cast<unsigned>(kind), 3);
    bits(instance, 4);  // element_instance_tag
    if (kind != Element::kPair) {
      global_gain();
      ics_info();
      return no_tools();
    }
    bits(1, 1);  // common_window
    ics_info();
    bits(0, 2);  // ms_mask_present
    for (int channel = 0; channel < 2; ++channel) {
      global_gain();
      no_tools();
    }
  }
  Bytes take() {
    bits(static_cast<unsigned>(Element::kEnd), 3);
    while (used_ % 8 != 0) bits(0, 1);
    return std::move(out_);
  }

 private:
  void bits(unsigned value, unsigned n) {
    while (n-- > 0) {
      if (used_ % 8 == 0) out_.push_back(0);
      out_.back() = static_cast<std::uint8_t>(out_.back() | (value >> n & 1) << (7 - used_ % 8));
      ++used_;
    }
  }
  void global_gain() { bits(0, 8); }
  // ics_reserved_bit, ONLY_LONG_SEQUENCE, sine window, max_sfb 0, no predictor data.
  void ics_info() { bits(0, 1 + 2 + 1 + 6 + 1); }
  void no_tools() { bits(0, 1 + 1 + 1); }  // pulse, TNS and gain control data

  Bytes out_;
  unsigned used_ = 0;  // bits
};

using Layout = std::initializer_list<Element>;
constexpr Element kSingle = Element::kSingle;
constexpr Element kPair = Element::kPair;
constexpr Element kLfe = Element::kLfe;

Bytes block_of(Layout layout) {
  BlockWriter w;
  unsigned singles = 0;
  unsigned pairs = 0;
  for (const Element element : layout)
    w.element(element, element == kSingle ? singles++ : element == kPair ? pairs++ : 0);
  return w.take();
}

}  // namespace

Bytes aac_silence(const AacConfig& config) {
  constexpr std::uint32_t kShortestOfLongFrames = 960;
  BitReader r(config.asc);
  if (config.frame_samples < kShortestOfLongFrames) return {};
  r.skip(5);                        // audioObjectType
  if (r.bits(4) == 15) r.skip(24);  // samplingFrequency
  switch (r.bits(4)) {              // channelConfiguration, table 1.19
    case 1: return block_of({kSingle});
    case 2: return block_of({kPair});
    case 3: return block_of({kSingle, kPair});
    case 4: return block_of({kSingle, kPair, kSingle});
    case 5: return block_of({kSingle, kPair, kPair});
    case 6: return block_of({kSingle, kPair, kPair, kLfe});
    case 7: return block_of({kSingle, kPair, kPair, kPair, kLfe});
    default: return {};
  }
}

}  // namespace rec::codec
