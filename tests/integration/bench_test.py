#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark on little input: it measures every path and prints its tables. How fast anything is
is no test, but what is counted is: recordings add no threads.

usage: bench_test.py RECORD_CPU
"""
import re
import subprocess
import sys
import tempfile
import unittest

PATHS = ["fakesink", "filesink", "mp4mux", "splitmuxsink", "ffmpeg", "recordmux"]
# Of the process, however many recordings: the timers' and their workers, the disk's and the one by
# which GLib starts it, and some that are about to end.
MOST_EXTRA_THREADS = 8
RECORDINGS = 40


def record_cpu(*options):
    result = subprocess.run([RECORD_CPU, *options], capture_output=True, text=True, timeout=120)
    if result.returncode:
        raise AssertionError(f"record_cpu {' '.join(options)}: {result.stderr}")
    return result.stdout


def rows(output, table):
    """The numbers of each row of a table, by label."""
    lines = output.split(f"\n({table}) ", 1)[1].split("\n\n", 1)[0].splitlines()
    found = {}
    for line in lines[2:]:
        match = re.match(r"(\S.*?)  +([-\d. ]+)$", line)
        if match:
            found[match[1]] = match[2].split()
    return found


def threads(path, recordings):
    """Threads of the process that records so often in that way."""
    output = record_cpu("--rounds=1", "--seconds=0", "--live-seconds=2", f"--paths={path}",
                        f"--recordings={recordings}")
    row = list(rows(output, "b").values())[0]
    return round(float(row[4]) * recordings)


class Bench(unittest.TestCase):
    def test_every_path_is_measured(self):
        for stream_format, tables in (("byte-stream", "ab"), ("avc", "a")):
            with self.subTest(stream_format), tempfile.TemporaryDirectory() as folder:
                output = record_cpu("--rounds=1", "--seconds=4",
                                    f"--live-seconds={int('b' in tables)}",
                                    "--recordings=2", f"--stream-format={stream_format}",
                                    f"--folder={folder}")
                self.assertRegex(output, rf"H\.264 \({stream_format}, 30 fps\) with [34]\.\d\d Mbit/s")
                for table in tables:
                    found = rows(output, table)
                    self.assertEqual(len(found), len(PATHS), output)
                    for name, (label, numbers) in zip(PATHS, found.items()):
                        self.assertIn(name, label)
                        self.assertGreater(float(numbers[0]), 0, label)
                    self.assertEqual(list(found.values())[2][-1 if table == "a" else 2], "1.00")
                self.assertEqual(subprocess.check_output(["ls", "-A", folder]), b"")

    def test_recordings_add_no_threads(self):
        floor = threads("fakesink", RECORDINGS)
        self.assertGreaterEqual(floor, 2 * RECORDINGS)  # it can count: each appsrc has one
        self.assertGreaterEqual(threads("mp4mux", RECORDINGS), 3 * RECORDINGS)  # a muxer has one
        self.assertLessEqual(threads("recordmux", RECORDINGS) - floor, MOST_EXTRA_THREADS)


if __name__ == "__main__":
    RECORD_CPU = sys.argv.pop(1)
    unittest.main()
