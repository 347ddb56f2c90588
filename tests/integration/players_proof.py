#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every codec, as encoded media and as RTP, with another size of the picture in the middle, as players
see it. ffmpeg and GStreamer decode every picture of the finished file in order, in both sizes, and all
of the sound. Chromium plays the finished file, seeks to five points and shows the right picture there;
and it plays, as MSE, the fragments of a copy that was taken while the file grew. Prints the table of
docs/players.md."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numbered
import proof

RATE = 30
SIZES = ((320, 180), (480, 270))
EACH = 60  # pictures of a size
NUMBERS = list(range(len(SIZES) * EACH))
SECONDS = len(NUMBERS) / RATE
GROWN = 2.9  # seconds that are in the copy of the growing file: the second size is
VIDEO = {
    "H.264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h264parse",
    "H.264 with B-frames": "x264enc speed-preset=veryfast bframes=2 b-adapt=false key-int-max=30 ! h264parse",
    "H.265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h265parse",
    "VP8": "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30",
    "VP9": "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! vp9parse",
    "AV1": "av1enc cpu-used=8 usage-profile=realtime lag-in-frames=0 keyframe-max-dist=30 ! av1parse ! "
           "video/x-av1,stream-format=obu-stream,alignment=tu",
}
SOUND = "audiotestsrc freq=1000 volume=0.5 num-buffers="
AUDIO = {
    "Opus": SOUND + "200 samplesperbuffer=960 ! opusenc",
    "AAC": SOUND + "188 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse",
    "G.711 mu-law": SOUND + "200 samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! mulawenc",
    "G.711 A-law": SOUND + "200 samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc",
}
PAYLOADERS = {"H.264": "rtph264pay config-interval=-1", "H.265": "rtph265pay config-interval=-1",
              "VP8": "rtpvp8pay", "VP9": "rtpvp9pay", "AV1": "rtpav1pay", "Opus": "rtpopuspay", "AAC": "rtpmp4gpay",
              "G.711 mu-law": "rtppcmupay", "G.711 A-law": "rtppcmapay"}
# (video, audio, as RTP). What Chromium does is in FILE and MSE.
PAIRS = [
    ("H.264", "Opus", False), ("H.264 with B-frames", "AAC", False), ("VP9", "Opus", False), ("AV1", "Opus", False),
    ("VP8", "Opus", False), ("H.265", "AAC", False), ("H.264", "G.711 mu-law", False),
    ("H.264", "Opus", True), ("H.264", "AAC", True), ("VP9", "Opus", True), ("AV1", "Opus", True),
    ("VP8", "G.711 A-law", True), ("H.265", "Opus", True),
]
if proof.FULL:  # every codec of video with every codec of audio
    PAIRS = [(video, audio, rtp) for video in VIDEO for audio in AUDIO for rtp in (False, True)
             if not (rtp and video not in PAYLOADERS)]
NOT_IN_CHROMIUM = {"H.265"}  # Debian's has no decoder
REFUSED_BY_MSE = {"VP8": "vp08.00.10.08", "G.711 mu-law": "ulaw", "G.711 A-law": "alaw"}


def exists(element):
    return not subprocess.run(["gst-inspect-1.0", "--exists", element], check=False).returncode


def start(pipeline):
    return subprocess.Popen(["gst-launch-1.0", "-q", *pipeline.split()], stderr=subprocess.PIPE, text=True)


def wait(processes):
    for name, process in processes.items():
        complaint = process.communicate(timeout=120)[1]
        if process.returncode:
            proof.fail(f"{name}: {complaint}")


def media(codec):
    return re.sub(r"\W", "", codec) + ".gdp"


def encode():
    """Each codec once, into a file; a new encoder for the second size, as senders have it."""
    for number, (width, height) in enumerate(SIZES):
        numbered.write_clip(f"{width}.i420", NUMBERS[number * EACH:(number + 1) * EACH], width, height)
    processes = {}
    for codec, encoder in VIDEO.items():
        branches = " ".join(
            f"filesrc location={width}.i420 ! rawvideoparse format=i420 width={width} height={height} "
            f"framerate={RATE}/1 ! {encoder} ! c." for width, height in SIZES)
        processes[codec] = start(f"concat name=c ! gdppay ! filesink location={media(codec)} {branches}")
    for codec, encoder in AUDIO.items():
        processes[codec] = start(f"{encoder} ! gdppay ! filesink location={media(codec)}")
    wait(processes)


def record(mp4check, pairs):
    """All of them at once, in real time; {name: path}."""
    processes, files = {}, {}
    for number, (video, audio, rtp) in enumerate(pairs):
        path = pathlib.Path(f"{number}.mp4").resolve()
        sink = (f"recordbin name=r storage={path.parent} path={path.name}" if rtp else
                f"recordmux name=r path={path.name} ! dirsink root={path.parent}")
        branches = " ".join(f"filesrc location={media(codec)} ! gdpdepay ! "
                            f"{PAYLOADERS[codec] + ' ! ' if rtp else ''}identity sync=true ! r."
                            for codec in (video, audio))
        name = f"{video} + {audio}{', RTP' if rtp else ''}"
        processes[name] = start(f"{sink} {branches}")
        files[name] = path
    grown = copy_growing(mp4check, files)
    wait(processes)
    return {name: (files[name], grown[name]) for name in files}


def copy_growing(mp4check, files):
    """Copies of the files before they are finished: {name: path}."""
    copies, deadline = {}, time.monotonic() + 60
    while len(copies) < len(files):
        if time.monotonic() > deadline:
            proof.fail(f"these do not grow: {files.keys() - copies.keys()}")
        for name in files.keys() - copies.keys():
            path = files[name]
            if not path.exists():
                continue
            copy = path.with_suffix(".growing.mp4")
            shutil.copyfile(path, copy)
            report = proof.json_of([mp4check, copy], ok_codes=(0, 1))[0]
            if len(report["tracks"]) == 2 and all(track["end_s"] > GROWN for track in report["tracks"]):
                if report["violations"] or report["index_offset"]:
                    proof.fail(f"{name}, growing: {report}")
                copies[name] = copy
        time.sleep(0.05)
    return copies


def check_numbers(name, player, found, sizes):
    if found != NUMBERS:
        proof.fail(f"{name}, {player}: {len(found)} pictures, in order {found}")
    if sizes != [f"{width}x{height}" for width, height in SIZES]:
        proof.fail(f"{name}, {player}: the sizes are {sizes}")


def check_sound(name, player, seconds):
    if abs(seconds - SECONDS) > 0.1:
        proof.fail(f"{name}, {player}: {seconds:.3f} s of sound")


def check_ffmpeg(name, path):
    decode = ["ffmpeg", "-nostdin", "-nostats", "-i", str(path)]
    (width, height), area = SIZES[0], SIZES[0][0] * SIZES[0][1]
    filters = f"showinfo,scale={width}:{height}:flags=area,format=gray"
    video = subprocess.run([*decode, "-map", "0:v", "-vf", filters, "-fps_mode", "passthrough",
                            "-f", "rawvideo", "-"], capture_output=True, timeout=60, check=True)
    sizes = re.findall(r"Parsed_showinfo.* s:(\d+x\d+) ", video.stderr.decode())
    numbers = [numbered.read(video.stdout[at:at + area], width, height)
               for at in range(0, len(video.stdout), area)]
    check_numbers(name, "ffmpeg", numbers, list(dict.fromkeys(sizes)))
    audio = subprocess.run([*decode, "-map", "0:a", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"],
                           capture_output=True, timeout=60, check=True)
    check_sound(name, "ffmpeg", len(audio.stdout) / 2 / 8000)
    proof.check_decodes(path)


def check_gstreamer(name, path):
    done = subprocess.run(
        ["timeout", "60", "gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "qtdemux", "name=d",
         "d.video_0", "!", "queue", "!", "decodebin", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!",
         "gdppay", "!", "filesink", "location=pictures", "d.audio_0", "!", "queue", "!", "decodebin", "!",
         "audioconvert", "!", "audioresample", "!", "audio/x-raw,format=S16LE,channels=1,rate=8000", "!",
         "filesink", "location=sound"],
        capture_output=True, text=True, check=False)
    if done.returncode:
        proof.fail(f"{name}, GStreamer: {done.stderr}")
    buffers, pixels = proof.sync.unpack_gdp(pathlib.Path("pictures").read_bytes())
    shapes, pictures, at = {width * height: (width, height) for width, height in SIZES}, [], 0
    for _, size in buffers:
        pictures.append((pixels[at:at + size], *shapes.get(size, (0, 0))))
        at += size
    if any(not width for _, width, _ in pictures):
        proof.fail(f"{name}, GStreamer: pictures of {set(size for _, size in buffers)} pixels")
    check_numbers(name, "GStreamer", [numbered.read(*picture) for picture in pictures],
                  list(dict.fromkeys(f"{width}x{height}" for _, width, height in pictures)))
    check_sound(name, "GStreamer", pathlib.Path("sound").stat().st_size / 2 / 8000)


def start_of_video(path):
    """Seconds: with B-frames a file begins with the decoding of its first picture."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=start_time",
                           "-of", "csv=p=0", str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def jobs_of(mp4check, name, path, grown):
    """[(what, job, whether it plays)] for the browser."""
    codecs = set(re.split(r" \+ |, ", name))
    if codecs & NOT_IN_CHROMIUM:
        return []
    samples = next(track["samples"] for track in proof.json_of([mp4check, grown])[0]["tracks"]
                   if track["handler"] == "vide")
    common = {"mp4check": mp4check, "numbersPerSecond": RATE, "expectVideo": True, "expectAudio": True,
              "expectSound": True}
    file = {"mode": "progressive", "file": str(path), "expectFrames": len(NUMBERS), "expectDuration": SECONDS,
            "durationTolerance": 0.15, "numbersFrom": start_of_video(path), **common}
    fragments = {"mode": "mse", "file": str(grown), "expectFrames": samples, "cutTail": True,
                 "numbersFrom": start_of_video(grown), **common}
    refused = [codec for name, codec in REFUSED_BY_MSE.items() if name in codecs]
    if refused:
        fragments["codecs"] = f'video/mp4; codecs="{refused[0]}"'
    return [("file", file, True), ("MSE", fragments, not refused)]


def check_chromium(mp4check, files):
    """{(name, "file" or "MSE"): verdict for the table}; None: there is no browser here."""
    jobs = [(name, *job) for name, (path, grown) in files.items() for job in jobs_of(mp4check, name, path, grown)]
    pathlib.Path("jobs.json").write_text(json.dumps([job for _, _, job, _ in jobs]), encoding="utf-8")
    done = subprocess.run([str(proof.JUDGE), "--jobs", "jobs.json", "4"], capture_output=True, text=True, timeout=1200)
    if done.returncode == 77:
        print("  " + done.stdout.strip())
        return None
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(jobs):
        proof.fail(f"judge.mjs: {done.stdout}{done.stderr}")
    verdicts = {}
    for (name, what, _, plays), result in zip(jobs, results):
        print(f"  {name}, Chromium, {what}: {result['ok']} {result['why']} {result.get('decodedFrames')} frames, "
              f"seeks {result.get('seeks')}")
        if result["ok"] != plays or (not plays and "MSE does not support" not in result["why"]):
            proof.fail(f"{name}, Chromium, {what}")
        verdicts[name, what] = "plays, seeks" if plays else "refuses the type"
    return verdicts


def main():
    args = proof.arguments(**{"av1-over-rtp": {"action": "store_true", "help": "this alone"}})
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    pairs = [pair for pair in PAIRS if (pair[0] == "AV1" and pair[2]) == args.av1_over_rtp]
    if args.av1_over_rtp and not all(map(exists, ("rtpav1pay", "rtpav1depay"))):
        print("SKIP: AV1 over RTP needs rtpav1pay and rtpav1depay of gst-plugins-rs")
        sys.exit(77)
    encode()
    files = record(args.mp4check, pairs)
    for name, (path, _) in files.items():
        print(name)
        proof.check_boxes(args.mp4check, [path])
        check_ffmpeg(name, path)
        check_gstreamer(name, path)
    verdicts = check_chromium(args.mp4check, files)
    print("| recording | ffmpeg | GStreamer | Chromium, file | Chromium, MSE |\n|---|---|---|---|---|")
    for name in files:
        chromium = [(verdicts or {}).get((name, what), "not judged") for what in ("file", "MSE")]
        print("|", " | ".join([name, "all pictures and sound", "all pictures and sound", *chromium]), "|")
    if verdicts is None:
        sys.exit(77)


main()
