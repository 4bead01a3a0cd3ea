#!/usr/bin/env bash
# usage: deploy/debian.sh PACKAGE...
# Installs those Debian packages that are not there; says so first, and asks sudo if this is not root.
set -euo pipefail

missing=()
for package in "$@"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "This needs the Debian packages ${missing[*]}; there is no apt-get here. Install their like, and run it again." >&2
  exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "As root: apt-get install ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "Installing Debian packages: ${missing[*]}${root:+ (with sudo)}"
"${root[@]}" apt-get update --quiet=2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}"
