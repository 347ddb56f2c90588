#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recording in files of two seconds is killed in each of its writes: while fragments are appended, while a
file gets its index and is turned into an ordinary MP4, while the next one begins, and in the last
finalise at the end. Half of the write is done. Whatever is left: the files that were finished are
whole, of the last one ffmpeg reads what was closed, the strict reader has nothing to object to, and the
files together are the beginning of what was sent, nothing lost in between and nothing twice. And what
durability promises: an index is on the medium before the bytes that make it count."""
import json
import os
import pathlib
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import proof

SECONDS = 8 if proof.FULL else 4
FILE_S = 2
MEDIA = {
    "video.gdp": f"videotestsrc num-buffers={SECONDS * 30} pattern=ball ! "
                 "video/x-raw,width=160,height=90,framerate=30/1 ! "
                 "x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=30 ! h264parse",
    "audio.gdp": f"audiotestsrc wave=white-noise num-buffers={SECONDS * 50} samplesperbuffer=960 ! opusenc",
}
SILENCE = "3"  # bytes of a packet of silence, as the recorder makes it: nobody has sent it


def encode():
    for name, source in MEDIA.items():
        pipeline = f"gst-launch-1.0 -q {source} ! gdppay ! filesink location={name}"
        subprocess.run(pipeline.split(), check=True, timeout=60)


def record(shim, folder, kill_at=None, durability="none"):
    """Records into `folder`; (whether it was killed, what was written: [(path, offset, size) or (path,)])."""
    folder.mkdir()
    log = folder / "log"
    environment = dict(os.environ, LD_PRELOAD=shim, WRITE_LOG=str(log))
    if kill_at:
        environment["WRITE_KILL_AT"] = str(kill_at)
    done = subprocess.run(
        (f"gst-launch-1.0 -q filesrc location=video.gdp ! gdpdepay ! identity sync=true ! recordmux name=m "
         f"path={{index}}.mp4 max-duration={FILE_S}000000000 ! dirsink root={folder} durability={durability} "
         "filesrc location=audio.gdp ! gdpdepay ! identity sync=true ! m.").split(),
        env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, -9):
        proof.fail(f"exit {done.returncode}: {done.stderr}")
    calls = []
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        what, path, *numbers = line.split()
        calls.append((pathlib.Path(path).name, *map(int, numbers)) if what == "write" else (pathlib.Path(path).name,))
    return done.returncode != 0, calls


def packets(path):
    """{stream: [hash of each picture, as ffmpeg decodes it, and of each packet of sound that was sent]}. The
    bytes of a picture change: a finished file has no parameter sets in front of them."""
    def run(*command):
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    probe = run("ffprobe", "-v", "error", "-of", "json", "-show_data_hash", "md5", "-show_entries",
                "packet=codec_type,size,data_hash", str(path))
    all_packets = json.loads(probe.stdout or "{}").get("packets", [])
    sound = [packet["data_hash"] for packet in all_packets
             if packet["codec_type"] == "audio" and packet["size"] != SILENCE]
    if not any(packet["codec_type"] == "video" for packet in all_packets):
        return {"video": [], "audio": sound}, probe.stderr.strip()
    decoded = run("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", str(path), "-map", "0:v", "-fps_mode",
                  "passthrough", "-f", "framemd5", "-")
    pictures = [line.split(",")[-1].strip() for line in decoded.stdout.splitlines() if not line.startswith("#")]
    return {"video": pictures, "audio": sound}, (probe.stderr + decoded.stderr).strip()


def recorded(files):
    """What the files hold together."""
    together = {"video": [], "audio": []}
    for path in files:
        found, complaint = packets(path)
        if complaint:
            proof.fail(f"ffmpeg on {path}: {complaint}")
        for medium, digests in found.items():
            together[medium] += digests
    return together


def closed_ends(calls, name):
    """Where the units end of which the first 8 bytes, which make them count, were written."""
    own = [numbers for path, *numbers in calls if path == name and numbers]
    return [sum(body) for body, head in zip(own, own[1:]) if head == [body[0] - 8, 8]]


def check_killed(mp4check, folder, calls, sent):
    """Returns how many files were finished, and how many packets there are."""
    # Two writes for a head, two for a fragment: one that begins has no more than a head.
    named = [path for path in proof.recordings(folder) if sum(call[0] == path.name for call in calls) > 3]
    if any(len(closed_ends(calls, path.name)) < 2 for path in named):
        proof.fail(f"{folder}: nothing is closed: {calls}")
    if [path.stem for path in named] != [str(number + 1) for number in range(len(named))]:
        proof.fail(f"{folder}: files are missing: {named}")
    if not named:
        return 0, 0
    reports = proof.json_of([mp4check, *named], ok_codes=(0, 1))
    for number, report in enumerate(reports):
        last = number == len(reports) - 1
        finished = bool(report["mdat_offset"])
        if report["violations"] or (not last and (not finished or report["tail_bytes"])):
            proof.fail(f"{folder}: {report}")
    for path in named:
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode or done.stderr:
            proof.fail(f"ffmpeg on {path}: {done.stderr}")
    # Of the last one all that was closed, and nothing of what was not.
    cut = named[-1].with_suffix(".closed.mp4")
    cut.write_bytes(named[-1].read_bytes()[:closed_ends(calls, named[-1].name)[-1]])
    if packets(cut) != packets(named[-1]):
        proof.fail(f"{named[-1]}: not what was closed")
    together = recorded(named)
    for medium, digests in together.items():
        if digests != sent[medium][:len(digests)]:
            proof.fail(f"{folder}: {medium} is not the beginning of what was sent")
    return sum(bool(report["mdat_offset"]) for report in reports), sum(map(len, together.values()))


def check_order(calls):
    """Before bytes that were written earlier are rewritten, all that was appended is on the medium."""
    rewrites, synced, ends = 0, {}, {}
    for name, *at in calls:
        if not at:
            synced[name] = ends.get(name, 0)
        elif sum(at) < ends.get(name, 0) and at[1] == 16:
            rewrites += 1
            if synced.get(name, 0) < ends[name]:
                proof.fail(f"{name} is rewritten when {synced.get(name, 0)} of {ends[name]} bytes are synced")
        else:
            ends[name] = max(ends.get(name, 0), sum(at))
    if rewrites < SECONDS // FILE_S:
        proof.fail(f"{rewrites} files were finished")


def main():
    args = proof.arguments(shim={"help": "write_kill"})
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    encode()
    for durability in ("close", "fragment"):
        check_order(record(args.shim, pathlib.Path(durability).resolve(), durability=durability)[1])
    _, calls = record(args.shim, pathlib.Path("whole").resolve())
    sent = recorded(sorted(proof.recordings("whole")))
    if len(sent["video"]) != SECONDS * 30 or len(sent["audio"]) < SECONDS * 50:
        proof.fail(f"recorded: { {medium: len(digests) for medium, digests in sent.items()} }")

    def kill(number):
        target = pathlib.Path(f"kill-{number}").resolve()
        killed, own_calls = record(args.shim, target, number)
        return number, killed, check_killed(args.mp4check, target, own_calls, sent)

    # On a busy machine fragments end elsewhere, and a run may have fewer writes: then it ends by itself.
    writes, kills = sum(len(call) == 3 for call in calls), 0
    most_finished = most_packets = 0
    with ThreadPoolExecutor(8) as pool:
        for number, killed, (finished, count) in pool.map(kill, range(1, writes + 1)):
            kills += killed
            most_finished, most_packets = max(most_finished, finished), max(most_packets, count)
            print(f"  {'killed in' if killed else 'fewer than'} {number} of {writes} writes: {finished} finished files, "
                  f"{count} packets")
    if kills < writes * 3 // 4:
        proof.fail(f"only {kills} were killed")
    if most_finished < SECONDS // FILE_S or most_packets < sum(map(len, sent.values())) - 2:
        proof.fail("even the last kills leave too little")


main()
