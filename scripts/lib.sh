# shellcheck shell=bash
# What the scripts in this folder share: where the project is, where cargo builds, how a step is told. Sourced, never run.

# Everything runs from the project's root, wherever it was called from.
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1

# Outside the clone, so that a second clone, or a CI that clones anew each time, finds RocksDB and librdkafka built: 10 to 20
# minutes on two cores. The price: two clones that build at the same moment wait for each other and share one caseloom
# binary. Who works on two at once gives each its own CARGO_TARGET_DIR.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/caseloom/target}

# A shell opened before Rust was installed doesn't have it on its path yet.
if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi

say() { printf 'caseloom: %s\n' "$*"; }

loud() {
  printf '\n%s\n' '!!' >&2
  printf '!! %s\n' "$@" >&2
  printf '%s\n\n' '!!' >&2
}

in_ci() { [[ ${CI:-} == true ]]; }

# step NAME COMMAND...: runs it, says how long it took, and goes on after a failure, so that one run tells all that is wrong.
step_lines=()
steps_failed=0
step() {
  local name=$1 begin=$SECONDS rc=0 word=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" || rc=$?
  if ((rc != 0)); then
    word="FAILED (exit $rc)"
    steps_failed=$((steps_failed + 1))
  fi
  step_lines+=("$(printf '%-24s %5d s   %s' "$name" $((SECONDS - begin)) "$word")")
}

# The steps so far with their times; its exit code is the verdict.
steps_end() {
  printf '\n'
  printf '== %s\n' "${step_lines[@]}"
  ((steps_failed == 0))
}
