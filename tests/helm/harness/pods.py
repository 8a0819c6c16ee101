"""The pod templates in a release, wherever an object carries one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.chart import Release

BYODC_ROLES = ("backend", "proxy", "config-service")


@dataclass(frozen=True)
class PodTemplate:
    """A pod as it would be created, and who creates it."""

    owner: str
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: dict[str, Any]

    def containers(self) -> list[dict[str, Any]]:
        """Every container, those that run first included."""
        return self.spec.get("initContainers", []) + self.spec["containers"]

    def ports(self) -> dict[str, int]:
        """Its named ports."""
        found = [port for one in self.spec["containers"] for port in one.get("ports", [])]
        return {port["name"]: port["containerPort"] for port in found if "name" in port}


def templates(release: Release) -> list[PodTemplate]:
    """Every pod template of a release."""
    return list(_templates(release))


def of(release: Release, owner: str) -> PodTemplate:
    """The pod template of `Kind/name`."""
    kind, name = owner.split("/")
    found = _template(release.get(kind, name))
    assert found is not None, f"{owner} has no pods"
    return found


def roles(release: Release) -> Iterator[tuple[str, PodTemplate, dict[str, Any]]]:
    """The containers that run byodc as a server: role, pod, container."""
    for pod in templates(release):
        for container in pod.spec["containers"]:
            words = container.get("command", []) + container.get("args", [])
            role = next((word for word in words if word in BYODC_ROLES), None)
            if role is not None:
                yield role, pod, container


def _templates(release: Release) -> Iterator[PodTemplate]:
    for found in release.objects:
        pod = _template(found)
        if pod is not None:
            yield pod


def _template(found: dict[str, Any]) -> PodTemplate | None:
    owner = f"{found['kind']}/{found['metadata']['name']}"
    if found["kind"] == "Pod":
        return _pod(owner, found)
    spec = found.get("spec") or {}
    if found["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template") if isinstance(spec, dict) else None
    if isinstance(template, dict) and "containers" in template.get("spec", {}):
        return _pod(owner, template)
    return None


def _pod(owner: str, template: dict[str, Any]) -> PodTemplate:
    metadata = template.get("metadata") or {}
    return PodTemplate(
        owner=owner,
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        spec=template["spec"],
    )
