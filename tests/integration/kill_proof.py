#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of a recording process at random times: what was sent until fragment-duration + latency + one
sample before the kill is in the file, and ffmpeg and Chromium play it."""
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


def wait_for(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            proof.fail(f"no {what} within 30 s")
        time.sleep(0.01)


def kill_one(call, folder, after):
    """Records into `folder`, kills `after` seconds of media later."""
    folder.mkdir()
    log = folder / "sent.jsonl"
    process = subprocess.Popen([call, "--seconds", "60", "--set", f"storage={folder}/records", "--log", log],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: log.exists() and b'"video"' in log.read_bytes(), "video")
        time.sleep(after)
    finally:
        process.kill()
        process.wait()
    return log, proof.recordings(folder / "records")


def main():
    args = proof.arguments(seed={"type": int, "default": random.randrange(1 << 31)})
    dice = random.Random(args.seed)
    print("seed", args.seed)
    jobs = []
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        for number in range(KILLS):
            after = dice.uniform(0.0, 7.0)
            print(f"kill {number + 1} of {KILLS} after {after:.3f} s")
            log, files = kill_one(args.call, pathlib.Path(top) / str(number), after)
            bound = FRAGMENT_S + LATENCY_S + SAMPLE_S + TRANSPORT_S
            if not files:
                if after > bound:
                    proof.fail("there is no file")
                continue
            proof.check_log(log, files, lost_tail=bound)
            proof.check_boxes(args.mp4check, files, torn=True)
            for path in files:
                proof.check_decodes(path)
                jobs.append({"mode": "progressive", "file": str(path), "expectVideo": True,
                             "mp4check": args.mp4check, "cutTail": False})
        if len(jobs) < KILLS // 2:
            proof.fail("hardly any recording was long enough")
        proof.check_plays(jobs)


main()
