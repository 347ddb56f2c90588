#!/usr/bin/env bash
# Installs what the tests need, builds, tests. The last line is `N passed, N failed`, with
# `, N skipped` when a check could not run; its reason is printed above.
#   scripts/test.sh          everything but the long runs (under 25 minutes on 2 cores)
#   scripts/test.sh --quick  unit and element tests only
#   scripts/test.sh --full   all kills and cycles, fuzzing, sanitizers, clang, clang-tidy, formatting
# The environment variable BUILD_DIR names another build folder than build-test.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=default
case ${1-} in
  '') ;;
  --quick | --full) mode=${1#--} ;;
  *)
    sed -n '2,7s/^# //p' "$0" >&2
    exit 2
    ;;
esac

scripts/install-packages.sh "$([[ $mode == full ]] && echo full || echo test)"
[[ $mode == quick ]] || tests/support/judge/setup.sh || (($? == 77))  # its tests will say so

results=$(mktemp)
trap 'rm -f "$results"' EXIT
fuzz_seconds=60
build=${BUILD_DIR:-build-test}

# run_suite BUILD_DIR SETUP_OPTIONS... -- TEST_OPTIONS...: a build and its tests; what came of each
# test is appended to $results.
run_suite() {
  local dir=$1 setup=()
  shift
  while [[ $1 != -- ]]; do
    setup+=("$1")
    shift
  done
  shift
  echo "== $dir: build"
  if [[ -f $dir/build.ninja ]]; then
    meson configure "$dir" "${setup[@]}" >/dev/null
  else
    meson setup "$dir" "${setup[@]}" >/dev/null
  fi
  ninja -C "$dir" | tail -n 1
  echo "== $dir: tests"
  meson test -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier 3 "$@" || true
  scripts/test-results.py "$dir/meson-logs/testlog.json" >>"$results"
}

# check NAME COMMAND...: one more result, from a command's exit code.
check() {
  local name=$1
  shift
  echo "== $name"
  if "$@"; then echo "passed $name" >>"$results"; else echo "failed $name" >>"$results"; fi
}

[[ $mode == quick ]] || export RECORD_STRESS_CYCLES=300
case $mode in
  quick) run_suite "$build" -Dwerror=true -Dtests=enabled -- --suite unit --suite check --no-suite judge ;;
  default) run_suite "$build" -Dwerror=true -Dtests=enabled -Dexamples=enabled -- ;;
  full)
    export REC_TEST_FULL=1
    run_suite "$build" -Dwerror=true -Dtests=enabled -Dexamples=enabled --
    # GLib keeps its quark table for ever; only a slow unwind sees who made it.
    export RECORD_STRESS_PATIENCE=60 LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan.supp ASAN_OPTIONS=fast_unwind_on_malloc=0
    run_suite build-asan -Dtests=enabled -Db_sanitize=address,undefined -- --suite unit --suite check
    # GLib is not instrumented: beyond lib/ and the concurrency cores TSan would report its locks.
    CXX=g++ run_suite build-tsan -Dtests=enabled -Db_sanitize=thread -- --suite recording --suite tsan
    CXX=clang++ run_suite build-clang -Dtests=enabled -Dexamples=enabled -Dwerror=true \
      -Dcpp_args=-Wthread-safety -Db_lundef=false -- --suite unit --suite check
    [[ -f build-fuzz/build.ninja ]] ||
      CXX=clang++ meson setup build-fuzz -Dfuzzers=enabled -Dtests=enabled -Db_lundef=false >/dev/null
    for source in tests/fuzz/*_fuzz.cpp; do
      name=$(basename "$source" _fuzz.cpp)
      ninja -C build-fuzz "tests/fuzz/${name}_fuzz" | tail -n 1
      check "fuzz $name" "build-fuzz/tests/fuzz/${name}_fuzz" -max_total_time=$fuzz_seconds -verbosity=0 \
        -artifact_prefix=build-fuzz/ "$(mktemp -d)" "tests/fuzz/corpus/$name"
    done
    check clang-tidy bash -c 'git ls-files "lib/*.cpp" "gst/*.cpp" "tools/*.cpp" | xargs -P 2 -n 4 clang-tidy -p build-clang --quiet'
    check clang-format bash -c 'git ls-files "*.cpp" "*.h" | xargs clang-format --dry-run -Werror'
    ;;
esac

passed=$(grep -c '^passed' "$results" || true)
failed=$(grep -c '^failed' "$results" || true)
skipped=$(grep -c '^skipped' "$results" || true)
grep -E '^(failed|skipped)' "$results" || true
if ((skipped)); then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
((failed == 0 && passed > 0))
