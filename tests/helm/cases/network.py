"""With network policies on, every way that is needed is open, and the others are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import chart, policies, pods
from harness.chart import Release
from harness.policies import End

VALUES = {
    "networkPolicy": {"enabled": True, "egress": {"enabled": True}},
    "mysql": {"enabled": True},
    "configService": {"enabled": True, "existingSecret": "cashboxes"},
    "fcc": {"instances": [{"vtssId": "fcc-1", "vtssSecret": "x"}]},
    "loadbalancer": {"config": {"tls": {"existingSecret": "tls"}}},
    "tracing": {"endpoint": "http://collector.observability:4318"},
}
POS = End(address="198.51.100.7")
ANYWHERE = End(address="203.0.113.9")
PROMETHEUS = End({"app.kubernetes.io/name": "prometheus"}, "monitoring")
OPERATOR = End({"byodc-operator": "true"})
STRANGER = End({"app": "webshop"})
STRANGER_ELSEWHERE = End({"app": "webshop"}, "webshop")
DNS = End({"k8s-app": "kube-dns"}, "kube-system")
COLLECTOR = End({"app": "collector"}, "observability")

PODS = {
    "proxy": "Deployment/byodc-proxy",
    "backend": "Deployment/byodc",
    "redis": "Deployment/redis",
    "mysql": "Deployment/mysql",
    "config-service": "Deployment/byodc-config-service",
    "fcc": "StatefulSet/fcc-1",
    "helm test": "Pod/byodc-test",
}
ENDS = {
    "POS": POS,
    "anywhere": ANYWHERE,
    "prometheus": PROMETHEUS,
    "operator": OPERATOR,
    "stranger": STRANGER,
    "stranger elsewhere": STRANGER_ELSEWHERE,
    "dns": DNS,
    "collector": COLLECTOR,
}

NEEDED = [
    ("POS", "proxy", 80),
    ("POS", "proxy", 443),
    ("helm test", "proxy", 80),
    ("proxy", "backend", 80),
    ("backend", "backend", 8081),
    ("backend", "redis", 6379),
    ("proxy", "redis", 6379),
    ("backend", "mysql", 3306),
    ("backend", "config-service", None),
    ("backend", "fcc", 20001),
    # Configuration service and TSE in the cloud, databases and Redis of one's own.
    ("backend", "anywhere", 443),
    ("backend", "anywhere", 3306),
    ("backend", "anywhere", 5432),
    ("backend", "anywhere", 6379),
    ("proxy", "anywhere", 6379),
    ("backend", "collector", 4318),
    ("proxy", "collector", 4318),
    ("prometheus", "backend", 8080),
    ("prometheus", "proxy", 8080),
    ("operator", "backend", 8081),
    ("operator", "proxy", 8081),
]
FORBIDDEN = [
    ("POS", "backend", 80),
    ("POS", "backend", 8081),
    ("POS", "proxy", 8080),
    ("POS", "proxy", 8081),
    ("proxy", "mysql", 3306),
    ("proxy", "config-service", None),
    ("proxy", "anywhere", 443),
    ("stranger", "backend", 80),
    ("stranger", "backend", 8081),
    ("stranger", "proxy", 8081),
    ("stranger", "redis", 6379),
    ("stranger", "mysql", 3306),
    ("stranger", "config-service", None),
    ("stranger elsewhere", "backend", 8081),
    ("stranger elsewhere", "redis", 6379),
    ("prometheus", "backend", 8081),
    ("prometheus", "backend", 80),
    ("fcc", "backend", 8081),
    ("redis", "backend", 8081),
    ("backend", "anywhere", 25),
]


@pytest.fixture(scope="module")
def closed() -> Release:
    """Everything that the chart can bring along, with policies on."""
    return chart.render(VALUES)


def _end(release: Release, name: str) -> End:
    return ENDS[name] if name in ENDS else End(pods.of(release, PODS[name]).labels)


def _port(release: Release, target: str, port: int | None) -> int:
    if port is not None:
        return port
    (only,) = pods.of(release, PODS[target]).ports().values()
    return only


def _is_open(release: Release, source: str, target: str, port: int | None) -> bool:
    ends = _end(release, source), _end(release, target)
    return policies.allowed(release, *ends, _port(release, target, port))


@pytest.mark.parametrize(("source", "target", "port"), NEEDED)
def a_needed_way_is_open(source: str, target: str, port: int | None, closed: Release) -> None:
    assert _is_open(closed, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), FORBIDDEN)
def any_other_way_is_closed(source: str, target: str, port: int | None, closed: Release) -> None:
    assert not _is_open(closed, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), NEEDED + FORBIDDEN)
def without_policies_every_way_is_open(source: str, target: str, port: int | None) -> None:
    plain = chart.render(chart.merged(VALUES, {"networkPolicy": {"enabled": False}}))
    assert plain.all("NetworkPolicy") == []
    assert _is_open(plain, source, target, port)


@pytest.mark.parametrize("source", ["proxy", "backend"])
@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def names_can_be_looked_up(source: str, protocol: str, closed: Release) -> None:
    assert policies.allowed(closed, _end(closed, source), DNS, 53, protocol)


def only_named_clients_reach_the_proxy_where_some_are_named() -> None:
    clients = {"networkPolicy": {"clients": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}}
    release = chart.render(chart.merged(VALUES, clients))
    assert _is_open(release, "POS", "proxy", 443)
    assert not _is_open(release, "anywhere", "proxy", 443)
    assert _is_open(release, "helm test", "proxy", 80)


def every_port_of_a_pod_of_ours_is_in_one_of_the_tables(closed: Release) -> None:
    """A port that is opened later must be thought about here."""
    known = set(_ports(closed, NEEDED))
    for owner in ("proxy", "backend"):
        for port in pods.of(closed, PODS[owner]).ports().values():
            assert (owner, port) in known, f"{owner}:{port}"


def _ports(release: Release, table: list[tuple[str, str, int | None]]) -> Iterator[tuple[str, int]]:
    for _, target, port in table:
        if target in PODS:
            yield target, _port(release, target, port)
