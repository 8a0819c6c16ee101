"""Renders the chart with the real Helm engine.

A set of values is rendered once, however many tests look at what came out. Values files are read by Helm's own
reader: it takes `900_000` for a number, which other readers of YAML do not.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart, HelmError, _native, values_from_yaml

from harness import places

NAMESPACE = "shops"
# The oldest and the newest Kubernetes whose schemas kubernetes-validate has and Chart.yaml allows.
OLDEST = "1.25"
NEWEST = "1.37"


@dataclass(frozen=True)
class Release:
    """What an installation with these values would create."""

    values: dict[str, Any] = field(repr=False)
    objects: list[dict[str, Any]] = field(repr=False)
    notes: str = field(repr=False)
    # Which template each object came from, in the order of `objects`.
    sources: list[str] = field(repr=False)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind."""
        return [found for found in self.objects if found["kind"] == kind]

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        """The one object of this kind and name."""
        found = [one for one in self.all(kind) if one["metadata"]["name"] == name]
        assert len(found) <= 1, f"{kind}/{name} is rendered {len(found)} times"
        return found[0] if found else None

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """As `find`, where it must be there."""
        found = self.find(kind, name)
        names = sorted(f"{one['kind']}/{one['metadata']['name']}" for one in self.objects)
        assert found is not None, f"no {kind}/{name} among {names}"
        return found


class Refused(Exception):
    """Helm does not install with these values; the text is what the operator reads."""


def read(path: Path) -> dict[str, Any]:
    """A values file, as Helm reads it."""
    return values_from_yaml(path.read_text()) or {}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """One set of values over another, as two `-f` would be: maps merge, everything else is replaced."""
    result = deepcopy(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = deepcopy(value)
    return result


def at(path: str, value: Any) -> dict[str, Any]:
    """Values with one entry, `at("byodc.config.replicas", 3)`."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def render(
    values: dict[str, Any] | None = None,
    *,
    kube: str = NEWEST,
    namespace: str = NAMESPACE,
    name: str = "till",
    apis: tuple[str, ...] = (),
) -> Release:
    """Renders as `helm template` does; raises `Refused` with Helm's own words."""
    return _render(json.dumps(values or {}, sort_keys=True), kube, namespace, name, apis)


def refusal(values: dict[str, Any]) -> str:
    """Helm's words about values that it must refuse."""
    try:
        render(values)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"the chart takes {json.dumps(values)}")


@cache
def loaded() -> Chart:
    """The chart as it lies in the repository."""
    return Chart.load(places.CHART)


@cache
def _render(values: str, kube: str, namespace: str, name: str, apis: tuple[str, ...]) -> Release:
    # Chart.render() has no arguments for the version and APIs of the cluster; the library below it has.
    options = {"name": name, "namespace": namespace, "kube_version": f"v{kube}.0", "is_install": True}
    if apis:
        options["api_versions"] = list(apis)
    try:
        out = _native.call_string("helm_render", loaded()._raw(), values, json.dumps(options))
    except HelmError as error:
        raise Refused(str(error)) from error
    return _release(json.loads(values), json.loads(out))


def _release(values: dict[str, Any], manifests: dict[str, str]) -> Release:
    objects, sources, notes = [], [], ""
    for path, text in sorted(manifests.items()):
        if path.endswith("NOTES.txt"):
            notes = text
            continue
        for document in yaml.load_all(text, Loader=_Strict):
            if document is not None:
                objects.append(document)
                sources.append(path)
    return Release(values=values, objects=objects, notes=notes, sources=sources)


class _Strict(yaml.CSafeLoader):
    """Refuses a key that stands twice in one map, of which Kubernetes would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in seen if seen.count(key) > 1}
        assert not twice, f"{node.start_mark}: twice in one map: {sorted(twice)}"
        return super().construct_mapping(node, deep)
