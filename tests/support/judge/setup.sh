#!/usr/bin/env bash
# Installs what the playback judge needs (playwright-core, without a browser: Debian's chromium is
# used). Does nothing when that is there already. Exit 77: it cannot be installed here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

for tool in node npm; do
  command -v "$tool" >/dev/null || {
    echo "SKIP: $tool is not installed"
    exit 77
  }
done

exec 9<package.json # two builds may share the source tree; npm ci deletes node_modules
flock 9
# npm writes this hidden file last.
[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
if ! log=$(PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-progress 2>&1); then
  tail -n 5 <<<"$log"
  echo "SKIP: npm ci failed (no registry?)"
  exit 77
fi
touch node_modules/.package-lock.json
