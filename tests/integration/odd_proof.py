#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls with a third track, with one that cannot be recorded: an unsupported codec, random payloads. The
other tracks are recorded whole, nothing reaches the bus as an error, and the PeerConnection stays connected."""
import os
import pathlib
import sys
import tempfile

import proof

SECONDS = "6"
CALLS = {
    "g722": (["--extra", "g722"], None),
    "pcmu": (["--extra", "pcmu"], None),
    "vp8": (["--extra", "vp8"], None),
    "random video": (["--spoil", "video"], "video"),
    "random audio": (["--spoil", "audio"], "audio"),
    "all of video random": (["--spoil", "video", "--spoil-share", "1"], "video"),
    "no eos": (["--no-eos"], None),
}
# What record-track says of the third track: its state, or its codec.
TOLD = {"g722": "unsupported", "pcmu": "pcmu", "vp8": "vp8"}


def run(call, name, options, spoilt, mp4check):
    print(name)
    os.mkdir(name)
    os.chdir(name)
    summary = proof.json_of([call, "--seconds", SECONDS, "--set", "storage=records", "--log", "sent.jsonl",
                             "--messages", "messages.jsonl", *options])[0]
    if summary["connection"] != "connected" or summary["errors"] or not summary["all_received"]:
        proof.fail(f"the call suffered: {summary}")
    messages = pathlib.Path("messages.jsonl").read_text(encoding="utf-8")
    if "--extra" in options and f"(string){TOLD[name]}" not in messages:
        proof.fail("nothing was said of the extra track")
    files = proof.recordings("records")
    command = [sys.executable, proof.COMPARE, "sent.jsonl", *files]
    if spoilt:
        command += ["--spoilt", spoilt]
    report = proof.json_of(command, ok_codes=(0, 1))[0]
    print("  frames:", report)
    if not report["good"]:
        proof.fail("the good track is not what was sent")
    boxes = proof.json_of([mp4check, *files], ok_codes=(0, 1))
    broken = [v for r in boxes for v in r["violations"]]
    if broken and not spoilt:  # a spoilt packet is spoilt in the file too
        proof.fail(f"{broken}")
    if not spoilt:
        for path in files:
            proof.check_decodes(path)
    os.chdir("..")


def main():
    args = proof.arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, (options, spoilt) in CALLS.items():
            run(args.call, name, options, spoilt, args.mp4check)


main()
