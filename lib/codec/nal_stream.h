// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a track of H.264 and one of H.265 have in common: access units come in as a byte stream
// (Annex B) or length-prefixed, with or without codec_data; they leave as what an MP4 file with an
// avc3 or hev1 sample entry holds: 4-byte sizes, parameter sets in band with every access unit that
// a decoder can start at. What a NAL unit says is known to the class of the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/media.h"
#include "lib/base/result.h"
#include "lib/codec/nal.h"

namespace rec::codec {

class NalStream {  // one per track, one thread
 public:
  enum class Format {
    kByteStream,
    kLengthPrefixed,  // caps say avc or avc3, hvc1 or hev1
  };

  // `codec_data` is a decoder configuration record (or, for kByteStream, Annex B); it may be empty,
  // which leaves the parameter sets as they are. May be called again when caps change. An error
  // changes nothing.
  Status set_format(Format format, std::span<const std::uint8_t> codec_data);

  struct AccessUnit {
    Bytes bytes;       // NAL units, each after its size in four bytes
    bool key = false;  // a decoder that got nothing before can start here
    // config() is not the one that the access units before this one had. Never with the first one.
    bool config_changed = false;
    // False: there is no coded picture, only parameter sets, SEI and the like. They are remembered
    // and come back with the next key access unit, so the caller need not write this one.
    bool picture = false;
    // The first slice is not the first of its picture: the beginning was lost.
    bool beginning_lost = false;
  };
  // An error (no NAL unit, a size that points past the end) changes no state.
  Result<AccessUnit> convert(std::span<const std::uint8_t> au);

 protected:
  enum class Role { kOther, kSlice, kVps, kSps, kPps, kDelimiter, kFiller };
  struct SetIds {
    std::uint8_t id = 0;
    std::optional<std::uint8_t> parent;  // the VPS of an SPS of H.265, the SPS of a PPS
  };
  struct Record {  // a decoder configuration record
    unsigned nal_length_size = 4;
    std::vector<Bytes> sets;
  };
  // An SPS and what belongs to it.
  struct SetsInUse {
    std::vector<Bytes> vps;  // of H.265: one
    std::vector<Bytes> sps;  // one
    std::vector<Bytes> pps;  // all that refer to it
  };
  enum class Update { kRefused, kSame, kChanged };

  explicit NalStream(std::string codec) : codec_(std::move(codec)) {}
  ~NalStream() = default;
  NalStream(const NalStream&) = default;
  NalStream& operator=(const NalStream&) = default;

 private:
  virtual Role role(Nal nal) const = 0;
  virtual Result<SetIds> parse_set(Nal nal) const = 0;  // of the roles kVps, kSps, kPps
  virtual Result<Record> parse_record(std::span<const std::uint8_t> data) const = 0;
  virtual std::optional<std::uint8_t> pps_id(Nal slice) const = 0;
  virtual bool starts_picture(Nal slice) const = 0;
  // Whether the access unit, given its first slice, is a picture that decoding can start at.
  virtual bool is_random_access(Nal slice, const std::vector<Nal>& nals) const = 0;
  virtual Update set_config(const SetsInUse& sets) = 0;

  struct Set {
    Bytes nal;
    std::optional<std::uint8_t> parent;
  };
  using Sets = std::map<std::uint8_t, Set>;  // by id, the latest
  struct KnownSets {
    Sets vps, sps, pps;
    bool empty() const { return vps.empty() && sps.empty() && pps.empty(); }
    Sets& of(Role role) { return role == Role::kVps ? vps : role == Role::kSps ? sps : pps; }
    // The SPS and, if it has one, its VPS are there.
    bool complete(std::uint8_t sps_id) const;
  };
  struct Insertion {  // a parameter set that goes in front of the NAL unit nals_[before]
    const Bytes* set;
    std::size_t before;
  };

  Result<Record> read_codec_data(Format format, std::span<const std::uint8_t> data) const;
  Status collect(std::span<const std::uint8_t> au);
  void remember_sets();
  enum class Remembered { kNot, kBefore, kNow };
  Remembered remember(Nal nal);
  std::optional<std::uint8_t> sps_id_of(Nal slice) const;
  std::vector<Bytes> pps_of(std::uint8_t sps_id) const;
  void update_config(std::optional<std::uint8_t> activated);
  std::vector<Insertion> missing_sets(std::uint8_t sps_id) const;
  Bytes write(const std::vector<Insertion>& insertions) const;

  std::string codec_;  // for messages
  Format format_ = Format::kByteStream;
  unsigned nal_length_size_ = 4;  // bytes, of kLengthPrefixed input
  KnownSets known_;
  std::optional<std::uint8_t> active_sps_;
  bool sets_changed_ = false;    // since set_config() was called
  bool has_config_ = false;      // set_config() has succeeded
  bool config_in_use_ = false;   // an access unit was returned while there was a config
  bool config_changed_ = false;  // since the last picture
  std::vector<Nal> nals_;        // borrowed within convert(); a member for its capacity
};

}  // namespace rec::codec
