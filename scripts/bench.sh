#!/usr/bin/env bash
# What recording costs: installs what is missing, builds in ./build-bench with the optimisation that
# distributions use, runs bench/record_cpu, prints its tables.
#   scripts/bench.sh [OPTIONS]   options of record_cpu (--help lists them); without any:
#                                three rounds of everything, and instructions; about 25 minutes
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-packages.sh bench

build=${BUILD_DIR:-build-bench}
[[ -f $build/build.ninja ]] ||
  meson setup "$build" -Dbuildtype=debugoptimized -Db_ndebug=true -Dbench=enabled \
    -Dtests=disabled -Dexamples=disabled >/dev/null
ninja -C "$build" | tail -n 1

date -u '+%Y-%m-%d %H:%M UTC'
echo "$(nproc) x $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)," \
  "$(gst-inspect-1.0 --version | sed -n 2p), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
(($#)) || set -- --instructions
meson devenv -C "$build" "$PWD/$build/bench/record_cpu" "$@"
