#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real WebRTC calls over a network that delays one stream more than the other, with sender reports as
late as a browser's first ones. From the first second on, each beep of the recording is within 25 ms of
its flash, and within 15 ms on average: what arrived late was sent at the same time."""
import os
import tempfile

import proof

SECONDS = 12
ALL = [second + 0.5 for second in range(SECONDS)]
SMALL = ["--seconds", SECONDS, "--marks", "--width", "320", "--height", "180", "--bitrate", "200"]
# Measured with Chromium: the first report of the video comes after 0.5 s, that of the audio after 2 s.
BROWSER = ["--sr-video-after", "0.5", "--sr-audio-after", "2"]
CALLS = {
    "no skew": [],
    "video 150 ms late": ["--delay-video", "150"],
    "audio 150 ms late": ["--delay-audio", "150"],
    "video 60 ms late, 30 ms of jitter": ["--delay-video", "60", "--jitter", "30"],
}


def main():
    args = proof.arguments(set={"action": "append", "default": [], "help": "property=value of the recorder"})
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    settings = [word for setting in args.set for word in ("--set", setting)]
    files = proof.record_calls(args.call, {name: SMALL + BROWSER + options + settings
                                           for name, options in CALLS.items()})
    proof.check_boxes(args.mp4check, files.values())
    wanted = {"beeps": ALL, "flashes": ALL, "tolerance": 0.025, "mean": 0.015}
    proof.check_sync(args.mp4check, files, {name: wanted for name in CALLS})


main()
