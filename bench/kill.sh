#!/usr/bin/env bash
# What `kill -9` leaves of a live recording (H.264 + Opus), by muxer: each records a live source for
# SECONDS, is killed, and ffmpeg decodes what is there.
# Usage: bench/kill.sh [SECONDS]   (default 8; GST_PLUGIN_PATH must name the plugins: run it inside
# `meson devenv -C build`)
set -uo pipefail
seconds=${1:-8}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

video='videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 ! h264parse ! queue ! m.'
audio='audiotestsrc is-live=true wave=ticks ! opusenc ! opusparse ! queue ! m.'

# decoded FILE STREAM: seconds of that stream that ffmpeg decodes.
decoded() {
  ffmpeg -nostdin -v quiet -i "$1" -map "0:$2" -f null -progress - - 2>/dev/null |
    awk -F= '/^out_time_us/ {t = $2} END {printf "%.2f", t / 1e6}'
}

# measure NAME SINK [VIDEO_PAD AUDIO_PAD]
measure() {
  local name=$1 sink=$2 video=$video${3-} audio=$audio${4-}
  mkdir "$work/$name"
  (cd "$work/$name" && exec gst-launch-1.0 -q $video $audio $sink >/dev/null 2>&1) &
  local pid=$!
  sleep "$seconds"
  kill -9 $pid
  wait $pid 2>/dev/null
  find "$work/$name" -type f -print0 | sort -z | while IFS= read -r -d '' file; do
    echo "$(decoded "$file" v) $(decoded "$file" a)"
  done | awk -v name="$name" '{v += $1; a += $2} END {printf "%-36s %10.2f %10.2f\n", name, v, a}'
}

printf 'killed after %s s: seconds that decode\n%-36s %10s %10s\n' "$seconds" muxer video audio
measure 'mp4mux' 'mp4mux name=m ! filesink location=x.mp4'
measure 'mp4mux_fragment-duration=1000' 'mp4mux name=m fragment-duration=1000 ! filesink location=x.mp4'
measure 'matroskamux' 'matroskamux name=m ! filesink location=x.mkv'
measure 'splitmuxsink_(4_s_files)' 'splitmuxsink name=m max-size-time=4000000000 location=x%03d.mp4' video audio_0
measure 'recordmux_!_dirsink' 'recordmux name=m ! dirsink root=.'
