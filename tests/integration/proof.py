# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the proofs of tests/integration share: the programs they are given, and the readers that judge
a recording. A proof prints what it saw and exits 1 at the first thing that is wrong."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support" / "judge"))
import sync  # noqa: E402
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
    for name in ("call", "mp4check", "shim"):
        if getattr(args, name, None):
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


def record_calls(program, calls, at_once=6):
    """Makes a call into a folder of its own for each {name: options}; {name: the one file it left}."""
    def record(name):
        os.mkdir(name)
        command = [program, "--set", f"storage={name}/records", "--messages", f"{name}/messages.jsonl", *calls[name]]
        return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)

    with ThreadPoolExecutor(at_once) as pool:
        done = dict(zip(calls, pool.map(record, calls)))
    files = {}
    for name, call in done.items():
        found = recordings(f"{name}/records")
        if call.returncode or len(found) != 1:
            fail(f"the call {name}: exit {call.returncode}, {found}\n{call.stdout}\n{call.stderr}")
        print(f"  {name}:", json.dumps(json.loads(call.stdout)["lines"]))
        files[name] = found[0].resolve()
    return files


def gap_reasons(name):
    """{reason: seconds} of the gaps that the recorder of record_calls() reported."""
    reasons = {}
    for line in pathlib.Path(name, "messages.jsonl").read_text(encoding="utf-8").splitlines():
        gap = re.search(r"^record-gap,.* duration=\(guint64\)(\d+).* reason=\(string\)(\w+)",
                        json.loads(line)["structure"])
        if gap:
            reasons[gap[2]] = reasons.get(gap[2], 0) + int(gap[1]) / 1e9
    return reasons


def check_sync(mp4check, files, expected, attempts=3):
    """Every beep and flash where it belongs, in each player: `expected` is {name: arguments of
    sync.check()}. Chromium listens in real time, and a busy machine may spoil that: it may try again."""
    def report(name, read):
        verdict = sync.check(read, **expected[name])
        offsets = verdict["offsets"] or [0]
        print(f"  {name}: {read['player']}: {len(read['beeps'])} beeps, {len(read['flashes'])} flashes, beep - flash "
              f"{min(offsets) * 1000:+.1f} to {max(offsets) * 1000:+.1f} ms, mean {verdict['mean'] * 1000:+.1f} ms",
              *verdict["problems"][:5], sep="\n    ")
        return not verdict["problems"]

    bad = []
    for name, path in files.items():
        for read in sync.read_with_ffmpeg(path) + sync.read_with_gstreamer(path):
            if not report(name, read):
                bad.append((name, read["player"]))
    tasks = [(name, mode) for name in files for mode in sync.CHROMIUM_MODES]
    for _ in range(1 if bad else attempts):
        readings = sync.read_with_chromium([(files[name], mode) for name, mode in tasks], mp4check)
        if readings is None:
            break
        tasks = [task for task, read in zip(tasks, readings) if not report(task[0], read)]
        if not tasks:
            break
    if bad or (tasks and readings is not None):
        fail(f"not in sync: {bad + tasks}")
    if readings is None:
        sys.exit(77)
