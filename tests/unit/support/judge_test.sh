#!/usr/bin/env bash
# Runs one test of the playback judge: judge_test.sh play|listen|server MP4CHECK
set -euo pipefail
for tool in node ffmpeg; do
  command -v "$tool" >/dev/null || {
    echo "SKIP: $tool is not installed"
    exit 77
  }
done
exec node "$(dirname "${BASH_SOURCE[0]}")/judge_$1_test.mjs" "$2"
