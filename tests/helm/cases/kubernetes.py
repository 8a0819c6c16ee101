"""Kubernetes takes everything that is rendered, on the oldest and the newest version."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from harness import chart, custom, places

# Elements of these lists are told apart by this key. Helm 4 applies on the server, which refuses a key that comes twice.
KEYS = {"env": "name", "containers": "name", "initContainers": "name", "volumes": "name", "volumeMounts": "mountPath"}
# A DNS label (RFC 1035), as a Service's name must be one.
LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
# Kinds that belong to the cluster and not to a namespace.
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass"}


def _validate(found: dict[str, Any], kube: str) -> None:
    _validate_text(json.dumps(found, sort_keys=True), kube)


@functools.cache
def _validate_text(text: str, kube: str) -> None:
    """Most objects are the same in many values files, and the library reads its schemas anew for each."""
    found = json.loads(text)
    if custom.knows(found):
        custom.validate(found)
    else:
        # The library prints to nowhere and raises; it takes the newest schema that is not newer than asked.
        assert kubernetes_validate.validate(found, kube, strict=True) == kube


def every_object_is_valid(values_file: Path, kube: str) -> None:
    for found in chart.render(chart.read(values_file), kube=kube).objects:
        _validate(found, kube)


def every_kind_of_custom_resource_is_rendered_somewhere() -> None:
    """Else its schema would never be used, and the chart's template never be read."""
    kinds = {one["kind"] for file in places.CI for one in chart.render(chart.read(file)).objects}
    assert custom.kinds() <= kinds


@pytest.mark.parametrize("key", ["replica", "selectors", "minReadySecond"])
def the_schemas_see_a_slip_of_the_pen(key: str, kube: str) -> None:
    found = json.loads(json.dumps(chart.render().get("Deployment", "byodc")))
    found["spec"][key] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match=key):
        _validate(found, kube)


def nothing_is_named_twice_in_a_list(release: chart.Release) -> None:
    for found in release.objects:
        _assert_unique(found, f"{found['kind']}/{found['metadata']['name']}")


def no_object_is_rendered_twice(release: chart.Release) -> None:
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in release.objects]
    assert len(names) == len(set(names)), sorted(one for one in names if names.count(one) > 1)


def every_object_lies_in_the_namespace_of_the_release(values_file: Path) -> None:
    rendered = chart.render(chart.read(values_file), namespace="elsewhere")
    for found in rendered.objects:
        if found["kind"] not in CLUSTER_WIDE:
            assert found["metadata"].get("namespace", "elsewhere") == "elsewhere", found["metadata"]


def two_installations_share_no_cluster_wide_object(values_file: Path) -> None:
    values = chart.read(values_file)
    one, other = (chart.render(values, namespace=name) for name in ("north", "south"))
    names = [{_id(found) for found in release.objects if found["kind"] in CLUSTER_WIDE} for release in (one, other)]
    assert not names[0] & names[1]


def a_services_name_is_a_dns_label(release: chart.Release) -> None:
    for found in release.all("Service"):
        assert LABEL.fullmatch(found["metadata"]["name"])


def every_object_says_to_which_release_it_belongs(release: chart.Release) -> None:
    extra = release.values.get("extraObjects") or []
    for found, source in zip(release.objects, release.sources, strict=True):
        if extra and "extra" in source:
            continue
        labels = found["metadata"].get("labels") or {}
        assert labels.get("app.kubernetes.io/instance") == "till", f"{source}: {found['kind']}"
        assert labels.get("app.kubernetes.io/managed-by") == "Helm", f"{source}: {found['kind']}"


def _id(found: dict[str, Any]) -> tuple[str, str]:
    return found["kind"], found["metadata"]["name"]


def _assert_unique(part: Any, path: str) -> None:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in KEYS and isinstance(value, list):
                names = [one[KEYS[key]] for one in value]
                assert len(names) == len(set(names)), f"{path}.{key}: {names}"
            _assert_unique(value, f"{path}.{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            _assert_unique(value, f"{path}[{index}]")
