"""Fixtures of all tests: each values file, rendered once for a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import chart, places
from harness.chart import Release

EVERY = places.CI + places.ORIGINAL


@pytest.fixture(params=EVERY, ids=places.name)
def values_file(request: pytest.FixtureRequest) -> Path:
    """Each values file: ours and those of the original's documentation."""
    return request.param


@pytest.fixture(params=[chart.OLDEST, chart.NEWEST])
def kube(request: pytest.FixtureRequest) -> str:
    """The oldest and the newest Kubernetes."""
    return request.param


@pytest.fixture
def release(values_file: Path) -> Release:
    """What each values file installs on the newest Kubernetes."""
    return chart.render(chart.read(values_file))


@pytest.fixture(scope="session")
def defaults() -> Release:
    """What an installation without any values gives."""
    return chart.render()
