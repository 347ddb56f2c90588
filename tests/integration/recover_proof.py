#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-record-recover on what real recorders leave when they are killed, on a file that is cut through its
last fragment, on files of other programs and on one that is being written; and killed itself. What is
whole in the file before is found by ffprobe, ffmpeg, GStreamer, Chromium and the strict reader after."""
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

import proof

KILLS = 20 if proof.FULL else 5
SIZE = "video/x-raw,width=320,height=180,framerate=30/1"
VIDEO = f"videotestsrc is-live=true ! {SIZE} ! "
H264 = VIDEO + "x264enc tune=zerolatency threads=1 key-int-max=30 ! queue ! m."
# B-frames, their encoder's delay, and pictures that are shown after they are decoded.
REORDERED = VIDEO + "x264enc threads=1 rc-lookahead=5 sync-lookahead=0 bframes=2 key-int-max=30 ! queue ! m."
VP9 = VIDEO + "vp9enc deadline=1 cpu-used=8 lag-in-frames=0 keyframe-max-dist=30 ! queue ! m."
OPUS = "audiotestsrc is-live=true wave=ticks ! opusenc ! queue ! m."
AAC = "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! queue ! m."
RECORDERS = {"h264-opus": f"{H264} {OPUS}", "b-frames": f"{REORDERED} {OPUS}", "h264-aac": f"{H264} {AAC}",
             "vp9-opus": f"{VP9} {OPUS}", "audio": OPUS}


def recorder(name, folder):
    """A process that records into `folder` until it is told to stop."""
    line = f"gst-launch-1.0 -q -e recordmux name=m path=x.mp4 fragment-duration=500000000 ! dirsink root={folder}"
    return subprocess.Popen((line + " " + RECORDERS[name]).split(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            proof.fail(f"no {what} within 60 s")
        time.sleep(0.01)


def recover(args, *paths, options=("--json",), code=0):
    done = subprocess.run([args.recover, *options, *paths], capture_output=True, timeout=120)
    if done.returncode != code or done.stderr:
        proof.fail(f"recover {options} {paths}: exit {done.returncode} instead of {code}\n{done.stdout}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()] if "--json" in options else done.stdout.decode()


def whole_units(data):
    """Where the last whole unit ends: walked here, because no reader says it."""
    at, end = 0, 0
    while at + 8 <= len(data):
        size, box = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if size < 8 or at + size > len(data):
            break
        at += size
        if box in (b"moov", b"mdat"):
            end = at
    return end


def packets(path):
    """Stream, size and times of every packet, and what ffprobe complains of."""
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_entries",
                           "packet=stream_index,size,pts_time,dts_time:format=duration", path],
                          capture_output=True, text=True, timeout=120)
    read = json.loads(done.stdout)
    found = sorted((p["stream_index"], float(p["dts_time"]), float(p["pts_time"]), int(p["size"]))
                   for p in read["packets"])
    return found, float(read["format"]["duration"]), done.stderr


def same_packets(found, wanted):
    """Sizes exactly, times to a tick of audio."""
    return len(found) == len(wanted) and all(
        a[0] == b[0] and a[3] == b[3] and abs(a[1] - b[1]) < 3e-5 and abs(a[2] - b[2]) < 3e-5
        for a, b in zip(found, wanted))


def bytes_of_gstreamer(path, tracks):
    """How many bytes of samples qtdemux hands on."""
    pads = {"vide": "video_0", "soun": "audio_0"}
    command = ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "qtdemux", "name=d"]
    for track in tracks:
        command += [f"d.{pads[track['handler']]}", "!", "queue", "!", "filesink",
                    f"location={path}.{track['handler']}"]
    subprocess.run(command, check=True, timeout=60)
    return sum(os.stat(f"{path}.{track['handler']}").st_size for track in tracks)


def judge(args, path, killed):
    """The recovered file has all that is whole in the bytes of the killed one."""
    end = whole_units(killed)
    closed = path.with_suffix(".closed.mp4")
    closed.write_bytes(killed[:end])
    wanted, _, _ = packets(closed)
    found, duration, complaint = packets(path)
    if not same_packets(found, wanted) or complaint:
        proof.fail(f"{path}: {len(found)} packets instead of {len(wanted)}: {complaint}")
    report = proof.check_boxes(args.mp4check, [path])[0]
    if report["index_offset"] != end or not report["mdat_offset"]:
        proof.fail(f"{path}: no index at {end}: {report}")
    if path.read_bytes()[40:end] != killed[40:end]:
        proof.fail(f"{path}: the fragments are not what they were")
    proof.check_decodes(path)
    handed_on = bytes_of_gstreamer(path, report["tracks"])
    if handed_on != sum(packet[3] for packet in wanted):
        proof.fail(f"{path}: qtdemux hands on {handed_on} bytes")
    return duration, end, sum(t["samples"] for t in report["tracks"] if t["handler"] == "vide")


def check_killed(args, dice):
    """Kills recorders; jobs for the browser."""
    jobs = []
    names = [list(RECORDERS)[n % len(RECORDERS)] for n in range(KILLS)]
    for first in range(0, KILLS, len(RECORDERS)):
        running = {}
        for number in range(first, min(first + len(RECORDERS), KILLS)):
            folder = pathlib.Path(f"killed-{number}")
            running[number] = (folder / "x.mp4", recorder(names[number], folder), dice.uniform(0, 3))
        for path, _, _ in running.values():
            wait_for(lambda: path.exists() and path.stat().st_size > 8000, f"recording {path}")
        for number, (path, process, after) in sorted(running.items(), key=lambda item: item[1][2]):
            time.sleep(after / len(running))
            process.kill()
            process.wait()
        for number, (path, _, _) in running.items():
            killed = path.read_bytes()
            report = recover(args, path)[0]
            duration, end, frames = judge(args, path, killed)
            print(f"  {names[number]}: {report}")
            if report["result"] != "recovered" or report["cut-bytes"] != len(killed) - end:
                proof.fail(f"{path}: {len(killed)} bytes, {end} of them whole: {report}")
            if abs(report["seconds"] - duration) > 0.01:
                proof.fail(f"{path}: ffprobe says {duration} s: {report}")
            after = path.read_bytes()
            if recover(args, path)[0]["result"] != "nothing-to-do" or path.read_bytes() != after:
                proof.fail(f"{path}: changed by a second recovery")
            if number < len(RECORDERS):
                jobs.append({"mode": "progressive", "file": str(path.resolve()), "mp4check": args.mp4check,
                             "expectVideo": frames > 0, "expectAudio": True, "expectFrames": frames})
    return jobs


def recording(name):
    """A short one that ended by itself, in fragments; its bytes."""
    sources = RECORDERS[name].replace("is-live=true", "num-buffers=90").replace(" wave=ticks", "")
    subprocess.run(f"gst-launch-1.0 -q -e recordmux name=m path={name}.mp4 finalise=fragmented ! dirsink root=. "
                   f"{sources}".split(), check=True, timeout=60)
    return pathlib.Path(f"{name}.mp4").read_bytes()


def check_cuts(args):
    """A file that ends somewhere in its last fragment is recovered to what it is without it."""
    data = recording("b-frames")
    last = data.rindex(b"moof") - 4
    moof_end = last + int.from_bytes(data[last:last + 4], "big")
    start = last - 32  # its prft
    path = pathlib.Path("cut.mp4")
    path.write_bytes(data[:start])
    recover(args, path)
    judge(args, path, data[:start])
    wanted = path.read_bytes()
    cuts = [*range(start, moof_end, 7), *range(moof_end, len(data), max(1, (len(data) - moof_end) // 20))]
    for cut in cuts:
        for name, content in {"cut": data[:cut], "uncommitted": data[:start] + bytes(8) + data[start + 8:cut]}.items():
            path.write_bytes(content)
            report = recover(args, path)[0]
            if path.read_bytes() != wanted or report["cut-bytes"] != len(content) - start:
                proof.fail(f"{name} at {cut} of {len(data)}: {report}")
    print(f"  {len(cuts)} cuts between {start} and {len(data)}")
    return data


def check_interrupted_finish(args):
    """A recorder that is killed while it finishes its file: with avc1 in its own index, whole or torn."""
    line = (f"gst-launch-1.0 -q -e videotestsrc num-buffers=90 ! {SIZE} ! x264enc tune=zerolatency key-int-max=30 ! "
            "recordmux path=hybrid.mp4 ! dirsink root=.")
    subprocess.run(line.split(), check=True, timeout=60)
    finished = pathlib.Path("hybrid.mp4").read_bytes()
    report = proof.json_of([args.mp4check, "hybrid.mp4"])[0]
    header, index = report["mdat_offset"], report["index_offset"]
    grown = finished[:header] + b"\0\0\0\x10free" + bytes(8) + finished[header + 16:index]
    path = pathlib.Path("interrupted.mp4")
    path.write_bytes(grown)
    recover(args, path)
    judge(args, path, grown)
    wanted = path.read_bytes()
    for tail in (finished[index:], finished[index:-5], bytes(8) + finished[index + 8:], bytes(8) + finished[index + 8:-5]):
        path.write_bytes(grown + tail)
        if recover(args, path)[0]["result"] != "recovered" or path.read_bytes() != wanted:
            proof.fail(f"a finish that was interrupted with {len(tail)} bytes of its index")


def check_killed_itself(args, data):
    """The kernel kills who writes beyond the limit of its files: here, at each part of the index."""
    path = pathlib.Path("itself.mp4")
    path.write_bytes(data)
    recover(args, path)
    wanted = path.read_bytes()
    torn = data + bytes(500)
    for limit in range(len(data), len(wanted), max(1, (len(wanted) - len(data)) // 20)):
        path.write_bytes(torn)
        done = subprocess.run([args.recover, path], capture_output=True, timeout=60, preexec_fn=lambda: (
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0)), resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        if done.returncode != -signal.SIGXFSZ:
            proof.fail(f"limit {limit}: exit {done.returncode}")
        proof.json_of([args.mp4check, path])
        if any(path.read_bytes()[len(data):len(data) + 8]):
            proof.fail(f"killed at {limit}: an index that is not whole counts already")
        left = packets(path)
        recover(args, path)
        if path.read_bytes() != wanted or not same_packets(left[0], packets(path)[0]) or left[2]:
            proof.fail(f"killed at {limit}: not finished afterwards: {left[2]}")


def others():
    """Files of other programs, and what else may be called .mp4."""
    source = "-f lavfi -i testsrc=duration=2:size=320x180:rate=30 -f lavfi -i sine=duration=2"
    ffmpeg = {"plain": "", "faststart": "-movflags +faststart",
              "fragmented": "-movflags +frag_keyframe+empty_moov+default_base_moof",
              "ours-by-name": "-movflags +frag_keyframe+empty_moov+default_base_moof -brand iso6"}
    for name, options in ffmpeg.items():
        subprocess.run(f"ffmpeg -nostdin -v error {source} {options} others/{name}.mp4".split(), check=True, timeout=60)
    whole = pathlib.Path("others/fragmented.mp4").read_bytes()
    pathlib.Path("others/torn.mp4").write_bytes(whole[:-1000])
    for name, options in {"mp4mux": "", "mp4mux-fragmented": "fragment-duration=500"}.items():
        subprocess.run(f"gst-launch-1.0 -q videotestsrc num-buffers=60 ! x264enc ! mp4mux {options} ! "
                       f"filesink location=others/{name}.mp4".split(), check=True, timeout=60)
    pathlib.Path("others/garbage.mp4").write_bytes(os.urandom(100000))
    pathlib.Path("others/garbage-ftyp.mp4").write_bytes(b"\0\0\0\x18ftypiso6\0\0\0\0iso6mp41" + os.urandom(100000))
    pathlib.Path("others/empty.mp4").touch()
    pathlib.Path("others/directory.mp4").mkdir()
    pathlib.Path("others/link.mp4").symlink_to(os.path.abspath("unfinished.mp4"))
    pathlib.Path("others/loop").symlink_to(os.path.abspath("others"))


def check_others(args, data):
    os.mkdir("others")
    unfinished = pathlib.Path("unfinished.mp4")
    unfinished.write_bytes(data)
    others()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns)
              for path in pathlib.Path("others").rglob("*") if path.is_file()}
    if recover(args, "others"):
        proof.fail("a file of another program is reported")
    for path in before:
        report = recover(args, path)
        if [line["result"] for line in report] != ["nothing-to-do"]:
            proof.fail(f"{path}: {report}")
    if before != {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}:
        proof.fail("a file of another program was changed")
    print(f"  {len(before)} files left alone")
    if unfinished.read_bytes() != data:
        proof.fail("a link was followed")


def check_busy(args):
    """A file that is being written: left alone, until its recorder is gone."""
    path = pathlib.Path("busy/x.mp4")
    process = recorder("h264-opus", "busy")
    wait_for(lambda: path.exists() and path.stat().st_size > 30000, "recording")
    for options in (("--json",), ("--json", "--dry-run")):
        report = recover(args, "busy", options=options, code=3)
        if [(line["path"], line["result"]) for line in report] != [(str(path), "being-written")]:
            proof.fail(f"being written: {report}")
    process.send_signal(signal.SIGINT)
    if process.wait(30):
        proof.fail(f"the recorder: {process.stderr.read()}")
    proof.check_boxes(args.mp4check, [path])
    if recover(args, path)[0]["reason"] != "finished":
        proof.fail("not finished")


def check_program(args, data):
    """What it prints, and its exit status."""
    for options in ((), ("--nonsense", "x"), ("--json",)):
        done = subprocess.run([args.recover, *options], capture_output=True, text=True)
        if done.returncode != 2 or done.stdout or "Usage:" not in done.stderr:
            proof.fail(f"usage {options}: {done}")
    if "Exit status:" not in recover(args, options=("--help",)):
        proof.fail("no help")
    missing = recover(args, "missing.mp4", options=(), code=1)
    if missing != "missing.mp4: failed: open: No such file or directory. Check the path\n":
        proof.fail(missing)
    odd = os.fsencode("odd \"\\\n\u00fc") + b"\xff.mp4"
    with open(odd, "wb") as file:
        file.write(data + bytes(9))
    dry = recover(args, odd, options=("--dry-run", "--json"), code=3)[0]
    if dry["path"] != "odd \"\\\n\u00fc\ufffd.mp4" or (dry["result"], dry["cut-bytes"]) != ("recoverable", 9):
        proof.fail(f"dry run: {dry}")
    pathlib.Path("one.mp4").write_bytes(data + bytes(9))
    texts = [recover(args, "one.mp4", options=options, code=code)
             for options, code in ((("--dry-run",), 3), ((), 0), ((), 0))]
    seconds = f"{dry['seconds']:.3f} s"
    if texts != [f"one.mp4: would recover {seconds}, cutting 9 bytes\n", f"one.mp4: recovered {seconds}, cut 9 bytes\n",
                 "one.mp4: nothing to do: finished\n"]:
        proof.fail(f"{texts}")
    damaged = bytearray(data)
    damaged[data.rindex(b"mfhd") + 1] ^= 1
    pathlib.Path("damaged.mp4").write_bytes(damaged)
    if recover(args, "damaged.mp4", code=1)[0]["result"] != "damaged" or pathlib.Path("damaged.mp4").read_bytes() != damaged:
        proof.fail("a damaged file")


def main():
    args = proof.arguments(recover={}, seed={"type": int, "default": random.randrange(1 << 31)})
    args.recover = os.path.abspath(args.recover)
    print("seed", args.seed)
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        data = check_cuts(args)
        check_interrupted_finish(args)
        check_program(args, data)
        check_killed_itself(args, data)
        check_others(args, data)
        check_busy(args)
        proof.check_plays(check_killed(args, random.Random(args.seed)))
    sys.exit(0)


main()
