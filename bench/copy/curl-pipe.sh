#!/bin/bash
# The least that a copy can be: each blob by GET into PUT, three at a time, nothing checked, nothing retried.
# curl-pipe.sh SOURCE_REPOSITORY_URL TARGET_REPOSITORY_URL TAG
set -euo pipefail
export source=$1 target=$2
readonly manifest_type='application/vnd.oci.image.manifest.v1+json'

copy_blob() {
  local location
  location=$(curl -sSf -X POST -o /dev/null -w '%header{location}' "$target/blobs/uploads/")
  curl -sSf "$source/blobs/$1" | curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T - "$location&digest=$1"
}
export -f copy_blob

manifest=$(curl -sSf -H "Accept: $manifest_type" "$source/manifests/$3")
grep -o 'sha256:[0-9a-f]\{64\}' <<<"$manifest" | xargs -P 3 -I {} bash -c 'set -euo pipefail; copy_blob {}'
printf %s "$manifest" | curl -sSf -o /dev/null -X PUT -H "Content-Type: $manifest_type" --data-binary @- "$target/manifests/$3"
