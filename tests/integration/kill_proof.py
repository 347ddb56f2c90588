#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of a recording process at random times, of recordings in one file and of some that begin a new
one each second: what was sent until fragment-duration + latency + one sample before the kill is in the
files, once, and ffmpeg and Chromium play it. Files that were finished before are ordinary MP4s."""
import os
import pathlib
import random
import subprocess
import tempfile
import time

import proof

FRAGMENT_S = 1.0
LATENCY_S = 0.5
SAMPLE_S = 1 / 30
# From the sender's log to recordbin: encoder, loopback and the jitter buffer's first wait.
TRANSPORT_S = 0.25
KILLS = 40 if proof.FULL else 10
ROLLING = 20 if proof.FULL else 5
ROLLS = ["--set", "max-duration=1000000000", "--set", "path={index}.mp4"]


def wait_for(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            proof.fail(f"no {what} within 30 s")
        time.sleep(0.01)


def kill_one(call, folder, after, options):
    """Records into `folder`, kills `after` seconds of media later."""
    folder.mkdir()
    log = folder / "sent.jsonl"
    process = subprocess.Popen([call, "--seconds", "60", "--set", f"storage={folder}/records", "--log", log, *options],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: log.exists() and b'"video"' in log.read_bytes(), "video")
        time.sleep(after)
    finally:
        process.kill()
        process.wait()
    return log, proof.recordings(folder / "records")


def has_media(path):
    """Not if it was killed before the first fragment of the file was closed."""
    done = subprocess.run(["ffprobe", "-v", "quiet", "-show_entries", "packet=size", "-of", "csv=p=0", str(path)],
                          capture_output=True, check=False)
    return bool(done.stdout)


def main():
    args = proof.arguments(seed={"type": int, "default": random.randrange(1 << 31)})
    dice = random.Random(args.seed)
    print("seed", args.seed)
    jobs, rolled = [], 0
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        for number in range(KILLS + ROLLING):
            rolls = number >= KILLS
            after = dice.uniform(2.5 if rolls else 0.0, 7.0)
            print(f"kill {number + 1} of {KILLS + ROLLING} after {after:.3f} s{', a file a second' if rolls else ''}")
            log, files = kill_one(args.call, pathlib.Path(top) / str(number), after, ROLLS if rolls else [])
            bound = FRAGMENT_S + LATENCY_S + SAMPLE_S + TRANSPORT_S
            if not files:
                if after > bound:
                    proof.fail("there is no file")
                continue
            proof.check_log(log, files, lost_tail=bound)
            files = [path for path in files if not rolls or has_media(path)]
            reports = proof.check_boxes(args.mp4check, files, torn=True)
            if any(not report["mdat_offset"] or report["tail_bytes"] for report in reports[:-1]):
                proof.fail("a file before the last is not finished")
            rolled += len(reports) > 1
            for path in files:
                proof.check_decodes(path)
            for path in files[-2:]:
                jobs.append({"mode": "progressive", "file": str(path), "expectVideo": True,
                             "mp4check": args.mp4check, "cutTail": False})
        if len(jobs) < KILLS // 2 or rolled < ROLLING // 2:
            proof.fail("hardly any recording was long enough")
        proof.check_plays(jobs)


main()
