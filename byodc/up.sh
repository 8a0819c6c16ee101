#!/usr/bin/env bash
# Builds byodc and runs everything on this machine: bash byodc/up.sh [flags of `byodc up`]
# Installs what the build needs if it is missing: a C compiler (SQLite, ring), cmake (zlib-ng of the proxy's HTTP
# library), and curl for the commands that `up` prints.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=()
{ command -v cc && command -v make; } >/dev/null || missing+=(build-essential)
command -v cmake >/dev/null || missing+=(cmake)
command -v curl >/dev/null || missing+=(curl ca-certificates)
if [ "${#missing[@]}" -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "please install: ${missing[*]} (named as Debian names them)" >&2
        exit 1
    fi
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
fi

if ! command -v cargo >/dev/null; then
    # rustup's default place, which a shell started before its installation does not know yet.
    PATH="$HOME/.cargo/bin:$PATH"
fi
if ! command -v cargo >/dev/null; then
    echo "please install Rust: https://rustup.rs" >&2
    exit 1
fi

exec cargo run --locked -p byodc -- up "$@"
