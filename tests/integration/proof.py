# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the proofs of tests/integration share: the programs they are given, and the readers that judge
a recording. A proof prints what it saw and exits 1 at the first thing that is wrong."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
COMPARE = HERE.parent / "support" / "webrtc" / "compare_log.py"
JUDGE = HERE.parent / "support" / "judge" / "run.sh"

FULL = bool(os.environ.get("REC_TEST_FULL"))


def arguments(**extra):
    parser = argparse.ArgumentParser()
    parser.add_argument("--call", help="record-call-test")
    parser.add_argument("--mp4check")
    for name, options in extra.items():
        parser.add_argument("--" + name, **options)
    args = parser.parse_args()
    # The proofs work in folders of their own; meson's paths are relative to the build folder.
    for name in ("call", "mp4check"):
        if getattr(args, name):
            setattr(args, name, os.path.abspath(getattr(args, name)))
    return args


def fail(text):
    print("FAILED:", text)
    sys.exit(1)


def recordings(folder):
    return sorted(p for p in pathlib.Path(folder).rglob("*.mp4") if p.stat().st_size)


def json_of(command, ok_codes=(0,)):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)
    if done.returncode not in ok_codes:
        fail(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def check_boxes(mp4check, files, torn=False):
    """The strict reader finds nothing to object to; a torn tail only where one is expected."""
    reports = json_of([mp4check, *files])
    for report in reports:
        print("  mp4check:", json.dumps(report))
        if report["violations"] or (report["tail_bytes"] and not torn):
            fail(f"{report['file']}: {report['violations']} tail {report['tail_bytes']}")
    return reports


def check_decodes(path):
    """ffprobe reads it; every frame decodes without a word."""
    probe = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-count_packets", "-show_entries",
         "stream=codec_name,codec_type,nb_read_packets,start_time,duration:format=duration", str(path)],
        capture_output=True, text=True, check=True).stdout)
    decode = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"],
                            capture_output=True, text=True)
    if decode.returncode or decode.stderr:
        fail(f"ffmpeg on {path}: {decode.stderr}")
    print("  ffprobe:", [(s["codec_name"], s["nb_read_packets"]) for s in probe["streams"]],
          probe["format"]["duration"])
    return probe


def check_log(log, files, lost_tail=None):
    """Every frame that was sent from the first key frame on is in the files once and in order."""
    command = [sys.executable, COMPARE, log, *files]
    if lost_tail is not None:
        command += ["--lost-tail", str(lost_tail)]
    report = json_of(command, ok_codes=(0, 1))[0]
    print("  frames:", json.dumps(report))
    if not report["good"]:
        fail("the recording is not what was sent")
    return report


def check_plays(jobs):
    """Chromium plays them. Without a browser this is a SKIP of the whole proof, told at its end."""
    path = pathlib.Path("judge-jobs.json").resolve()
    path.write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run([str(JUDGE), "--jobs", str(path)], capture_output=True, text=True, timeout=1200)
    print("  " + done.stdout.strip().replace("\n", "\n  "))
    if done.returncode == 77:
        sys.exit(77)
    if done.returncode:
        fail(f"Chromium: {done.stderr}")
