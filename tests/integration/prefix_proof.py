#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kill leaves at every point of the write sequence: a recording is made, and the file is put
together again as dirsink writes it: each unit's bytes from 8 on, torn at several places, then its
first 8; then the index that makes it an ordinary MP4, and last the mdat header that hides the rest. In
every state ffmpeg finds the packets of the closed fragments and no others, the strict reader has
nothing to object to, Chromium plays samples of them, and while the file is finished GStreamer, too,
finds every byte."""
import os
import pathlib
import re
import subprocess
import tempfile

import proof

FRAMES = 180  # of video, 30 a second
PIPELINE = (f"gst-launch-1.0 -q -e videotestsrc num-buffers={FRAMES} ! video/x-raw,width=320,height=180 ! x264enc "
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


def appended(data, start, end):
    """(how far, bytes) while the unit between `start` and `end` is written."""
    for share in (0.01, 0.5, 0.99, 1.0):
        cut = start + 8 + int((end - start - 8) * share)
        yield share, data[:start] + bytes(8) + data[start + 8:cut]


def states(data):
    """(name, closed units, bytes) of the growing file at each step."""
    bounds = units(data)
    for number, (start, end) in enumerate(zip(bounds, bounds[1:])):
        for share, content in appended(data, start, end):
            yield f"unit {number} at {share}", number, content
        yield f"unit {number} committed", number + 1, data[:end]


def grown(finished, report):
    """The file as it was before it was finished."""
    header, index = report["mdat_offset"], report["index_offset"]
    if not header or not index:
        proof.fail(f"the file was not finished: {report}")
    return finished[:header] + b"\0\0\0\x10free" + bytes(8) + finished[header + 16:index]


def finishing_states(finished, report):
    """(name, bytes) of the file at each step from its last fragment on."""
    header, index = report["mdat_offset"], report["index_offset"]
    with_index = grown(finished, report) + finished[index:]
    for share, content in appended(with_index, index, len(with_index)):
        yield f"index at {share}", content
    yield "index committed", with_index
    yield "finished", with_index[:header] + finished[header:header + 16] + with_index[header + 16:]


def bytes_of_gstreamer(path):
    """How many bytes of samples qtdemux hands on."""
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "qtdemux", "name=d",
                    "d.video_0", "!", "queue", "!", "filesink", "location=video.raw",
                    "d.audio_0", "!", "queue", "!", "filesink", "location=audio.raw"], check=True, timeout=60)
    return sum(pathlib.Path(name).stat().st_size for name in ("video.raw", "audio.raw"))


def check_finishing(args, finished, report):
    """Every state of a file that is being finished; jobs for the browser."""
    wanted = packets_of(grown(finished, report))
    decoded = md5_of("closed.mp4")
    jobs = []
    for count, (name, content) in enumerate(finishing_states(finished, report)):
        path = pathlib.Path(f"finishing-{count}.mp4")
        path.write_bytes(content)
        found, complaint = packets(path)
        # At last the index leaves out the parameter sets in front of key frames: it has them in avcC.
        whole = found == wanted if name != "finished" else streams_of(found) == streams_of(wanted)
        if not whole or complaint:
            proof.fail(f"{name}: {len(found)} packets instead of {len(wanted)}: {complaint}")
        proof.check_decodes(path)
        if md5_of(path) != decoded:
            proof.fail(f"{name}: other pictures or sound than before")
        proof.json_of([args.mp4check, path])
        handed_on = bytes_of_gstreamer(path)
        samples = sum(int(packet.split(",")[1]) for packet in found)
        print(f"  {name}: {len(found)} packets, {handed_on} bytes of qtdemux")
        if handed_on != samples:
            proof.fail(f"{name}: qtdemux hands on {handed_on} bytes instead of {samples}")
        jobs.append({"mode": "progressive", "file": str(path.resolve()), "mp4check": args.mp4check,
                     "expectVideo": True, "expectAudio": True, "expectFrames": FRAMES})
    if content != finished:
        proof.fail("the last state is not the file")
    return jobs


def streams_of(packets):
    return [packet.split(",")[0] for packet in packets]


def md5_of(path):
    """Of all that is decoded."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0", "-f", "streamhash", "-"],
                          capture_output=True, text=True, check=True).stdout


def check_duration(path, seconds):
    """qtdemux believes the movie header: it used to know the first fragment's duration only."""
    done = subprocess.run(["gst-discoverer-1.0", path], capture_output=True, text=True, timeout=60)
    found = re.search(r"Duration: 0:00:([\d.]+)", done.stdout)
    if not found or abs(float(found[1]) - seconds) > 0.1:
        proof.fail(f"gst-discoverer-1.0: {done.stdout}")


def packets(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "packet=stream_index,size",
                           str(path)], capture_output=True, text=True)
    # Without the side data that an edit makes of a pre-skip.
    return sorted(",".join(line.split(",")[:2]) for line in done.stdout.splitlines() if line), done.stderr.strip()


def main():
    args = proof.arguments()
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    subprocess.run(PIPELINE.split(), check=True, timeout=60)
    finished = pathlib.Path("x.mp4").read_bytes()
    report = proof.json_of([args.mp4check, "x.mp4"])[0]
    if not any(track["index_codec"] == "avc1" for track in report["tracks"]):
        proof.fail(f"parameter sets did not change, so avc1 was expected: {report['tracks']}")
    check_duration("x.mp4", FRAMES / 30)
    data = grown(finished, report)
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
    proof.check_plays(jobs + check_finishing(args, finished, report))


def packets_of(content):
    path = pathlib.Path("closed.mp4")
    path.write_bytes(content)
    found, complaint = packets(path)
    if complaint:
        proof.fail(f"ffprobe on whole units: {complaint}")
    return found


main()
