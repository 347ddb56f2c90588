#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk that fills up while a recording runs, and has space again later: the pipeline never stops, the
first file gets its index into the room that was kept for it, and the recording resumes in a new one."""
import os
import pathlib
import subprocess
import sys

import proof

DISK_MIB, BALLAST_MIB = 32, 25
PIPELINE = ("gst-launch-1.0 -m -e videotestsrc is-live=true num-buffers=450 pattern=snow ! "
            "video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
            "key-int-max=30 bitrate=6000 ! recordmux name=m path={index}.mp4 ! dirsink root=disk "
            "audiotestsrc is-live=true num-buffers=750 samplesperbuffer=960 ! opusenc ! m.")


def in_private_mounts():
    """Runs this script again where it may mount: as root, in a mount namespace of its own."""
    if os.environ.get("REC_PRIVATE_MOUNTS"):
        return
    probe = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, text=True)
    if probe.returncode:
        print("SKIP: no small disk can be mounted here:", probe.stderr.strip())
        sys.exit(77)
    environment = dict(os.environ, REC_PRIVATE_MOUNTS="1")
    sys.exit(subprocess.run(["unshare", "-m", sys.executable, *sys.argv], env=environment).returncode)


def record():
    """Runs the pipeline; makes room when the disk is full. Returns its messages."""
    process = subprocess.Popen(PIPELINE.split(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    messages, full = [], False
    for line in process.stdout:
        if "object-" in line or "record-" in line or "ERROR" in line or "CRITICAL" in line:
            messages.append(line.strip().replace("\\ ", " "))
            print("   ", line.strip()[:200])
        if "object-full" in line and not full:
            full = True
            os.remove("disk/ballast")
    if process.wait(timeout=60):
        proof.fail("the pipeline failed")
    return messages


def main():
    args = proof.arguments()
    in_private_mounts()
    os.chdir("/mnt")
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    os.chdir("/mnt")
    os.mkdir("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", "disk"], check=True)
    pathlib.Path("disk/ballast").write_bytes(b"x" * (BALLAST_MIB << 20))
    messages = record()
    if not any("object-full" in m and "No space left" in m for m in messages):
        proof.fail("object-full does not say that there is no space")
    if any("object-failed" in m for m in messages):
        proof.fail("the file had no room for its end")
    if any("ERROR" in m or "CRITICAL" in m for m in messages):
        proof.fail("an error reached the bus")
    files = proof.recordings("disk")
    if len(files) != 2:
        proof.fail(f"two files were expected: {files}")
    reports = proof.check_boxes(args.mp4check, files)
    for path in files:
        proof.check_decodes(path)
    if not all(report["index_offset"] and report["mdat_offset"] for report in reports):
        proof.fail("a file has no index")
    recorded = sum(track["end_s"] - (track["first_dts_s"] or 0) for report in reports
                   for track in report["tracks"] if track["codec"] == "avc3")
    print(f"  {recorded:.1f} s of 15 s of video recorded")
    if recorded < 10:
        proof.fail("the recording did not resume as soon as there was space")


main()
