// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A container for tests of lib/recording: what a recorder hands to it can be read back, field by
// field, from the bytes of the object. Silence comes in the packets of Opus.
#pragma once

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/recording/container.h"

namespace rec::test {

class FakeContainer final : public recording::Container {
 public:
  Bytes header(std::span<const Track> tracks, std::uint64_t utc_seconds) override {
    fragments_ = 0;
    Bytes out{'H'};
    put(out, static_cast<std::int64_t>(utc_seconds));
    put(out, tags_.title);
    put(out, static_cast<std::int64_t>(tracks.size()));
    for (const Track& t : tracks) {
      put(out, t.id);
      put(out, t.tags.orientation.mirrored);
      put(out, t.tags.orientation.degrees);
      put(out, t.tags.language);
    }
    return out;
  }

  Bytes fragment(std::uint32_t sequence, std::span<TrackRun> runs,
                 const std::optional<Reference>& reference) override {
    ++fragments_;
    Bytes out{'F'};
    put(out, sequence);
    put(out, reference ? 1 : 0);
    if (reference) {
      put(out, reference->track_id);
      put(out, reference->pts);
      put(out, reference->utc);
      put(out, reference->of_sender);
    }
    put(out, static_cast<std::int64_t>(runs.size()));
    for (const TrackRun& run : runs) {
      put(out, run.track_id);
      put(out, run.end_dts);
      put(out, static_cast<std::int64_t>(run.samples.size()));
      for (const RunSample& s : run.samples) {
        put(out, s.dts);
        put(out, s.cts_offset);
        put(out, s.key);
        put(out, s.size);
      }
      put(out, static_cast<std::int64_t>(run.bytes()));
      for (const auto& piece : run.pieces) out.insert(out.end(), piece.begin(), piece.end());
    }
    return out;
  }

  void set_tags(const MovieTags& tags) override { tags_ = tags; }

  // What a file ends with, if the store can rewrite its first 8 bytes; else "E".
  Ending ending;
  Ending finish(std::uint64_t rewrite_below) override {
    if (ending.append.empty()) return {};
    return rewrite_below >= 8 ? ending : Ending{.append = {'E'}};
  }

  int most_fragments = 0;  // of a file; 0: any number
  bool full() const override { return most_fragments > 0 && fragments_ >= most_fragments; }
  std::uint64_t ending_bytes = 0;
  std::uint64_t most_ending_bytes() const override { return ending_bytes; }

  std::int64_t silence_grid(const TrackConfig& config) override {
    return std::holds_alternative<OpusConfig>(config.codec) ? 120 : 0;
  }
  std::optional<Silence> silence(const TrackConfig& config, std::int64_t at_most) override {
    if (!std::holds_alternative<OpusConfig>(config.codec)) return std::nullopt;
    for (const std::int64_t duration : {960, 480, 240, 120})
      if (duration <= at_most) return Silence{Bytes{'s', 'i', 'l'}, duration};
    return std::nullopt;
  }

 private:
  int fragments_ = 0;
  MovieTags tags_;

  static void put(Bytes& out, const std::string& text) {
    put(out, static_cast<std::int64_t>(text.size()));
    out.insert(out.end(), text.begin(), text.end());
  }
  static void put(Bytes& out, std::int64_t value) {
    std::array<std::uint8_t, 8> raw;
    std::memcpy(raw.data(), &value, raw.size());
    out.insert(out.end(), raw.begin(), raw.end());
  }
};

// An object of a FakeContainer, read back.
struct ReadSample {
  std::int64_t dts;       // track ticks since the start of the file
  std::int64_t duration;  // track ticks
  std::int64_t cts_offset;
  bool key;
  std::string payload;
  bool silent() const { return payload == "sil"; }
};
struct ReadRun {
  int track;  // as the recorder numbers it
  std::int64_t end_dts;
  std::vector<ReadSample> samples;
};
struct ReadFragment {
  std::int64_t sequence;
  std::optional<recording::Container::Reference> reference;
  std::vector<ReadRun> runs;
};
struct ReadFile {
  std::int64_t utc_seconds = 0;
  std::string title;
  std::vector<int> tracks;
  std::map<int, TrackTags> tags;
  std::vector<ReadFragment> fragments;

  std::vector<ReadSample> samples(int track) const {
    std::vector<ReadSample> all;
    for (const auto& f : fragments)
      for (const auto& run : f.runs)
        if (run.track == track) all.insert(all.end(), run.samples.begin(), run.samples.end());
    return all;
  }
};

class FakeReader {
 public:
  // Throws std::out_of_range for bytes that no FakeContainer wrote.
  static ReadFile read(const Bytes& bytes) { return FakeReader(bytes).file(); }

 private:
  explicit FakeReader(const Bytes& bytes) : bytes_(bytes) {}

  std::int64_t number() {
    std::int64_t value = 0;
    if (at_ + sizeof value > bytes_.size()) throw std::out_of_range("a number ends too early");
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number());
    if (at_ + size > bytes_.size()) throw std::out_of_range("a text ends too early");
    at_ += size;
    return {bytes_.begin() + static_cast<std::ptrdiff_t>(at_ - size),
            bytes_.begin() + static_cast<std::ptrdiff_t>(at_)};
  }
  void expect(char mark) {
    if (bytes_.at(at_++) != static_cast<std::uint8_t>(mark)) throw std::out_of_range("a mark");
  }

  std::optional<recording::Container::Reference> reference() {
    if (number() == 0) return std::nullopt;
    recording::Container::Reference r{};
    r.track_id = static_cast<std::uint32_t>(number());
    r.pts = number();
    r.utc = number();
    r.of_sender = number() != 0;
    return r;
  }

  ReadRun run() {
    ReadRun run{static_cast<int>(number()) - 1, number(), {}};
    std::vector<std::size_t> sizes;
    for (auto left = number(); left > 0; --left) {
      ReadSample s{.dts = number(),
                   .duration = 0,
                   .cts_offset = number(),
                   .key = number() != 0,
                   .payload = {}};
      sizes.push_back(static_cast<std::size_t>(number()));
      run.samples.push_back(std::move(s));
    }
    const std::size_t end = at_ + sizeof(std::int64_t) + static_cast<std::size_t>(number());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (at_ + sizes[i] > bytes_.size()) throw std::out_of_range("a sample ends too early");
      run.samples[i].payload.assign(bytes_.begin() + static_cast<std::ptrdiff_t>(at_),
                                    bytes_.begin() + static_cast<std::ptrdiff_t>(at_ + sizes[i]));
      at_ += sizes[i];
      const bool last = i + 1 == sizes.size();
      run.samples[i].duration = (last ? run.end_dts : run.samples[i + 1].dts) - run.samples[i].dts;
    }
    if (at_ != end) throw std::out_of_range("sample sizes do not fill their run");
    return run;
  }

  ReadFile file() {
    ReadFile file;
    expect('H');
    file.utc_seconds = number();
    file.title = text();
    for (auto left = number(); left > 0; --left) {
      file.tracks.push_back(static_cast<int>(number()) - 1);
      TrackTags& tags = file.tags[file.tracks.back()];
      tags.orientation.mirrored = number() != 0;
      tags.orientation.degrees = static_cast<std::uint16_t>(number());
      tags.language = text();
    }
    while (at_ < bytes_.size()) {
      expect('F');
      ReadFragment fragment{number(), reference(), {}};
      for (auto left = number(); left > 0; --left) fragment.runs.push_back(run());
      file.fragments.push_back(std::move(fragment));
    }
    return file;
  }

  const Bytes& bytes_;
  std::size_t at_ = 0;
};

}  // namespace rec::test
