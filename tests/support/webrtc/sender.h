// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sending half of a call: test sources, encoders and payloaders that can fall silent, start
// late, and spoil their packets. Silence is made before the payloader: RTP really stops, sequence
// numbers go on without a hole, RTP time goes on in real time, as with replaceTrack(null) in a
// browser.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "tests/support/webrtc/marks.h"
#include "tests/support/webrtc/send_log.h"

namespace rec::test {

struct Window {  // seconds since media started; `to` is not part of it
  double from = 0;
  double to = 0;
};

enum class Extra { kNone, kG722, kPcmu, kVp8 };  // a third m-line; G.722 cannot be recorded

struct MediaOptions {
  double seconds = 10;
  bool video = true;
  bool audio = true;
  std::vector<Window> video_silent;
  std::vector<Window> audio_silent;
  double video_start = 0;  // seconds; nothing is sent before, so the track appears late
  double audio_start = 0;
  std::optional<Line> spoil;  // this line's packets get random, short or empty payloads
  double spoil_share = 0.2;   // of its packets; 1: all
  Extra extra = Extra::kNone;
  bool marks = false;                // a beep and a flash a second (marks.h)
  bool dtx = false;                  // Opus sends little while it is quiet: two packets each 400 ms
  bool wrap = false;                 // RTP time and sequence numbers wrap after about 3 s
  std::uint32_t seed = 1;            // of the damage and of the RTP offsets
  std::string picture = "smpte";     // pattern of videotestsrc; this one has noise in a corner
  std::string sound = "pink-noise";  // wave of audiotestsrc; "ticks": a beep a second. Noise tells
                                     // packets apart: those of silence are all the same bytes
  int width = 640;
  int height = 360;
  int bitrate = 600;        // kbit/s of the video
  int key_interval = 9000;  // frames; browsers send key frames only when asked
};

class LineState;  // what the probes of one line share

class Sender {
 public:
  struct Branch {
    Line line;
    GstElement* bin;   // owned by the pipeline; its "src" pad gives RTP
    std::string caps;  // of the RTP packets, for the transceiver
  };

  // `all_sent` is called, in a streaming thread, when a line has sent its last packet.
  Sender(MediaOptions options, SendLog& log, std::function<void()> all_sent);
  ~Sender();

  Status add_to(GstBin* pipeline);
  const std::vector<Branch>& branches() const { return branches_; }

  void open(GstClockTime running_time);     // media starts; until now every frame was thrown away
  void stop_at(GstClockTime running_time);  // earlier than options.seconds
  bool finished() const;                    // every line has sent its last packet
  std::uint64_t packets(Line line) const;

 private:
  Status add_line(GstBin* pipeline, Line line, const std::string& source, const std::string& caps);

  const MediaOptions options_;
  SendLog& log_;
  const std::function<void()> all_sent_;
  const std::shared_ptr<Marks> marks_ = std::make_shared<Marks>();
  std::vector<Branch> branches_;
  std::vector<std::shared_ptr<LineState>> lines_;
};

}  // namespace rec::test
