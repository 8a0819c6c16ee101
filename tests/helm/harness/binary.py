"""Asks the real binary what it thinks of an environment.

`BYODC_BIN` names it; tests/helm.sh sets it.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


@cache
def path() -> Path:
    """The binary under test."""
    given = os.environ.get("BYODC_BIN")
    assert given, "BYODC_BIN must name the byodc binary: run the tests with bash tests/helm.sh"
    found = Path(given)
    assert found.is_file(), f"BYODC_BIN names {found}, which is no file"
    return found


def config_check(role: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`byodc config check ROLE` under this environment and nothing else."""
    return subprocess.run(
        [path(), "config", "check", role],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@cache
def settings() -> dict[str, frozenset[str]]:
    """Every setting and the roles that read it, as `byodc config table` prints them."""
    table = subprocess.run([path(), "config", "table"], env={}, capture_output=True, text=True, timeout=30, check=True)
    rows = [_cells(line) for line in table.stdout.splitlines() if line.startswith("| `")]
    assert len(rows) > 50, table.stdout
    return {name.strip("`"): frozenset(roles.split(", ")) for name, _, roles, *_ in rows}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]
