// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One recording: tracks in, object units out. It decides when a file begins, what is in it and what
// happens when a track is late, silent or gone and when the store has no answer. No clock, no I/O,
// no lock: the owner passes the monotonic time and calls from one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/recording/container.h"
#include "lib/recording/file_writer.h"
#include "lib/recording/fragmenter.h"
#include "lib/recording/key_frame_policy.h"
#include "lib/recording/output.h"
#include "lib/recording/path_template.h"
#include "lib/recording/placer.h"
#include "lib/recording/sync.h"
#include "lib/recording/timing.h"
#include "lib/recording/track_clock.h"
#include "lib/recording/utc_map.h"

namespace rec::recording {

class Recorder {
 public:
  struct Options {
    Fragmenter::Policy fragments;
    Nanos header_timeout = 2 * kSecond;  // how long the first file waits for expected tracks
    Nanos claim_timeout = 2 * kSecond;   // how long a first name is waited for
    Nanos sync_wait = 5 * kSecond / 2;   // how long the first file waits for sender reports
    Nanos max_duration = 0;              // of a file; then the next one is begun; 0: none
    std::uint64_t max_bytes = 0;         // of a file; then the next one is begun; 0: none
    Nanos keyframe_interval = 0;  // after so long without a key frame one is asked for; 0: never
    Nanos track_timeout = 5 * kSecond;  // without data for so long a track is stalled; 0: never
    Timing timing = Timing::kAuto;
    bool fill_audio = true;     // holes, with silence
    bool keep_damaged = false;  // video that refers to lost packets
    bool write_references = true;
    bool roll_on_rotation = true;  // a picture that is turned begins the next file
    PathTemplate path;
    std::string stream_name;
    std::function<std::uint32_t()> random;  // for names that cannot collide
  };
  Recorder(Options options, std::unique_ptr<Container> container);

  // UTC of running time 0, nanoseconds since 1970; before the first sample. `by_user`: no clock of
  // a sender may replace it.
  void set_utc_origin(Nanos utc, bool by_user = false) {
    has_utc_origin_ = true;
    utc_.set(utc, by_user ? "property" : "system", false);
    utc_by_user_ = by_user;
  }
  bool has_utc_origin() const { return has_utc_origin_; }

  // Whether a track is expected that could not be added yet. Until it is there, or for
  // `header_timeout`, the first file is not begun, for it would not declare it.
  void expect_tracks(bool expected) { expecting_ = expected; }
  // `before`: what the same source sent until now, in another codec; it has ended. The two are
  // never in one file.
  int add_track(Medium medium, std::optional<int> before = std::nullopt);
  // What the track holds from its next sample on; until then its samples are refused.
  void configure(int track, TrackConfig config);
  // What is known of a track from now on. A language, and what turns the picture, is said by the
  // files that begin with it.
  void set_track_tags(int index, TrackTags tags) { track(index).tags = std::move(tags); }
  // Of the files that are not finished yet.
  void set_tags(const MovieTags& tags) { container_->set_tags(tags); }
  enum class Taken { kYes, kBeforeKeyFrame, kLate, kPaused, kFinished };
  Taken push(int track, Input input, Nanos now);
  void end_track(int track, Nanos now);
  void finish(Nanos now);  // no more samples: write what is held and close

  // The next file begins with the next key frame, which is asked for. Nothing, if no file is open.
  void split(Nanos now);

  // What comes in between is dropped; media time goes on as if there were nothing in between.
  void pause(Nanos now);
  void resume(Nanos now);
  bool paused() const { return paused_; }

  void tick(Nanos now) { poll(now); }
  std::optional<Nanos> deadline() const;  // when tick() has something to do

  // What the store says.
  void claim_answered(const std::string& key, bool granted, const std::string& use_key, Nanos now);
  void object_failed(const std::string& key, Nanos now);
  // There is room for what is queued and the end of the object, and for nothing else.
  void object_full(const std::string& key, Nanos now);
  void set_congested(bool congested, Nanos now);
  // Bytes of an object before this offset can be rewritten; 0: none, as long as it says nothing.
  void set_rewrite_below(std::uint64_t offset) { rewrite_below_ = offset; }

  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  std::size_t queued_bytes() const { return fragmenter_.bytes(); }
  bool finished() const { return state_ == State::kFinished; }
  bool finishing() const { return finishing_; }

 private:
  enum class State {
    kIdle,      // no file and nothing to put in one
    kClaiming,  // the store was asked for a name
    kNoStore,   // the store has failed an object: its next answer may take for ever
    kWriting,   // `key_` is ours
    kFinished,
  };
  struct Track {
    Medium medium;
    std::optional<int> before;  // the track that it continues
    KeyFramePolicy keys;
    std::optional<TrackConfig> config;
    std::optional<TrackClock> clock;
    std::optional<Placer> placer;
    TrackTags tags;
    std::optional<Orientation> shown;  // the last key frame that was accepted
    bool recording = false;            // a sample was accepted
    bool declared = false;             // by a file
    bool written = false;              // samples of it, or silence, are in a file
    bool ended = false;
    bool reports = false;               // sender reports can be expected
    std::optional<Nanos> last_key;      // accepted; monotonic
    std::optional<Nanos> last_arrival;  // of a sample that was accepted; monotonic
    // Why something may be missing before the next sample.
    std::uint32_t lost = 0;                // packets, as the last input said
    bool losing = false;                   // packets, since the last sample
    bool quiet = false;                    // so its sender said last
    const char* skipped = nullptr;         // samples were not accepted: the reason
    std::int64_t skipped_until = 0;        // track ticks
    const char* key_reason = "drop";       // why a key frame is needed, unless it is for a loss
    std::optional<Nanos> keeping_damaged;  // from here on, in the recording
    std::optional<GapMade> gap;            // being filled; told when it is over
    // Liveness.
    std::optional<Nanos> last_input;  // monotonic
    bool stalled = false;
    bool was_stalled = false;  // since the last sample
  };

  Track& track(int index) { return tracks_[static_cast<std::size_t>(index)]; }
  const Track& track(int index) const { return tracks_[static_cast<std::size_t>(index)]; }
  int track_count() const { return static_cast<int>(tracks_.size()); }

  // What comes in.
  Nanos arrival_time(const Input& input, Nanos now);
  std::int64_t read_clocks(int index, const Input& input, Nanos now);
  bool admit(int index, const Input& input, Nanos now);
  void want_key(int index, const char* reason, Nanos now);
  void accept(int index, Sample sample, Nanos now);

  // When the next file begins.
  bool waits_for_predecessor(int index) const;
  bool late_track_waits() const;
  bool file_is_full(Nanos at) const;
  std::optional<int> leading_video(Nanos now) const;
  bool begins_file(int index, const Sample& sample, Nanos now);
  bool turns(int index, const Sample& sample) const;
  void ask_turned(Nanos now);
  std::optional<Nanos> first_turned() const;
  void roll_where_turned(Nanos now);
  void poll_rolls(Nanos now);
  void poll_key_interval(Nanos now);
  std::optional<Nanos> key_interval_deadline() const;

  // What is missing.
  const char* reason_of_hole(const Track& track) const;
  void note_gap(int index, std::int64_t start, std::int64_t end, const char* reason);
  void note_audio_gap(int index, const Input& input, const Placer::Place& place);
  void note_video_gap(int index, std::optional<std::int64_t> last, std::int64_t dts);
  void note_damage(int index, std::int64_t dts);
  void tell_gap(int index);
  void end_pause(int index, std::int64_t& ticks);
  void hold_last_pictures();
  void forget_hole(Track& track, const Input& input);
  void note_input(int index, Nanos now);
  void poll_liveness(Nanos now);
  std::optional<Nanos> liveness_deadline() const;

  // What goes out.
  void poll(Nanos now);
  void align_unwritten();
  std::optional<Nanos> awaits_tracks(Nanos now) const;
  std::optional<Nanos> awaits_reports(Nanos now) const;
  void map_utc();
  void poll_store(Nanos now);
  void claim(Nanos now, State waiting);
  void enable_tracks();
  void begin_file(Nanos now);
  void tell_late_start(int index);
  std::vector<FileWriter::Rest> rests(const Fragmenter::Cut& cut) const;
  void write(const Fragmenter::Cut& cut, Nanos now);
  void emit(ObjectUnit unit);
  void emit_fragments(std::vector<Fragmenter::Run> runs, std::span<const FileWriter::Rest> rests);
  void end_file();
  void await_store(Nanos now);
  void start_anew_at_keys(Nanos now);
  void keep_budget(Nanos now);
  void lose(const Fragmenter::Dropped& dropped, Nanos now);
  void stop(Nanos now);

  const Options options_;
  const std::unique_ptr<Container> container_;
  Fragmenter fragmenter_;
  std::vector<Track> tracks_;
  Sync sync_;
  UtcMap utc_;
  bool has_utc_origin_ = false;
  bool utc_by_user_ = false;
  bool paused_ = false;
  bool resuming_ = false;   // the first sample after a pause has not come
  Nanos paused_total_ = 0;  // media time is so far behind
  // Running time - monotonic time, at the first sample that has a time; before that, a guess.
  std::optional<Nanos> running_offset_;
  bool running_offset_guessed_ = false;

  State state_ = State::kIdle;
  std::string key_;       // claimed or in use
  Nanos claimed_at_ = 0;  // monotonic
  std::optional<FileWriter> file_;
  bool finishing_ = false;
  bool expecting_ = false;
  std::optional<Nanos> awaiting_;       // tracks or reports, as poll() found, until then; monotonic
  std::optional<Nanos> first_arrival_;  // monotonic
  bool split_ = false;                  // the open file shall end
  std::optional<Nanos> video_silent_;   // monotonic: then a late track no longer waits for its key
  std::uint64_t rewrite_below_ = 0;     // as the store says
  bool congested_ = false;
  bool started_ = false;
  std::uint32_t objects_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t lost_samples_ = 0;
  std::vector<Output> outputs_;
};

}  // namespace rec::recording
