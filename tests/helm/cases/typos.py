"""A slip of the pen in a values file is refused, with its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness import chart



def _maps(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """Each map among the default values; an empty one may be free."""
    yield path
    for key, value in values.items():
        if isinstance(value, dict) and "." not in key:
            yield from _maps(value, f"{path}.{key}" if path else key)


def _sections() -> list[str]:
    return list(_maps(chart.loaded().values))


def _shape(path: str) -> dict[str, Any]:
    """The schema of one section."""
    schema = root = chart.loaded().schema
    assert root is not None
    for part in path.split(".") if path else []:
        schema = _resolved(schema, root)["properties"][part]
    return _resolved(schema, root)


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema or "allOf" in schema:
        if "allOf" in schema:
            schema = schema["allOf"][0]
            continue
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _is_free(path: str) -> bool:
    return _shape(path).get("additionalProperties") is not False


def a_wrong_key_is_refused_in_every_section_of_ours() -> None:
    """The path and the key are in Helm's words."""
    sections = [path for path in _sections() if not _is_free(path)]
    assert len(sections) > 30, sections
    for path in sections:
        said = chart.refusal(chart.at(f"{path}.repilcas" if path else "repilcas", 1))
        assert "repilcas" in said, said
        assert f"'{'/' if path else ''}{path.replace('.', '/')}'" in said, said


def a_section_is_free_only_where_its_keys_are_the_operators() -> None:
    free = {path.rpartition(".")[2] for path in _sections() if _is_free(path)}
    own = {
        "nodeSelector", "limits", "requests", "resources", "labels", "annotations", "podLabels", "podAnnotations",
        "affinity", "securityContext", "podSecurityContext", "ruleLabels",
        # Charts around this one put their own values there, and ids of cashboxes are keys.
        "global", "cashboxes",
    }  # fmt: skip
    assert free <= own, free - own


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("byodc.image.pullsecret", "registry-login"),
        ("byodc.image.name", "byodc: latest"),
        ("byodc.image.tag", "0.1.0 "),
        ("redis.image.tag", ""),
        ("byodc.config.repilcas", 3),
        ("byodc.config.replicas", "three"),
        ("byodc.config.replicas", -1),
        ("byodc.config.redis.prot", 6380),
        ("byodc.config.redis.port", 70000),
        ("byodc.config.helipad.baseurl", "https://helipad.example"),
        ("byodc.config.helipad.baseUrl", "helipad.example"),
        ("byodc.config.logLevel", "Verbose"),
        ("byodc.config.timeout.al", 1),
        ("byodc.config.timeout.all", "a while"),
        ("byodc.config.env", {"TZ": "Europe/Berlin"}),
        ("byodc.config.env", [{"nam": "TZ", "value": "x"}]),
        ("byodc.proxy.htttp", "http://proxy.example"),
        ("byodc.proxy", 3128),
        ("fcc.instances", [{"vtssid": "fcc-1", "vtssSecret": "x"}]),
        ("fcc.instances", [{"vtssSecret": "x"}]),
        ("fcc.instances", [{"vtssId": "Not A Name", "vtssSecret": "x"}]),
        ("fcc.config.storage.size", "1Gi"),
        ("redis.enable", True),
        ("redis.enabled", "yes"),
        ("mysql.enabled", "true"),
        ("loadbalancer.config.tls.Keybase64", "eA=="),
        ("loadbalancer.tls", {}),
        ("emissary.host", "tills.example"),
        ("emissary.use", "yes"),
        ("prometheus.deployServiceMonitors", True),
        ("proxy.replicas", "2 or 3"),
        ("ingress.enable", True),
        ("gateway.enable", True),
        ("networkPolicy.enable", True),
        ("metrics.serviceMonitor.enable", True),
        ("admin.keys", [{"name": "ops", "role": "admin", "key": "x"}]),
        ("journal.uri", "sqlite://x"),
        ("tls.certmanager", {"enabled": True}),
        ("extraObject", []),
    ],
)
def a_slip_is_named_with_its_path(path: str, value: object) -> None:
    said = chart.refusal(chart.at(path, value))
    assert path.split(".")[0] in said and path.rpartition(".")[2] in said, said
    assert "schema" in said, said


def the_defaults_hold_to_their_own_schema() -> None:
    chart.loaded().validate_schema({})


def every_default_value_has_a_place_in_the_schema() -> None:
    """Else the schema would refuse a value that values.yaml offers."""
    for path in _sections():
        for key in _shape_keys(path):
            assert not _is_free(path) or key, path


def _shape_keys(path: str) -> list[str]:
    values: Any = chart.loaded().values
    for part in path.split(".") if path else []:
        values = values[part]
    known = _shape(path).get("properties", {})
    missing = [key for key in values if key not in known and not _is_free(path)]
    assert missing == [], f"{path}: {missing}"
    return list(values)
