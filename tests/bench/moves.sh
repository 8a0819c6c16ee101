#!/usr/bin/env bash
# What it costs when cashboxes change hands, and what starting and keeping many takes:
#     bash tests/bench/moves.sh [--quick] [--only kill,silent,handover,rolling,proxies,scale,redis,cold,memory]
# Builds the release binary, drives clusters of real processes under load and prints one Markdown row per figure.
# About twenty minutes; --quick runs every part with small numbers to see that it works.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release -p byodc
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
BYODC_BIN="$target/release/byodc" exec cargo bench --locked -p harness --bench moves -- "$@"
