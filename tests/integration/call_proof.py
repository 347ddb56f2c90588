#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real WebRTC call with mutes and a late start, recorded: one file, in which every packet sent after
the first key frame is once, that every reader reads and Chromium plays."""
import os
import subprocess
import tempfile

import proof


def main():
    args = proof.arguments()
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    summary = proof.json_of([args.call, "--seconds", "20", "--audio-silent", "5-10", "--video-silent", "12-15",
                             "--audio-start", "3", "--set", "storage=records", "--log", "sent.jsonl"])[0]
    print("  call:", summary["connection"], summary["stop"], summary["lines"])
    files = proof.recordings("records")
    if len(files) != 1:
        proof.fail(f"one file was expected: {files}")
    proof.check_log("sent.jsonl", files)
    report = proof.check_boxes(args.mp4check, files)[0]
    if report["gaps"] or report["overlaps"]:
        proof.fail("holes are filled in, not left")
    proof.check_decodes(files[0])
    found = subprocess.run(["timeout", "30", "gst-discoverer-1.0", "-v", f"file://{files[0].resolve()}"],
                           capture_output=True, text=True)
    if found.returncode or "H.264" not in found.stdout or "Opus" not in found.stdout:
        proof.fail(f"gst-discoverer-1.0: {found.stdout} {found.stderr}")
    job = {"file": str(files[0].resolve()), "expectAudio": True, "expectVideo": True,
           "mp4check": args.mp4check,
           "seekTolerance": 3.1}  # the picture before the mute stands for 3 s
    proof.check_plays([{"mode": "progressive", **job}, {"mode": "mse", **job}])


main()
