#!/usr/bin/env bash
# How many receipts are signed per second, end to end, per database, with grouped commits and without:
#     bash tests/bench/receipts.sh [--rounds 5] [--seconds 5] [--cashboxes 256] [--pods 2] [--databases sqlite,mariadb,postgres]
# Builds the release binary, measures in interleaved rounds and prints a Markdown table. About five minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --release -p byodc
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
BYODC_BIN="$target/release/byodc" exec cargo bench --locked -p harness --bench receipts -- "$@"
