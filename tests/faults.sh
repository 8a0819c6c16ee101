#!/usr/bin/env bash
# Random combinations of faults against real processes: bash tests/faults.sh --minutes 30 --seed 7 [--quick]
# Stops at the first round that breaks an invariant, says its seed and keeps its evidence; the same seed with
# --rounds 1 plays its schedule again. Ends with a summary in Markdown.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --locked --workspace --no-run --quiet
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export BYODC_BIN="$target/debug/byodc"
exec cargo test --locked --workspace --quiet --test faults -- "$@"
