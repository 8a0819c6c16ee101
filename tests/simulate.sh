#!/usr/bin/env bash
# The simulation of the ownership core: bash tests/simulate.sh [--seeds N] [--from N] [--seconds N] [--seed N]
# --seeds so many seeds (2000), --from the first of them (0), --seconds no new seed after so many seconds,
# --seed one seed alone, with everything that happens in it.
set -euo pipefail
cd "$(dirname "$0")/.."

while [ $# -gt 0 ]; do
    case "$1" in
        --seeds) export BYODC_SIMULATION_SEEDS="$2" ;;
        --from) export BYODC_SIMULATION_FROM="$2" ;;
        --seconds) export BYODC_SIMULATION_SECONDS="$2" ;;
        --seed) export BYODC_SIMULATION_SEED="$2" ;;
        *) echo "unknown: $1 (see the first lines of this script)" >&2; exit 2 ;;
    esac
    shift 2
done
# Of the workspace, so that it is built as the other tests are, and only once.
exec cargo test --locked --workspace --test simulation -- --nocapture no_schedule_breaks_a_promise
