#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real WebRTC calls with a beep and a flash a second, recorded through what befalls a call: in the
recordings, as ffmpeg, GStreamer and Chromium play them, each is at the second at which it was sent."""
import os
import tempfile

import proof

SECONDS = 14
ALL = [second + 0.5 for second in range(SECONDS)]
MUTED = [second for second in ALL if not 4 <= second < 7]
SMALL = ["--seconds", SECONDS, "--marks", "--width", "320", "--height", "180", "--bitrate", "200"]
# name: (options of the call, what is in the recording, reasons of its gaps that last at least so many seconds)
CALLS = {
    "plain": ([], {}, {}),
    "audio muted": (["--audio-silent", "4-7"], {"beeps": MUTED}, {"mute": 2.9}),
    "video stopped": (["--video-silent", "4-7"], {"flashes": MUTED}, {}),
    "Opus DTX": (["--dtx"], {}, {"dtx": 6}),
    "audio late": (["--audio-start", "3"], {"beeps": ALL[3:]}, {"late": 2.9}),
    # A lost packet of video costs the frames up to the next key frame, and a flash may be among them.
    "2 % loss": (["--loss", "2"], {"maybe_hidden": 5}, {"loss": 0.1}),
}


def main():
    args = proof.arguments()
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    files = proof.record_calls(args.call, {name: SMALL + options for name, (options, _, _) in CALLS.items()})
    proof.check_boxes(args.mp4check, files.values())
    for name, (_, _, wanted) in CALLS.items():
        reasons = proof.gap_reasons(name)
        print(f"  {name}: gaps {reasons}")
        if any(reasons.get(reason, 0) < seconds for reason, seconds in wanted.items()):
            proof.fail(f"{name}: gaps were expected: {wanted}")
    proof.check_sync(args.mp4check, files,
                     {name: {"beeps": ALL, "flashes": ALL, **expected} for name, (_, expected, _) in CALLS.items()})


main()
