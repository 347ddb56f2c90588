#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares recordings with the log of what was sent (send_log.h), through ffmpeg alone.

    compare_log.py LOG FILE... [--lost-tail SECONDS] [--spoilt audio|video]

Several files are one recording, in this order. Each frame that was sent from the first key frame on
must be there once and in order. --lost-tail: after a kill -9, frames of that much time may be
missing at the end of each track. --spoilt: this line's packets were damaged on purpose; its numbers
are printed but judged by nobody (a random Opus packet may claim the time of the next one). Prints
JSON; exit code 1: frames are missing, doubled, foreign or out of order.
"""
import argparse
import hashlib
import json
import subprocess
import sys

# What a recorder may put into a hole of the audio: Opus silence in CELT fullband packets of 2.5, 5,
# 10 and 20 ms, mono and stereo (RFC 6716, 3.1: configurations 28 to 31, code 0).
FILLERS = {hashlib.md5(bytes([toc, 0xFF, 0xFE])).hexdigest() for toc in range(0xE0, 0x100, 4)}


def sent_frames(path):
    lines = {"video": [], "audio": []}
    with open(path, encoding="utf-8") as log:
        for text in log:
            if not text.endswith("\n"):
                break  # the kill came in the middle of this line
            entry = json.loads(text)
            if entry["event"] == "sent" and entry["line"] in lines:
                lines[entry["line"]].append(entry)
    for frames in lines.values():
        while frames and not frames[0]["key"]:
            frames.pop(0)
    return lines


def recorded_hashes(path, medium):
    # Not -map 0:a?: in a file without audio ffmpeg would take the video.
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-c", "copy"]
    command += ["-an"] if medium == "video" else ["-vn"]
    if medium == "video":
        command += ["-bsf:v", "h264_mp4toannexb,filter_units=pass_types=1-5"]
    run = subprocess.run(command + ["-f", "framemd5", "-"], capture_output=True, text=True, check=False)
    rows = [line.split(",") for line in run.stdout.splitlines() if not line.startswith("#")]
    # What ffmpeg says about spoilt frames is no news, and no track of this medium is no error here:
    # missing frames are counted below.
    if run.returncode and "does not contain any stream" not in run.stderr:
        sys.exit(f"ffmpeg cannot read {path}: {run.stderr.strip()}")
    return [row[5].strip() for row in rows if len(row) > 5]


def compare(wanted, recorded, spoilt, lost_tail):
    fillers = sum(md5 in FILLERS for md5 in recorded)
    recorded = [md5 for md5 in recorded if md5 not in FILLERS]
    position, missing, foreign = 0, [], 0
    places = {}
    for place, frame in enumerate(wanted):
        places.setdefault(frame["md5"], []).append(place)
    for md5 in recorded:
        place = next((p for p in places.get(md5, []) if p >= position), None)
        if place is None:
            foreign += 1
            continue
        missing += [frame["index"] for frame in wanted[position:place]]
        position = place + 1
    tail = wanted[position:]
    # A frame lasts until the next one: what counts is from the end of the last recorded frame on.
    tail_seconds = (wanted[-1]["running_time"] - tail[0]["running_time"]) / 1e9 if tail else 0
    tail_is_good = not tail or (lost_tail > 0 and tail_seconds <= lost_tail)
    good = spoilt or (not missing and not foreign and tail_is_good)
    return {"sent": len(wanted), "recorded": len(recorded), "fillers": fillers,
            "missing": missing[:20], "missing_count": len(missing), "foreign_or_doubled": foreign,
            "lost_tail_frames": len(tail), "lost_tail_seconds": round(tail_seconds, 3), "good": good}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--lost-tail", type=float, default=0)
    parser.add_argument("--spoilt", choices=["audio", "video"])
    options = parser.parse_args()
    result = {}
    for medium, sent in sent_frames(options.log).items():
        recorded = [md5 for path in options.files for md5 in recorded_hashes(path, medium)]
        result[medium] = compare(sent, recorded, options.spoilt == medium, options.lost_tail)
    result["good"] = all(line["good"] for line in result.values())
    print(json.dumps(result))
    return 0 if result["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
