"""No value changes what Kubernetes refuses to change, or what a pod's data hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness import chart, places
from harness.chart import Refused, Release

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def _fixed(release: Release) -> dict[tuple[str, str], Any]:
    """By object: its selector, its claims' names, the Service that names its pods, whether a Service is headless."""
    fixed: dict[tuple[str, str], Any] = {}
    for found in release.objects:
        spec, key = found.get("spec") or {}, (found["kind"], found["metadata"]["name"])
        if found["kind"] in WORKLOADS:
            claims = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates", [])]
            fixed[key] = (spec.get("selector"), spec.get("serviceName"), claims, _claims(release, spec))
        elif found["kind"] == "Service":
            fixed[key] = (spec["selector"], spec.get("clusterIP") == "None")
        elif found["kind"] == "PersistentVolumeClaim":
            fixed[key] = spec["accessModes"]
    return fixed


def _claims(release: Release, spec: dict[str, Any]) -> list[str]:
    """The claims that the chart's own volumes name; what the operator mounts beside them is the operator's."""
    own = (release.values.get("byodc") or {}).get("extraVolumes") or []
    volumes = [one for one in spec["template"]["spec"].get("volumes", []) if one not in own]
    return sorted(one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one)


def _agree(one: Release, other: Release, why: str) -> None:
    """What both have is the same in both."""
    first, second = _fixed(one), _fixed(other)
    differing = [key for key in first.keys() & second.keys() if first[key] != second[key]]
    assert differing == [], why


def _changes(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a tree, changed to another of its kind."""
    if isinstance(values, dict):
        for key, value in values.items():
            if "." not in key:
                yield from _changes(value, f"{path}.{key}" if path else key)
    elif isinstance(values, bool):
        yield path, not values
    elif isinstance(values, int | float):
        yield path, int(values) + 1
    elif isinstance(values, str):
        yield path, f"{values}x" if values else "x"
    elif values is None:
        yield path, "x"
        yield path, {"x": "y"}


def every_values_file_leaves_them_as_they_are(release: Release, defaults: Release) -> None:
    _agree(defaults, release, "compared with the defaults")


def every_single_value_leaves_them_as_they_are(defaults: Release) -> None:
    """Each value of values.yaml is changed alone; what the schema refuses cannot change anything."""
    taken = refused = 0
    for path, value in _changes(chart.loaded().values):
        try:
            _agree(defaults, chart.render(chart.at(path, value)), f"{path}: {value!r}")
            taken += 1
        except Refused:
            refused += 1
    assert taken > 100 and taken > refused / 2, (taken, refused)


def the_name_of_the_release_leaves_them_as_they_are() -> None:
    """The original's names are fixed; two installations are told apart by their namespace."""
    for file in places.CI:
        values = chart.read(file)
        _agree(chart.render(values, name="one"), chart.render(values, name="another"), file.stem)
        assert _fixed(chart.render(values, name="one")).keys() == _fixed(chart.render(values, name="another")).keys()


def selectors_hold_no_label_that_changes_with_an_upgrade(release: Release) -> None:
    for found in release.objects:
        if found["kind"] in WORKLOADS and "selector" in found["spec"]:
            labels = found["spec"]["selector"]["matchLabels"]
            assert not labels.keys() & {"helm.sh/chart", "app.kubernetes.io/version"}, found["metadata"]["name"]
