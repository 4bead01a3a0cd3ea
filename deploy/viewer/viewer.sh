#!/usr/bin/env bash
# usage: deploy/viewer/viewer.sh [FOLDER]
# Puts the OHIF viewer, as its makers built it, into FOLDER (var/viewer): one version, checked against its digest.
set -euo pipefail
cd "$(dirname "$0")/../.."

VERSION=3.12.10
INTEGRITY=sha512-0kuF66Mq9c9dMD++bUsTjMrJpXJwaZhz9B4uS244DawAjSkTwIYFU93pxPuRUQixaRi7QAHlF3Fe1qudBlZrmA==

folder=${1:-var/viewer}
[ "$(cat "$folder/version" 2>/dev/null)" != "$VERSION" ] || exit 0
command -v npm >/dev/null || deploy/debian.sh npm
command -v openssl >/dev/null || deploy/debian.sh openssl

mkdir -p "$folder"
work=$(mktemp -d "$folder/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "Fetching @ohif/app $VERSION (49 MB)"
npm pack --silent --ignore-scripts --pack-destination "$work" "@ohif/app@$VERSION" >/dev/null
package=$(echo "$work"/*.tgz)
found=sha512-$(openssl dgst -sha512 -binary "$package" | openssl base64 -A)
[ "$found" = "$INTEGRITY" ] || { echo "@ohif/app $VERSION is not what it was: $found" >&2; exit 1; }
tar --extract --gzip --no-same-owner --file "$package" --directory "$work"
rm -rf "$work/package/dist/ort" "$folder/dist" # 90 MB of a segmentation model's runtime, which is not used
mv "$work/package/dist" "$folder/dist"
cp "$work/package/LICENSE" "$folder/LICENSE"
echo "$VERSION" >"$folder/version"
