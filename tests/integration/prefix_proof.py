#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kill leaves at every point of the write sequence: a recording is made, and the file is put
together again as dirsink writes it: each unit's bytes from 8 on, torn at several places, then its
first 8. In every state ffmpeg finds the packets of the closed fragments and no others, the strict
reader has nothing to object to, and Chromium plays samples of them."""
import os
import pathlib
import subprocess
import tempfile

import proof

PIPELINE = ("gst-launch-1.0 -q -e videotestsrc num-buffers=180 ! video/x-raw,width=320,height=180 ! x264enc "
            "tune=zerolatency key-int-max=45 ! recordmux name=m stream-name=x path=x.mp4 ! dirsink root=. "
            "audiotestsrc num-buffers=300 samplesperbuffer=960 ! opusenc ! m.")


def units(data):
    """Where each unit begins: the header (ftyp, free, moov), then each moof with its prft and mdat."""
    starts, at, before = [0], 0, b""
    while at < len(data):
        size, box = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if box == b"prft" or (box == b"moof" and before != b"prft"):
            starts.append(at)
        at, before = at + size, box
    return starts + [len(data)]


def states(data):
    """(name, closed units, bytes) of the file at each step."""
    bounds = units(data)
    for number, (start, end) in enumerate(zip(bounds, bounds[1:])):
        for share in (0.01, 0.5, 0.99, 1.0):
            cut = start + 8 + int((end - start - 8) * share)
            yield f"unit {number} at {share}", number, data[:start] + bytes(8) + data[start + 8:cut]
        yield f"unit {number} committed", number + 1, data[:end]


def packets(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "packet=stream_index,size",
                           str(path)], capture_output=True, text=True)
    return sorted(line for line in done.stdout.splitlines() if line), done.stderr.strip()


def main():
    args = proof.arguments()
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    subprocess.run(PIPELINE.split(), check=True, timeout=60)
    data = pathlib.Path("x.mp4").read_bytes()
    bounds = units(data)
    if len(bounds) < 6:
        proof.fail(f"too few fragments: {bounds}")
    jobs, closed_packets, count = [], {}, 0
    for name, closed, content in states(data):
        path = pathlib.Path(f"state-{count}.mp4")
        path.write_bytes(content)
        count += 1
        if closed < 1:
            continue  # not even a header: nothing was recorded yet
        found, complaint = packets(path)
        closed_packets.setdefault(closed, packets_of(data[:bounds[closed]]))
        if found != closed_packets[closed]:
            proof.fail(f"{name}: {len(found)} packets instead of {len(closed_packets[closed])}: {complaint}")
        proof.json_of([args.mp4check, path])
        if closed == 3:
            jobs.append({"mode": "progressive", "file": str(path.resolve()), "mp4check": args.mp4check,
                         "expectVideo": True})
            jobs.append({"mode": "mse", "file": str(path.resolve()), "mp4check": args.mp4check, "cutTail": True})
    print(f"  {count} states of {len(bounds) - 1} units; packets by closed units:",
          {k: len(v) for k, v in closed_packets.items()})
    proof.check_plays(jobs)


def packets_of(content):
    path = pathlib.Path("closed.mp4")
    path.write_bytes(content)
    found, complaint = packets(path)
    if complaint:
        proof.fail(f"ffprobe on whole units: {complaint}")
    return found


main()
