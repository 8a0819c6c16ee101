"""A pod is never killed before its drain ends: the inequality, computed here from what is rendered.

The chart computes the grace period; the binary checks it when it starts. This is the third opinion: it takes the
environment as the container sees it and the defaults from `byodc config table`'s meaning, written down below.
"""

from __future__ import annotations

import itertools
import random

import pytest

from harness import binary, chart, environment, pods
from harness.chart import Refused, Release

# shared/src/timings.rs: open connections end, and the process needs a moment to exit.
CONNECTIONS_END = 5
EXIT_MARGIN = 5
DEFAULTS = {
    "Byodc__Drain__Seconds": "120",
    "Byodc__Drain__GraceSeconds": "130",
    "Byodc__Proxy__LameDuckMs": "2000",
    "Byodc__Proxy__DrainMs": "30000",
    "Byodc__Lease__Seconds": "10",
}


def _assert_grace_fits(release: Release) -> None:
    for role, pod, container in pods.roles(release):
        if role == "config-service":
            continue
        told = DEFAULTS | environment.of(release, pod, container)
        killed_after = pod.spec["terminationGracePeriodSeconds"]
        pre_stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        needed = {
            "backend": int(told["Byodc__Drain__Seconds"]) + CONNECTIONS_END + EXIT_MARGIN,
            "proxy": (int(told["Byodc__Proxy__LameDuckMs"]) + int(told["Byodc__Proxy__DrainMs"])) / 1000 + EXIT_MARGIN,
        }[role]
        grace = int(told["Byodc__Drain__GraceSeconds"])
        assert pre_stop + needed <= killed_after, f"{pod.owner}: killed before its drain ends"
        assert needed <= grace <= killed_after - pre_stop, f"{pod.owner}: the process is told {grace} s"


def the_grace_period_fits_in_every_values_file(release: Release) -> None:
    _assert_grace_fits(release)


TIMES = {
    "byodc.drain.preStopSeconds": (0, 7),
    "byodc.drain.handoverSeconds": (1, 30, 90, 600, 3000),
    "byodc.drain.requestSeconds": (1, 30, 300),
    "byodc.drain.marginSeconds": (10, 25),
    "byodc.lease.seconds": (4, 10, 40),
    "proxy.drain.preStopSeconds": (0, 7),
    "proxy.drain.lameDuckSeconds": (0, 2, 45),
    "proxy.drain.requestSeconds": (13, 60, 300),
    "proxy.drain.marginSeconds": (5, 20),
}


def the_grace_period_fits_for_all_times() -> None:
    """Whatever the chart takes, the binary takes, and the inequality holds; at least half of it must be taken."""
    chosen = random.Random(20261122).sample(list(itertools.product(*TIMES.values())), 60)
    taken = 0
    for times in chosen:
        values: dict = {}
        for path, time in zip(TIMES, times, strict=True):
            values = chart.merged(values, chart.at(path, time))
        try:
            rendered = chart.render(values)
        except Refused:
            continue
        taken += 1
        _assert_grace_fits(rendered)
        if taken % 5 == 0:
            _assert_binary_agrees(rendered)
    assert taken >= len(chosen) / 2


def _assert_binary_agrees(release: Release) -> None:
    for role, pod, container in pods.roles(release):
        told = binary.config_check(role, environment.of(release, pod, container))
        assert told.returncode == 0, f"{release.values}: {told.stderr}"


def a_longer_drain_lengthens_the_grace_period() -> None:
    short, long = (
        pods.of(chart.render(chart.at("byodc.drain.handoverSeconds", seconds)), "Deployment/byodc") for seconds in (60, 660)
    )
    assert long.spec["terminationGracePeriodSeconds"] - short.spec["terminationGracePeriodSeconds"] == 600


def a_grace_period_of_ones_own_is_taken_when_it_is_long_enough() -> None:
    rendered = chart.render(chart.at("byodc.terminationGracePeriodSeconds", 777))
    assert pods.of(rendered, "Deployment/byodc").spec["terminationGracePeriodSeconds"] == 777
    _assert_grace_fits(rendered)


@pytest.mark.parametrize("seconds", [1, 30, 129])
def a_grace_period_that_cuts_the_drain_off_is_refused_with_both_names(seconds: int) -> None:
    said = chart.refusal(chart.at("byodc.terminationGracePeriodSeconds", seconds))
    assert "byodc.terminationGracePeriodSeconds" in said and "byodc.drain" in said, said
