#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How players show what was turned and what they read of a file: a picture with four colours in its
corners is recorded in all eight orientations; ffmpeg and Chromium must show the corners where
GStreamer's videoflip puts them. Then title, comment, language, pixels, colours and creation time of
another recording must be what ffprobe and gst-discoverer-1.0 say."""
import os
import pathlib
import shlex
import subprocess
import tempfile

import proof

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255),
           "gray": (128, 128, 128)}
# Top left, top right, bottom left, bottom right of what is shown; and videoflip's name for it.
SHOWN = {
    "rotate-0": ("red green blue white", "identity"),
    "rotate-90": ("blue red white green", "90r"),
    "rotate-180": ("white blue green red", "180"),
    "rotate-270": ("green white red blue", "90l"),
    "flip-rotate-0": ("green red white blue", "horiz"),
    "flip-rotate-90": ("white green blue red", "ur-ll"),
    "flip-rotate-180": ("blue white red green", "vert"),
    "flip-rotate-270": ("red blue green white", "ul-lr"),
}
NOT_READ_BY_QTDEMUX = {"rotate-0", "flip-rotate-90"}  # 1.22 has no tag for the first, misses the other
BOXES = "".join(f",drawbox={x}:{y}:80:60:{colour}:fill" for x, y, colour in
                ((0, 0, "red"), (240, 0, "green"), (0, 120, "blue"), (240, 120, "white")))
START = 1767225600  # 2026-01-01T00:00:00Z
UMLAUTS = "Grüße"


def output(command):
    done = subprocess.run(shlex.split(command), capture_output=True, timeout=60)
    if done.returncode:
        proof.fail(f"{command}: {done.stderr.decode()}")
    return done.stdout


def corners(picture):
    """(size, colours) of a picture, or of the first one of a video as ffmpeg shows it."""
    output(f"ffmpeg -v error -y -i {picture} -frames:v 1 -pix_fmt rgb24 shown.ppm")
    magic, size, _, pixels = pathlib.Path("shown.ppm").read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    names = []
    for x, y in ((10, 10), (width - 10, 10), (10, height - 10), (width - 10, height - 10)):
        pixel = pixels[(y * width + x) * 3:][:3]
        names.append(min(COLOURS, key=lambda n: sum(abs(a - b) for a, b in zip(pixel, COLOURS[n]))))
    return (width, height), " ".join(names)


def record(tag, path, more=""):
    output(f"gst-launch-1.0 -q filesrc location=in.h264 ! h264parse ! video/x-h264,framerate=30/1 ! taginject "
           f"tags=image-orientation={tag} ! recordmux path={path} {more} ! dirsink root=.")


def check_orientations(args):
    output("ffmpeg -v error -f lavfi -i color=c=gray:s=320x180:r=30:d=2" + BOXES +
           " -pix_fmt yuv420p -c:v libx264 -bf 0 -g 30 in.h264")
    jobs = []
    for tag, (expected, direction) in SHOWN.items():
        path = f"{tag}.mp4"
        record(tag, path)
        output(f"gst-launch-1.0 -q filesrc location=in.h264 ! h264parse ! avdec_h264 ! videoconvert ! videoflip "
               f"video-direction={direction} ! videoconvert ! pngenc snapshot=true ! filesink location=flipped.png")
        size = (180, 320) if tag.endswith("90") or tag.endswith("270") else (320, 180)
        for reader, picture in (("videoflip", "flipped.png"), ("ffmpeg", path)):
            if corners(picture) != (size, expected):
                proof.fail(f"{reader} shows {tag} as {corners(picture)}, not {size} {expected}")
        proof.json_of([args.mp4check, path])
        read = f"image orientation: {tag}\n" in output(f"gst-discoverer-1.0 -v {path}").decode()
        if not read and tag not in NOT_READ_BY_QTDEMUX:
            proof.fail(f"qtdemux does not say that {path} is {tag}")
        print(f"  {tag}: ffmpeg shows {expected}; qtdemux {'knows' if read else 'does not say'}")
        jobs.append({"mode": "progressive", "file": str(pathlib.Path(path).resolve()), "mp4check": args.mp4check,
                     "expectVideo": True, "screenshot": str(pathlib.Path(f"{tag}.png").resolve())})
    record("rotate-90", "fragments.mp4", "finalise=fragmented")
    jobs.append({"mode": "mse", "file": str(pathlib.Path("fragments.mp4").resolve()), "mp4check": args.mp4check,
                 "expectVideo": True, "screenshot": str(pathlib.Path("fragments.png").resolve())})
    return jobs


def check_screenshots():
    for tag, (expected, _) in {**SHOWN, "fragments": SHOWN["rotate-90"]}.items():
        if corners(f"{tag}.png")[1] != expected:
            proof.fail(f"Chromium shows {tag} as {corners(f'{tag}.png')}, not {expected}")
    print("  Chromium shows all of them so")


def check_tags(args):
    output("gst-launch-1.0 -q -e videotestsrc num-buffers=60 ! video/x-raw,width=320,height=180,framerate=30/1,"
           "pixel-aspect-ratio=4/3,colorimetry=bt709 ! x264enc tune=zerolatency ! taginject "
           f"'tags=title=\"{UMLAUTS}\",comment=two-words' ! recordmux name=m path=tags.mp4 "
           f"start-utc={START * 10**9} ! dirsink root=. audiotestsrc num-buffers=100 samplesperbuffer=960 ! opusenc ! "
           "taginject tags=language-code=de ! m.")
    proof.json_of([args.mp4check, "tags.mp4"])
    said = output("ffprobe -v error -show_streams -show_format tags.mp4").decode()
    for line in ("sample_aspect_ratio=4:3", "color_space=bt709", "color_transfer=bt709", "color_primaries=bt709",
                 "color_range=tv", "TAG:language=deu", f"TAG:title={UMLAUTS}", "TAG:comment=two-words",
                 "TAG:encoder=gst-plugins-record", "TAG:creation_time=2026-01-01T00:00:00.000000Z"):
        if line not in said:
            proof.fail(f"ffprobe does not say {line}:\n{said}")
    said = output("gst-discoverer-1.0 -v tags.mp4").decode()
    for line in ("pixel-aspect-ratio=(fraction)4/3", f"title: {UMLAUTS}", "comment: two-words", "language code: de",
                 "datetime: 2026-01-01T00:00:00Z", "encoder: gst-plugins-record"):
        if line not in said:
            proof.fail(f"gst-discoverer-1.0 does not say {line}:\n{said}")
    print("  ffprobe and qtdemux read title, comment, language, pixels, creation time; ffprobe the colours")


def main():
    args = proof.arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        check_tags(args)
        jobs = check_orientations(args)
        proof.check_plays(jobs)
        check_screenshots()
        os.chdir("/")


main()
