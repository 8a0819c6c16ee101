#!/usr/bin/env bash
# The one test command: bash tests/run.sh [arguments for `cargo test`]
# Installs what is missing (Debian and its like), builds the binary that the tests start as real processes, and runs
# all tests: chart, unit, contract, scenario, Postman. They start their own servers on free ports in temporary folders;
# services of this machine are neither started nor touched.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# A program counts as present where Debian puts it, in the path or not.
present() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}

missing=()
need() { # program, package that brings it
    present "$1" || missing+=("$2")
}
need cc build-essential
need cmake cmake
need curl curl
need openssl openssl
need setpriv util-linux
# Brings kill, too, which cannot be asked for: the shell has one of its own.
need ps procps
need redis-server redis-server
need mariadbd mariadb-server
need mariadb-install-db mariadb-server
need postgres postgresql
need prometheus prometheus
need promtool prometheus
need node nodejs
need npm npm
need python3 python3
# The module that makes virtual environments is a package of its own.
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)

# Debian starts a service as soon as it is installed, unless this file says that it must not.
policy=/usr/sbin/policy-rc.d
forbid_starting() {
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
}

install_missing() {
    if ! command -v apt-get >/dev/null; then
        echo "please install: ${missing[*]} (named as Debian names them)" >&2
        exit 1
    fi
    (
        forbid_starting
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
            ca-certificates "${missing[@]}"
    )
}
[ "${#missing[@]}" = 0 ] || install_missing

if ! command -v cargo >/dev/null; then
    # rustup's default place, which a shell started before its installation does not know yet.
    PATH="$HOME/.cargo/bin:$PATH"
fi
if ! command -v cargo >/dev/null; then
    echo "please install Rust: https://rustup.rs" >&2
    exit 1
fi

# The lock file pins newman with its checksums; a second run finds it installed.
if [ ! tests/postman/node_modules/.package-lock.json -nt tests/postman/package-lock.json ]; then
    npm ci --prefix tests/postman --no-audit --no-fund --loglevel=error
fi

# Scenarios start the binary as real processes. It is built with the tests, as one: built alone it would be another
# binary, without sabotage (tests/Cargo.toml), and most of the workspace would be built twice.
cargo test --locked --workspace --no-run
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export BYODC_BIN="$target/debug/byodc"

# The chart's tests are pytest's; arguments for `cargo test` mean a part, which they are not of.
[ "$#" -gt 0 ] || bash tests/helm.sh

# `cargo test` and not one process per test: the tests of a target share its database servers.
exec cargo test --locked --workspace "$@"
