#!/usr/bin/env bash
# Gets the program of a release, checked against the release's checksums, or builds it from the action's source.
set -euo pipefail

mkdir -p "$INTO"
from_source() {
    echo "building pgwitness from source: $1"
    cargo install --locked --path "$ACTION_PATH" --root "$INTO/build"
    mv "$INTO/build/bin/pgwitness" "$INTO/pgwitness"
}

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    *) target= ;;
esac
version=${VERSION:-${ACTION_REF:-}}
if [ "$version" = source ]; then
    from_source "version is source"
elif [ -z "$target" ]; then
    from_source "there is no release for $(uname -s) on $(uname -m)"
elif [[ ! "$version" =~ ^v[0-9] ]] || [ -z "${ACTION_REPOSITORY:-}" ]; then
    from_source "\`$version\` is no release"
else
    name=pgwitness-$target.tar.gz
    url=https://github.com/$ACTION_REPOSITORY/releases/download/$version
    cd "$INTO"
    curl --fail --silent --show-error --location --retry 3 --remote-name "$url/$name"
    curl --fail --silent --show-error --location --retry 3 --remote-name "$url/SHA256SUMS"
    # A release that does not list the file would check nothing.
    grep -F "  $name" SHA256SUMS | sha256sum --check --strict -
    tar -xzf "$name" pgwitness
    rm -f "$name" SHA256SUMS
fi
"$INTO/pgwitness" --version
