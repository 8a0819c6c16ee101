"""The original's documented values install unchanged and give what they gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import chart, environment, golden, places, pods
from harness.chart import Release


def _expected(file: Path) -> dict[str, Any]:
    return yaml.safe_load((places.GOLDEN / file.name).read_text())


def _environment(release: Release, owner: str) -> dict[str, str]:
    pod = pods.of(release, owner)
    return environment.of(release, pod, pod.spec["containers"][0])


@pytest.fixture(params=places.ORIGINAL, ids=lambda file: file.stem)
def original(request: pytest.FixtureRequest) -> tuple[Release, dict[str, Any]]:
    """A documented values file, rendered, and what the original made of it."""
    return chart.render(chart.read(request.param)), _expected(request.param)


def objects_keep_their_names_ports_selectors_and_claims(original: tuple[Release, dict[str, Any]]) -> None:
    release, expected = original
    for wanted in expected.get("objects", []):
        found = release.get(wanted["kind"], wanted["metadata"]["name"])
        actual = {**found, "metadata": {"namespace": chart.NAMESPACE, **found["metadata"]}}
        assert golden.differences(wanted, actual, f"{wanted['kind']}/{wanted['metadata']['name']}") == []


def variables_keep_their_names_and_values(original: tuple[Release, dict[str, Any]]) -> None:
    release, expected = original
    for owner, wanted in expected.get("environment", {}).items():
        actual = _environment(release, owner)
        assert {name: actual.get(name) for name in wanted} == wanted, owner


def nothing_is_set_that_the_original_left_out(original: tuple[Release, dict[str, Any]]) -> None:
    release, expected = original
    for owner, names in expected.get("without", {}).items():
        # Set to nothing is as good as not set.
        assert [name for name in names if _environment(release, owner).get(name)] == [], owner


def nothing_is_installed_that_the_original_left_out(original: tuple[Release, dict[str, Any]]) -> None:
    release, expected = original
    for name in expected.get("absent", []):
        assert release.find(*name.split("/")) is None, name


def the_documented_password_opens_the_bundled_database() -> None:
    file = next(file for file in places.ORIGINAL if file.stem == "quick-start-mysql")
    release = chart.render(chart.read(file))
    for service, password in _expected(file)["pod-secrets"].items():
        selector = release.get("Service", service)["spec"]["selector"]
        chosen = [pod for pod in pods.templates(release) if selector.items() <= pod.labels.items()]
        values = [
            value
            for pod in chosen
            for container in pod.containers()
            for value in environment.of(release, pod, container).values()
        ]
        assert password in values


def each_documented_page_has_an_expectation() -> None:
    assert [file.name for file in places.ORIGINAL] == sorted(file.name for file in places.GOLDEN.glob("*.yaml"))
    for file in places.ORIGINAL:
        expected = _expected(file)
        known = {"objects", "environment", "without", "absent", "pod-secrets"}
        assert expected and expected.keys() <= known, file.name


def the_comparison_sees_what_is_missing_and_what_is_too_much() -> None:
    actual = {"spec": {"selector": {"app": "byodc", "more": "x"}, "ports": [{"name": "http", "port": 81}]}}
    assert golden.differences({"spec": {"selector": {"app": "byodc"}}}, actual) != []
    assert golden.differences({"spec": {"ports": [{"name": "http", "port": 80}]}}, actual) != []
    assert golden.differences({"spec": {"ports": [{"name": "https"}]}}, actual) != []
    assert golden.differences({"kind": "Service"}, actual) != []
    assert golden.differences({"spec": {"ports": [{"port": 81}]}}, actual) == []


def an_upgrade_changes_no_selector_of_the_original(defaults: Release) -> None:
    """`helm upgrade` over a release of the original: Kubernetes refuses another selector of the same object."""
    selectors = {
        ("Deployment", "byodc"): {"app": "byodc"},
        ("Deployment", "redis"): {"app": "redis"},
    }
    for (kind, name), labels in selectors.items():
        found = defaults.get(kind, name)
        assert found["spec"]["selector"] == {"matchLabels": labels}
        assert labels.items() <= found["spec"]["template"]["metadata"]["labels"].items()
