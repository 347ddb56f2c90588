#!/usr/bin/env bash
# Shows the whole thing on a fresh Debian machine: installs what is missing, builds, records a real
# WebRTC call (H.264 + Opus, over the loopback interface) and shows what was recorded.
# Usage: demo.sh [SECONDS]   (default: 10)
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
records=$PWD/records
log=$(mktemp)
started=$(mktemp) # files newer than this one are ours
trap 'rm -f "$log" "$started"' EXIT

step() { printf '\n==> %s\n' "$*"; }
fail() {
  printf '\ndemo.sh: %s\n' "$*" >&2
  exit 1
}
# Runs a command quietly; its output appears only when it fails.
quietly() {
  local what=$1
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "$what failed: $*"
  }
}

[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
  echo "usage: $0 [SECONDS]" >&2
  exit 2
}

step "Packages"
scripts/install-packages.sh build || fail "packages could not be installed (see above)"
echo "all there"

step "Build (in ./build)"
[[ -f build/build.ninja ]] || quietly "Configuring" meson setup build
quietly "Compiling" meson compile -C build
echo "done: gst-inspect-1.0 shows the elements inside \`meson devenv -C build\`"

step "Call: $seconds s, recorded into ./records"
touch "$started"
meson devenv -C build "$PWD/build/examples/record-call" \
  --seconds "$seconds" --stream-name demo --storage "$records" ||
  fail "the call was not recorded (see above)"

mapfile -d '' files < <(find "$records" -type f -newer "$started" -print0 | sort -z)
((${#files[@]})) || fail "the call left no file in $records"

step "Files"
(cd "$records" && find . -type f -newer "$started" -printf '%10s bytes  records/%P\n' | sort -k3)

step "Tracks, as ffprobe sees them"
printf '%-6s %-6s %-12s %-10s %s\n' track medium codec format duration
for file in "${files[@]}"; do
  ffprobe -v error -of compact=p=0 -show_entries \
    stream=index,codec_type,codec_name,width,height,sample_rate,channels,duration:format=duration \
    "$file" >"$log" || fail "ffprobe cannot read $file"
  awk -F '[|=]' '
    {
      delete field
      for (i = 1; i < NF; i += 2) field[$i] = $(i + 1)
      if (!("index" in field)) {
        printf "%-36s %.3f s\n", "whole file", field["duration"]
        next
      }
      format = field["codec_type"] == "video" ? field["width"] "x" field["height"] \
                                              : field["sample_rate"] "/" field["channels"]
      printf "%-6s %-6s %-12s %-10s", field["index"], field["codec_type"], field["codec_name"], format
      if (field["duration"] ~ /^[0-9]/) printf " %.3f s", field["duration"]
      printf "\n"
    }' "$log"
  ffmpeg -v error -nostdin -i "$file" -f null - 2>"$log" || fail "$file does not decode"
  [[ ! -s $log ]] || {
    cat "$log" >&2
    fail "$file does not decode without errors"
  }
done
echo "every frame decodes"

step "Play it"
for file in "${files[@]}"; do printf 'ffplay -autoexit %q\n' "records/${file#"$records"/}"; done
