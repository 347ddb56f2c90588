#!/usr/bin/env bash
# The playback judge for tests: judge.mjs, or "SKIP: reason" and exit 77 where there is no node.
set -euo pipefail
command -v node >/dev/null || {
  echo "SKIP: node is not installed"
  exit 77
}
exec node "$(dirname "${BASH_SOURCE[0]}")/judge.mjs" "$@"
