"""Every pod holds to the Pod Security Standard "restricted", and to a little more."""

from __future__ import annotations

import copy

import pytest

from harness import chart, places, pods, restricted
from harness.chart import Release
from harness.pods import PodTemplate

# What an image of somebody else needs, and why. Nothing else may break a rule.
FCC_IMAGE = "fscloudapps.azurecr.io/servicestack/fiskal-cloud-connector"
EXCEPTIONS: dict[str, set[str]] = {
    # The vendor's image decides on its user, its files and what it does before it gives privileges up; it cannot be
    # tried out here.
    FCC_IMAGE: {"root user", "writable root", "capabilities"},
}
# Pods that ask the API server for something: the pod's own deletion cost.
TALKS_TO_KUBERNETES = {"Deployment/byodc"}


def _allowed(pod: PodTemplate) -> set[str]:
    allowed = set()
    for container in pod.containers():
        image = container["image"].rsplit(":", 1)[0]
        allowed |= next((rules for known, rules in EXCEPTIONS.items() if image.endswith(known)), set())
    if pod.owner in TALKS_TO_KUBERNETES and _writes_deletion_cost(pod):
        allowed.add("service account token")
    return allowed


def _writes_deletion_cost(pod: PodTemplate) -> bool:
    names = {one["name"]: one.get("value") for container in pod.containers() for one in container.get("env", [])}
    return names.get("Byodc__Kubernetes__DeletionCostSeconds", "0") != "0"


def every_pod_is_restricted(release: Release) -> None:
    for pod in pods.templates(release):
        broken = {(part, rule) for part, rule in restricted.violations(pod) if rule not in _allowed(pod)}
        assert broken == set(), pod.owner


def every_exception_is_needed() -> None:
    """An exception that nothing uses any more would hide the next mistake."""
    used: dict[str, set[str]] = {image: set() for image in EXCEPTIONS}
    for file in places.CI + places.ORIGINAL:
        for pod in pods.templates(chart.render(chart.read(file))):
            for image in EXCEPTIONS:
                if any(image in container["image"] for container in pod.containers()):
                    used[image] |= {rule for _, rule in restricted.violations(pod)}
    assert used == EXCEPTIONS


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("host namespaces", lambda spec: spec.update(hostNetwork=True)),
        ("volume types", lambda spec: spec.setdefault("volumes", []).append({"name": "x", "hostPath": {"path": "/"}})),
        ("sysctls", lambda spec: spec["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}])),
        ("service account token", lambda spec: spec.pop("automountServiceAccountToken")),
        ("privileged", lambda spec: spec["containers"][0]["securityContext"].update(privileged=True)),
        (
            "privilege escalation",
            lambda spec: spec["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"),
        ),
        ("root user", lambda spec: spec["containers"][0]["securityContext"].update(runAsUser=0)),
        (
            "seccomp",
            lambda spec: spec["containers"][0]["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        ),
        ("capabilities", lambda spec: spec["containers"][0]["securityContext"].pop("capabilities")),
        ("host ports", lambda spec: spec["containers"][0]["ports"][0].update(hostPort=80)),
        ("writable root", lambda spec: spec["containers"][0]["securityContext"].pop("readOnlyRootFilesystem")),
        ("no memory limit", lambda spec: spec["containers"][0].pop("resources")),
    ],
)
def each_rule_sees_who_breaks_it(rule: str, change: object, defaults: Release) -> None:
    sound = pods.of(defaults, "Deployment/byodc")
    assert restricted.violations(sound) == set()
    broken = copy.deepcopy(sound)
    change(broken.spec)  # type: ignore[operator]
    assert {found for _, found in restricted.violations(broken)} == {rule}


def a_port_below_1024_is_opened_through_the_safe_sysctl(release: Release) -> None:
    for _, pod, container in pods.roles(release):
        if any(port["containerPort"] < 1024 for port in container.get("ports", [])):
            sysctls = {one["name"]: one["value"] for one in pod.spec["securityContext"].get("sysctls", [])}
            assert int(sysctls.get("net.ipv4.ip_unprivileged_port_start", "1024")) <= 80, pod.owner


def what_a_process_writes_lies_in_a_volume(release: Release) -> None:
    """The root is read-only; exports of a pod go to /tmp."""
    for role, pod, container in pods.roles(release):
        if role != "backend":
            continue
        mounts = {one["mountPath"]: one["name"] for one in container.get("volumeMounts", [])}
        volumes = {one["name"]: one for one in pod.spec.get("volumes", [])}
        assert "emptyDir" in volumes[mounts["/tmp"]]
