#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""When does a beep sound, when does a flash show, in what players make of a recording? Reads files
that have a 1 kHz beep and a white strip at the top of the picture, together, once in a while, and
silence and a black strip in between. Prints one JSON object a player and file:

  sync.py [--chromium] [--mp4check PROGRAM] FILE...

  ffmpeg, counted samples   audio timestamps but the first are ignored, as progressive players do
  ffmpeg                    by timestamps
  GStreamer                 by timestamps
  Chromium progressive      played in real time by judge.mjs
  Chromium MSE

A beep is found within 1 ms (Chromium: 5 ms), a flash at the timestamp of its first frame. Chromium on
a busy machine may miss that frame and name the next one, or hear a beep late: measure again then."""
import argparse
import array
import json
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile

JUDGE = pathlib.Path(__file__).resolve().parent / "run.sh"
RATE = 48000
BLOCK = 48  # samples: one period of the beep, 1 ms
QUIET_BLOCKS = 100  # before a beep; packets lost inside it make it no second one
LOUD = 3277  # a tenth of full scale
WIDTH, HEIGHT, STRIP = 32, 40, 4  # pixels of the grey picture; rows of the strip
WHITE = 160
FLASH, FRAME = 0.1, 1 / 30  # seconds
GDP_HEADER, GDP_BUFFER = 62, 1  # GStreamer Data Protocol 1.0: bytes of a header, a payload type
CHROMIUM_MODES = {"Chromium progressive": {}, "Chromium MSE": {"mse": True}}


class Unreadable(Exception):
    """A player that cannot play the file at all."""


def beep_samples(pcm):
    """Positions, in samples, at which a beep begins; `pcm` is S16LE, mono."""
    samples = array.array("h")
    samples.frombytes(pcm[:len(pcm) // 2 * 2])
    found, quiet = [], QUIET_BLOCKS
    for start in range(0, len(samples), BLOCK):
        block = samples[start:start + BLOCK]
        if max(max(block), -min(block)) < LOUD:
            quiet += 1
            continue
        if quiet >= QUIET_BLOCKS:
            found.append(start)
        quiet = 0
    return found


def flash_frames(pictures):
    """Indices of the frames that a flash begins with; `pictures` is GRAY8, WIDTH x HEIGHT."""
    found, bright = [], False
    for index in range(len(pictures) // (WIDTH * HEIGHT)):
        start = index * WIDTH * HEIGHT
        white = sum(pictures[start:start + WIDTH * STRIP]) > WHITE * WIDTH * STRIP
        if white and not bright:
            found.append(index)
        bright = white
    return found


def time_of_sample(sample, frames):
    """`frames` is [(pts in seconds, samples)] in order."""
    for pts, count in frames:
        if sample < count:
            return pts + sample / RATE
        sample -= count
    raise Unreadable("more samples than frames have")


def reading(player, beeps, flashes):
    return {"player": player, "beeps": [round(t, 4) for t in beeps], "flashes": [round(t, 4) for t in flashes]}


def run(command):
    done = subprocess.run(["timeout", "60", *map(str, command)], capture_output=True, check=False)
    if done.returncode:
        raise Unreadable(f"{command[0]}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-600:]}")
    return done


def read_with_ffmpeg(path):
    def decode(*arguments):
        done = run(["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-v", "info", "-copyts", "-i", path,
                    *arguments, "-"])
        return done.stdout, done.stderr.decode(errors="replace")

    pcm, log = decode("-map", "0:a:0", "-af", f"aformat=s16:{RATE}:mono,ashowinfo", "-f", "s16le")
    frames = [(float(pts), int(count)) for pts, count in
              re.findall(r"Parsed_ashowinfo.* pts_time:(\S+) .*nb_samples:(\d+)", log)]
    pictures, log = decode("-map", "0:v:0", "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area,format=gray,showinfo",
                           "-fps_mode", "passthrough", "-f", "rawvideo")
    shown = [float(pts) for pts in re.findall(r"Parsed_showinfo.* n: *\d+ pts: *\S+ pts_time:(\S+)", log)]
    if not frames or not shown:
        raise Unreadable("ffmpeg decodes no audio or no video")
    beeps = beep_samples(pcm)
    flashes = [shown[index] for index in flash_frames(pictures)]
    return [reading("ffmpeg, counted samples", [frames[0][0] + sample / RATE for sample in beeps], flashes),
            reading("ffmpeg", [time_of_sample(sample, frames) for sample in beeps], flashes)]


def unpack_gdp(data):
    """What gdppay wrote: [(running time in seconds, bytes)] of the buffers, and all of their bytes."""
    times, payloads, at, start, base = [], [], 0, 0, 0
    while at < len(data):
        kind, size, pts = struct.unpack_from(">HIQ", data, at + 4)
        payload = data[at + GDP_HEADER:at + GDP_HEADER + size]
        at += GDP_HEADER + size
        if kind == GDP_BUFFER:
            times.append(((pts - start + base) / 1e9, size))
            payloads.append(payload)
        elif payload.startswith(b"GstEventSegment"):
            start, base = (int(re.search(rb" %s=\(guint64\)(\d+)" % field, payload)[1])
                           for field in (b"start", b"base"))
    return times, b"".join(payloads)


def read_with_gstreamer(path):
    with tempfile.TemporaryDirectory() as folder:
        heard, seen = pathlib.Path(folder, "heard"), pathlib.Path(folder, "seen")
        run(["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "qtdemux", "name=demux",
             "demux.audio_0", "!", "queue", "!", "decodebin", "!", "audioconvert", "!", "audioresample", "!",
             f"audio/x-raw,format=S16LE,rate={RATE},channels=1", "!", "gdppay", "!", "filesink", f"location={heard}",
             "demux.video_0", "!", "queue", "!", "decodebin", "!", "videoconvert", "!", "videoscale",
             "add-borders=false", "!", f"video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT}", "!", "gdppay", "!",
             "filesink", f"location={seen}"])
        sounds, pcm = unpack_gdp(heard.read_bytes())
        pictures, pixels = unpack_gdp(seen.read_bytes())
    frames = [(time, size // 2) for time, size in sounds]
    return [reading("GStreamer", [time_of_sample(sample, frames) for sample in beep_samples(pcm)],
                    [pictures[index][0] for index in flash_frames(pixels)])]


def read_with_chromium(tasks, mp4check, at_once=6):
    """`tasks` is [(path, key of CHROMIUM_MODES)]; None: no browser here."""
    jobs = [{"mode": "marks", "file": str(path), "mp4check": str(mp4check), **CHROMIUM_MODES[mode]}
            for path, mode in tasks]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(jobs, file)
        file.flush()
        done = subprocess.run([str(JUDGE), "--jobs", file.name, str(at_once)],
                              capture_output=True, text=True, check=False)
    if done.returncode == 77:
        print("  " + done.stdout.strip())
        return None
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(jobs):
        raise Unreadable(f"judge.mjs: exit {done.returncode}: {done.stdout}{done.stderr}")
    return [reading(mode, line["beeps"], line["flashes"]) if line["ok"] else
            {**reading(mode, [], []), "why": line["why"]} for (_, mode), line in zip(tasks, found)]


def match(true, shift, found, reach=0.4):
    """{true second: measured second}, and what was measured that nothing true stands for."""
    matched, spare = {}, list(found)
    for second in true:
        near = [t for t in spare if abs(t - shift - second) < reach]
        if near:
            matched[second] = min(near, key=lambda t: abs(t - shift - second))
            spare.remove(matched[second])
    return matched, spare


def check(read, beeps, flashes, tolerance=0.04, mean=None, maybe_hidden=0):
    """Compares one reading with the true seconds, on a common clock, of its beeps and flashes, counted
    from the first flash that is there. `tolerance` holds for each beep, each flash, and each beep
    against its flash, `mean` for the mean of the latter. `maybe_hidden` flashes may be missing or begin
    late, by up to their length, because the frames that they begin with were lost.
    Adds "offsets" (beep minus flash, seconds) and "problems" (text) to the reading."""
    problems = [read["why"]] if "why" in read else []
    # Where several flashes may be the first, or late, the best reading counts.
    shifts = [shown - true for shown in read["flashes"][:1 + maybe_hidden] for true in flashes[:1 + maybe_hidden]]
    options = [compare(read, beeps, flashes, shift, tolerance, maybe_hidden) for shift in shifts or [0]]
    found, offsets = min(options, key=lambda option: len(option[0]))
    problems += found
    average = statistics.fmean(offsets) if offsets else 0
    if mean is not None and abs(average) > mean:
        problems.append(f"beeps are {average * 1000:+.1f} ms from their flashes on average")
    return {**read, "offsets": [round(o, 4) for o in offsets], "mean": round(average, 4), "problems": problems}


def compare(read, beeps, flashes, shift, tolerance, maybe_hidden):
    heard, odd_beeps = match(beeps, shift, read["beeps"])
    seen, odd_flashes = match(flashes, shift, read["flashes"])
    beep_delays = {t: at - shift - t for t, at in heard.items()}
    flash_delays = {t: at - shift - t for t, at in seen.items()}
    hidden = [t for t in flashes if t not in seen or FRAME / 2 < flash_delays[t] <= FLASH + tolerance]
    if len(hidden) <= maybe_hidden:  # more: each is judged as any other
        flashes = [t for t in flashes if t not in hidden]
    pairs = {t: heard[t] - seen[t] for t in heard if t in seen and t in flashes}
    problems = [f"a beep at {t} s that should not be" for t in odd_beeps]
    problems += [f"a flash at {t} s that should not be" for t in odd_flashes]
    problems += [f"no beep of second {t}" for t in beeps if t not in heard]
    problems += [f"no flash of second {t}" for t in flashes if t not in seen]
    flash_delays = {t: delay for t, delay in flash_delays.items() if t in flashes}
    for what, origin, delays in (("beep", "there", beep_delays), ("flash", "there", flash_delays),
                                 ("beep", "its flash", pairs)):
        problems += [f"the {what} of second {t} comes {delay * 1000:+.1f} ms from {origin}"
                     for t, delay in delays.items() if abs(delay) > tolerance]
    return problems, list(pairs.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--chromium", action="store_true")
    parser.add_argument("--mp4check", default="mp4check", help="for the codecs that MSE is told")
    options = parser.parse_args()
    for path in options.files:
        readings = read_with_ffmpeg(path) + read_with_gstreamer(path)
        if options.chromium:
            readings += read_with_chromium([(path, mode) for mode in CHROMIUM_MODES], options.mp4check) or []
        for read in readings:
            print(json.dumps({"file": path, **read}))


if __name__ == "__main__":
    try:
        main()
    except Unreadable as error:
        sys.exit(str(error))
