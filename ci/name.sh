#!/usr/bin/env bash
# Names the program that the action runs: the release and the source that it would be built from, so that the cache holds no
# older one of a branch.
set -euo pipefail

cd "$ACTION_PATH"
source=$(find Cargo.toml Cargo.lock src policies -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
echo "key=$(uname -s)-$(uname -m)-${VERSION:-${ACTION_REF:-}}-$source" >>"$GITHUB_OUTPUT"
