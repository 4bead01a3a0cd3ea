#!/usr/bin/env bash
# usage: deploy/environment.sh LOCK...
# Makes .venv where there is none that works, installs the locked dependencies by hash, and this project as editable.
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
  local name
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    if command -v "$name" >/dev/null && "$name" -c "$new_enough" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "EDM Archive needs Python 3.11 or newer, and found none. On Debian 12 or later: apt-get install python3." >&2
  echo "If it is elsewhere: make PYTHON=/path/to/python3.11 ..." >&2
  return 1
}

if ! .venv/bin/python -c "$new_enough" 2>/dev/null; then
  python=$(find_python)
  # Debian's Python comes without ensurepip unless python3-venv is there.
  "$python" -c 'import ensurepip, venv' 2>/dev/null || deploy/debian.sh python3-venv
  echo "Making .venv with $("$python" --version) ($python)"
  rm -rf .venv
  "$python" -m venv .venv
fi

locks=()
for lock in "$@"; do
  locks+=(--requirement "$lock")
done
echo "Installing what $* locks"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes "${locks[@]}"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
