"""Who may talk to whom under a release's NetworkPolicies.

A small model of what Kubernetes promises: a pod that no policy of a direction selects is open in that direction; one
that some policy selects may do what any of them allows. A way is open when both ends allow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from harness import labels
from harness.chart import NAMESPACE, Release


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod by its labels and namespace, or an address outside of the cluster."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    address: str | None = None

    def namespace_labels(self) -> dict[str, str]:
        """Every namespace carries its name as a label."""
        return {"kubernetes.io/metadata.name": self.namespace}


def allowed(release: Release, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection from one end to the other is let through."""
    return _leaves(release, source, target, port, protocol) and _enters(release, source, target, port, protocol)


def _leaves(release: Release, source: End, target: End, port: int, protocol: str) -> bool:
    policies = _of(release, source, "Egress")
    rules = [rule for policy in policies for rule in policy["spec"].get("egress") or []]
    return not policies or any(_rule(rule, "to", target, port, protocol) for rule in rules)


def _enters(release: Release, source: End, target: End, port: int, protocol: str) -> bool:
    policies = _of(release, target, "Ingress")
    rules = [rule for policy in policies for rule in policy["spec"].get("ingress") or []]
    return not policies or any(_rule(rule, "from", source, port, protocol) for rule in rules)


def _of(release: Release, end: End, direction: str) -> list[dict[str, Any]]:
    if end.address is not None or end.namespace != NAMESPACE:
        return []
    return [
        policy
        for policy in release.all("NetworkPolicy")
        if direction in policy["spec"]["policyTypes"] and labels.matches(policy["spec"]["podSelector"], end.labels)
    ]


def _rule(rule: dict[str, Any], peers: str, end: End, port: int, protocol: str) -> bool:
    ports = rule.get("ports") or []
    if ports and not any(_port(one, port, protocol) for one in ports):
        return False
    return not rule.get(peers) or any(_peer(one, end) for one in rule[peers])


def _port(allowed_port: dict[str, Any], port: int, protocol: str) -> bool:
    first = allowed_port.get("port", 0)
    assert isinstance(first, int), f"a policy should name ports by number: {allowed_port}"
    within = "port" not in allowed_port or first <= port <= allowed_port.get("endPort", first)
    return within and allowed_port.get("protocol", "TCP") == protocol


def _peer(peer: dict[str, Any], end: End) -> bool:
    if "ipBlock" in peer:
        if end.address is None:
            return False
        address = ip_address(end.address)
        excepted = any(address in ip_network(one) for one in peer["ipBlock"].get("except", []))
        return address in ip_network(peer["ipBlock"]["cidr"]) and not excepted
    if end.address is not None:
        return False
    if "namespaceSelector" in peer:
        chosen = labels.matches(peer["namespaceSelector"] or {}, end.namespace_labels())
    else:
        chosen = end.namespace == NAMESPACE
    return chosen and labels.matches(peer.get("podSelector") or {}, end.labels)
