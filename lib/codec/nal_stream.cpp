// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/codec/nal_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace rec::codec {
namespace {

// A set that fits the syntax stays below 5000 bytes (slice group maps of H.264's Extended profile
// apart). Larger ones pass through but are not kept: 288 ids of any size are no bounded memory.
constexpr std::size_t kMaxRememberedBytes = 8192;

Error invalid(std::string what) {
  return {Error::Kind::kInvalidData, std::move(what),
          "Check that the caps say the right stream-format, and alignment=au"};
}

}  // namespace

bool NalStream::KnownSets::complete(std::uint8_t sps_id) const {
  const auto found = sps.find(sps_id);
  return found != sps.end() && (!found->second.parent || vps.contains(*found->second.parent));
}

Result<NalStream::Record> NalStream::read_codec_data(Format format,
                                                     std::span<const std::uint8_t> data) const {
  if (data.empty()) return Record{};
  if (format == Format::kLengthPrefixed || data[0] == 1) return parse_record(data);
  Record record;
  auto cursor = NalCursor::byte_stream(data);
  while (const auto nal = cursor.next())
    if (const Role r = role(*nal); r == Role::kVps || r == Role::kSps || r == Role::kPps)
      record.sets.emplace_back(nal->begin(), nal->end());
  if (!cursor.ok())
    return invalid("codec_data is neither a decoder configuration record nor Annex B");
  return record;
}

Status NalStream::set_format(Format format, std::span<const std::uint8_t> codec_data) {
  auto record = read_codec_data(format, codec_data);
  if (!record) return record.error();
  KnownSets known;
  for (Bytes& nal : record.value().sets) {
    const auto ids = parse_set(nal);
    if (!ids) return ids.error();
    Sets& sets = known.of(role(nal));
    sets[ids.value().id] = {std::move(nal), ids.value().parent};
  }
  format_ = format;
  nal_length_size_ = record.value().nal_length_size;
  if (!known.empty()) {  // a record is complete: what it does not name is gone
    known_ = std::move(known);
    sets_changed_ = true;
    update_config(std::nullopt);
  }
  return ok();
}

Result<NalStream::AccessUnit> NalStream::convert(std::span<const std::uint8_t> au) {
  if (auto collected = collect(au); !collected) return collected.error();
  remember_sets();
  const auto slice = std::find_if(nals_.begin(), nals_.end(),
                                  [this](Nal nal) { return role(nal) == Role::kSlice; });
  AccessUnit out;
  out.picture = slice != nals_.end();
  out.beginning_lost = out.picture && !starts_picture(*slice);
  std::optional<std::uint8_t> key_sps;  // without its parameter sets nobody can start there
  if (out.picture && is_random_access(*slice, nals_)) key_sps = sps_id_of(*slice);
  out.key = key_sps.has_value();
  update_config(key_sps);
  out.bytes = write(key_sps ? missing_sets(*key_sps) : std::vector<Insertion>{});
  if (out.picture) {
    out.config_changed = std::exchange(config_changed_, false);
    config_in_use_ = config_in_use_ || has_config_;
  }
  nals_.clear();
  return out;
}

// Fills nals_ with what is worth keeping. Filler data is not: it only pads a channel to a constant
// bit rate, and ISO/IEC 14496-15, 5.3.2 and 8.3.2 keep it out of files.
Status NalStream::collect(std::span<const std::uint8_t> au) {
  nals_.clear();
  if (au.size() > std::numeric_limits<std::uint32_t>::max())
    return invalid("Access unit of " + std::to_string(au.size()) + " bytes");
  auto cursor = format_ == Format::kByteStream ? NalCursor::byte_stream(au)
                                               : NalCursor::length_prefixed(au, nal_length_size_);
  bool any = false;
  while (const auto nal = cursor.next()) {
    any = true;
    if (role(*nal) != Role::kFiller) nals_.push_back(*nal);
  }
  // H.264, 7.4.1.2.3 and H.265, 7.4.2.4.4: an access unit delimiter comes first. rtph264depay puts
  // parameter sets before it.
  const auto delimiter = std::find_if(nals_.begin(), nals_.end(),
                                      [this](Nal nal) { return role(nal) == Role::kDelimiter; });
  if (delimiter != nals_.end()) std::rotate(nals_.begin(), delimiter, delimiter + 1);
  if (cursor.ok() && any) return ok();
  nals_.clear();
  return invalid(codec_ + " access unit of " + std::to_string(au.size()) +
                 (cursor.ok() ? " bytes without a NAL unit" : " bytes with broken framing"));
}

// Keeps the parameter sets, and drops each from nals_ that the access unit says again: rtph264pay
// puts them between an SEI and the picture too, where avc1 cannot do without them.
void NalStream::remember_sets() {
  std::size_t kept = 0;
  for (const Nal nal : nals_) {
    const auto said_before = [&](Nal other) {
      return std::equal(nal.begin(), nal.end(), other.begin(), other.end());
    };
    const auto end = nals_.begin() + static_cast<std::ptrdiff_t>(kept);
    if (remember(nal) == Remembered::kBefore && std::any_of(nals_.begin(), end, said_before))
      continue;
    nals_[kept++] = nal;
  }
  nals_.resize(kept);
}

// One that cannot be read passes through unremembered.
NalStream::Remembered NalStream::remember(Nal nal) {
  const Role r = role(nal);
  if (r != Role::kVps && r != Role::kSps && r != Role::kPps) return Remembered::kNot;
  if (nal.size() > kMaxRememberedBytes) return Remembered::kNot;
  const auto ids = parse_set(nal);
  if (!ids) return Remembered::kNot;
  Set& entry = known_.of(r)[ids.value().id];
  if (std::equal(nal.begin(), nal.end(), entry.nal.begin(), entry.nal.end()))
    return Remembered::kBefore;
  entry = {Bytes(nal.begin(), nal.end()), ids.value().parent};
  sets_changed_ = true;
  return Remembered::kNow;
}

// The SPS that a slice's PPS refers to, if all that it needs is known.
std::optional<std::uint8_t> NalStream::sps_id_of(Nal slice) const {
  const auto id = pps_id(slice);
  if (!id) return std::nullopt;
  const auto pps = known_.pps.find(*id);
  if (pps == known_.pps.end() || !known_.complete(*pps->second.parent)) return std::nullopt;
  return pps->second.parent;
}

std::vector<Bytes> NalStream::pps_of(std::uint8_t sps_id) const {
  std::vector<Bytes> found;
  for (const auto& [id, pps] : known_.pps)
    if (pps.parent == sps_id) found.push_back(pps.nal);
  return found;
}

// `activated`: the SPS that the current key access unit uses. Without one the active SPS stays, and
// as long as there is none the first that is complete and has a PPS is announced.
void NalStream::update_config(std::optional<std::uint8_t> activated) {
  std::optional<std::uint8_t> id = activated ? activated : active_sps_;
  if (id == active_sps_ && !sets_changed_) return;
  if (!id || !known_.complete(*id)) {
    const auto usable =
        std::find_if(known_.sps.begin(), known_.sps.end(), [this](const auto& entry) {
          return known_.complete(entry.first) && !pps_of(entry.first).empty();
        });
    if (usable == known_.sps.end()) return;
    id = usable->first;
  }
  sets_changed_ = false;
  const Set& sps = known_.sps.at(*id);
  SetsInUse sets{{}, {sps.nal}, pps_of(*id)};
  if (sets.pps.empty()) return;
  if (sps.parent) sets.vps.push_back(known_.vps.at(*sps.parent).nal);
  const Update update = set_config(sets);
  if (update == Update::kRefused) return;
  active_sps_ = id;
  has_config_ = true;
  if (update == Update::kChanged) config_changed_ = config_in_use_;
}

// What a decoder that starts here needs and the access unit does not carry: its SPS, the VPS of
// that, and every PPS that refers to it, because later pictures may use another than this one.
// Decoders want a set before those that refer to it.
std::vector<NalStream::Insertion> NalStream::missing_sets(std::uint8_t sps_id) const {
  std::vector<Insertion> missing;
  std::size_t earliest = role(nals_.front()) == Role::kDelimiter ? 1 : 0;
  const auto place = [&](const Bytes& set) {  // where the set's dependents may come
    const auto found = std::find_if(nals_.begin(), nals_.end(), [&set](Nal nal) {
      return std::equal(nal.begin(), nal.end(), set.begin(), set.end());
    });
    if (found == nals_.end())
      missing.push_back({&set, earliest});
    else
      earliest = std::max(earliest, static_cast<std::size_t>(found - nals_.begin()) + 1);
  };
  const Set& sps = known_.sps.at(sps_id);
  if (sps.parent) place(known_.vps.at(*sps.parent).nal);
  place(sps.nal);
  const std::size_t after_sps = earliest;
  for (const auto& [id, pps] : known_.pps) {
    if (pps.parent == sps_id) place(pps.nal);
    earliest = after_sps;  // not behind a PPS that comes with a later picture
  }
  return missing;
}

Bytes NalStream::write(const std::vector<Insertion>& insertions) const {
  std::size_t size = 0;
  for (const Nal nal : nals_) size += kNalSizeBytes + nal.size();
  for (const Insertion& insertion : insertions) size += kNalSizeBytes + insertion.set->size();
  Bytes out;
  out.reserve(size);
  auto next = insertions.begin();
  for (std::size_t i = 0; i <= nals_.size(); ++i) {
    for (; next != insertions.end() && next->before == i; ++next) append_nal(out, *next->set);
    if (i < nals_.size()) append_nal(out, nals_[i]);
  }
  return out;
}

}  // namespace rec::codec
