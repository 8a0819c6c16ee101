#!/usr/bin/env bash
# Measures our proxy beside HAProxy, nginx and no proxy at all, in one interleaved run of about three minutes, and
# prints Markdown tables. Usage: tests/bench/proxy.sh [rounds]. Needs two cores, and quiet ones for quiet figures.
set -euo pipefail
cd "$(dirname "$0")/../.."

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=()
command -v haproxy >/dev/null || missing+=(haproxy)
command -v nginx >/dev/null || missing+=(nginx)
command -v taskset >/dev/null || missing+=(util-linux)
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}" >&2
    as_root apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

cargo build --release --locked --quiet -p proxy --example bench-proxy
exec "${CARGO_TARGET_DIR:-target}/release/examples/bench-proxy" measure "${1:-7}"
