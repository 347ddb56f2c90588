#!/usr/bin/env python3
"""Runs every gst-launch-1.0 pipeline of the README, of docs/ and of the element doc blocks, each in an
empty folder, and looks at what it wrote: every .mp4 must be read by ffprobe and decode without a
word from ffmpeg. Usage: doc_pipelines.py SOURCE_ROOT (GST_PLUGIN_PATH names the plugins)."""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TIMEOUT_S = 60


def pipelines(root):
    """(file, line number, command) of every pipeline."""
    files = [root / "README.md", *sorted(root.glob("docs/**/*.md")), *sorted(root.glob("gst/**/*.cpp")),
             *sorted(root.glob("ext/**/*.cpp"))]
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".md":
            blocks = re.finditer(r"^```sh\n(.*?)^```", text, re.S | re.M)
        else:
            blocks = re.finditer(r"\|\[(.*?)\]\|", text, re.S)
        for block in blocks:
            body = block.group(1)
            if path.suffix == ".cpp":
                # One pipeline a block, on as many lines as clang-format likes.
                body = " ".join(re.sub(r"^\s*\*", "", body, flags=re.M).split())
            body = body.replace("\\\n", " ")
            line = text[: block.start()].count("\n") + 1
            for command in body.splitlines():
                if command.strip().startswith("gst-launch-1.0"):
                    yield path.relative_to(root), line, command.strip()


def judge(folder):
    recordings = sorted(p for p in folder.rglob("*") if p.suffix in (".mp4", ".mkv", ".webm"))
    if not recordings:
        return "it wrote no recording"
    for path in recordings:
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,duration", "-of", "csv=p=0", str(path)],
            capture_output=True, text=True)
        if probe.returncode or probe.stderr or not probe.stdout.strip():
            return f"ffprobe on {path.name}: {probe.stderr.strip() or 'no stream'}"
        decode = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"],
                                capture_output=True, text=True)
        if decode.returncode or decode.stderr:
            return f"ffmpeg on {path.name}: {decode.stderr.strip()}"
        print("   ", path.relative_to(folder), probe.stdout.split())
    return None


def run(command):
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True,
                                  timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"still running after {TIMEOUT_S} s"
        noise = [l for l in done.stderr.splitlines() if "CRITICAL" in l or "WARNING" in l or "ERROR" in l]
        if done.returncode or noise:
            return f"exit {done.returncode}: {' / '.join(noise) or done.stderr.strip()}"
        return judge(pathlib.Path(folder))


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = list(pipelines(root))
    bad = 0
    for path, line, command in found:
        print(f"{path}:{line}: {command}")
        if trouble := run(command):
            print("  FAILED:", trouble)
            bad += 1
    print(f"{len(found)} pipelines, {bad} failed")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
