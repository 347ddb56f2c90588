#!/usr/bin/env python3
"""Prints one line a test of a meson testlog.json: `passed NAME`, `failed NAME (RESULT)`,
`skipped NAME: REASON`. The reason is the line of its output that begins with `SKIP:`."""
import json
import sys


def line(test):
    name, result = test["name"], test["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        return f"passed {name}"
    if result != "SKIP":
        return f"failed {name} ({result})"
    output = (test.get("stdout") or "") + (test.get("stderr") or "")
    reasons = [l.strip() for l in output.splitlines() if l.lstrip().startswith("SKIP")]
    # A skip that does not say why is a fault of the test.
    return f"skipped {name}: {reasons[-1]}" if reasons else f"failed {name} (skipped without a reason)"


with open(sys.argv[1], encoding="utf-8") as log:
    for entry in log:
        print(line(json.loads(entry)))
