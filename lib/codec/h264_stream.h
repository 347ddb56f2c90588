// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Turns H.264 as it arrives at a track (Annex B, or length-prefixed with or without codec_data)
// into what an MP4 file with an avc3 sample entry holds: 4-byte sizes, parameter sets in band with
// every access unit that a decoder can start at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/h264.h"

namespace rec::codec {

class H264Stream {  // one per track, one thread
 public:
  enum class Format { kByteStream, kAvc };  // kAvc: caps say avc or avc3

  // `codec_data` is an AVCDecoderConfigurationRecord (or, for kByteStream, Annex B); it may be
  // empty, which leaves the parameter sets as they are. May be called again when caps change. An
  // error changes nothing.
  Status set_format(Format format, std::span<const std::uint8_t> codec_data);

  struct AccessUnit {
    Bytes bytes;       // NAL units, each after its size in four bytes
    bool key = false;  // a decoder that got nothing before can start here
    // config() is not the one that the access units before this one had. Never with the first one.
    bool config_changed = false;
    // False: there is no coded picture, only parameter sets, SEI and the like. They are remembered
    // and come back with the next key access unit, so the caller need not write this one.
    bool picture = false;
    // The first slice is not the first of its picture (first_mb_in_slice): the beginning was lost.
    bool beginning_lost = false;
  };
  // An error (no NAL unit, a size that points past the end) changes no state.
  Result<AccessUnit> convert(std::span<const std::uint8_t> au);

  // Known once an SPS and a PPS that refers to it were seen. Its avcC holds the active SPS and all
  // PPS that refer to it.
  const std::optional<H264Config>& config() const { return config_; }
  // Of the active SPS; 0 until it is known.
  int max_num_reorder_frames() const { return max_num_reorder_frames_; }

 private:
  using Nal = std::span<const std::uint8_t>;
  struct SpsEntry {
    Bytes nal;
    H264Sps info;
  };
  struct PpsEntry {
    Bytes nal;
    std::uint8_t sps_id = 0;
  };
  // What the access unit in nals_ holds.
  struct Contents {
    std::optional<Nal> slice;  // the first one
    bool random_access = false;
  };
  // Parameter sets that go in front of the NAL unit nals_[before].
  struct Insertion {
    std::vector<const Bytes*> sets;
    std::size_t before = 0;
  };

  Status collect(std::span<const std::uint8_t> au);
  Contents examine() const;
  void remember(Nal nal);
  std::optional<std::uint8_t> sps_id_of(Nal slice) const;
  std::vector<Bytes> pps_of(std::uint8_t sps_id) const;
  void update_config(std::optional<std::uint8_t> activated);
  Insertion missing_sets(std::uint8_t sps_id) const;
  Bytes write(const Insertion& insertion) const;

  Format format_ = Format::kByteStream;
  unsigned nal_length_size_ = 4;          // bytes, of kAvc input
  std::map<std::uint8_t, SpsEntry> sps_;  // by id, the latest
  std::map<std::uint8_t, PpsEntry> pps_;  // by id, the latest
  std::optional<std::uint8_t> active_sps_;
  bool sets_changed_ = false;  // since config_ was made
  std::optional<H264Config> config_;
  int max_num_reorder_frames_ = 0;
  bool config_in_use_ = false;   // an access unit was returned while config_ was known
  bool config_changed_ = false;  // since the last picture
  std::vector<Nal> nals_;        // borrowed within convert(); a member for its capacity
};

}  // namespace rec::codec
