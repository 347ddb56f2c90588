#!/usr/bin/env bash
# Installs the Debian packages that the build, the demo, the tests and the benchmark need.
# Usage: install-packages.sh [build|bench|test|full]   (default: build)
#   build  compile and run the elements and the demo
#   bench  like build, plus what scripts/bench.sh runs
#   test   like build, plus what scripts/test.sh runs
#   full   plus what scripts/test.sh --full runs
set -euo pipefail

level=${1:-build}
packages=(
  g++ meson ninja-build pkg-config git
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
  libcurl4-openssl-dev libssl-dev libpugixml-dev nlohmann-json3-dev
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-nice gstreamer1.0-x
  gstreamer1.0-plugins-base-apps gstreamer1.0-libav ffmpeg
)
case $level in
  build) ;;
  bench) packages+=(valgrind) ;;
  test | full)
    packages+=(libgtest-dev libgmock-dev python3 chromium clang libclang-rt-14-dev)
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    ;;&
  full) packages+=(clang-tidy clang-format) ;;
  test) ;;
  *)
    echo "usage: $0 [build|bench|test|full]" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
((${#missing[@]})) || exit 0

sudo=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "Missing packages: ${missing[*]}. Install them as root, or install sudo." >&2
    exit 1
  }
  sudo=(sudo)
fi
echo "Installing: ${missing[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
