"""The Pod Security Standard "restricted", and what we ask of a pod beyond it.

Written from https://kubernetes.io/docs/concepts/security/pod-security-standards/ (the profile of Kubernetes 1.25 and
later). Each rule has a name, so that an exception can name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.pods import PodTemplate

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
# Safe in every version from 1.25 on; what became safe later would be refused by an older cluster.
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(pod: PodTemplate) -> set[tuple[str, str]]:
    """Every rule that is broken, with the container (or "pod") that breaks it."""
    found = {("pod", rule) for rule in _pod(pod.spec)}
    for container in pod.containers():
        found |= {(container["name"], rule) for rule in _container(container, pod.spec.get("securityContext") or {})}
    return found


def _pod(spec: dict[str, Any]) -> Iterator[str]:
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        yield "host namespaces"
    if any(len(volume.keys() - {"name"} - VOLUMES) for volume in spec.get("volumes", [])):
        yield "volume types"
    context = spec.get("securityContext") or {}
    if any(one["name"] not in SYSCTLS for one in context.get("sysctls", [])):
        yield "sysctls"
    if context.get("runAsUser") == 0:
        yield "root user"
    # Beyond the standard: no pod talks to the API server unless it says why.
    if spec.get("automountServiceAccountToken") is not False:
        yield "service account token"


def _container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    context = container.get("securityContext") or {}
    effective = {**pod, **context}
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "privilege escalation"
    if effective.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "root user"
    if (effective.get("seccompProfile") or {}).get("type") not in SECCOMP:
        yield "seccomp"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if context.get("procMount", "Default") != "Default":
        yield "proc mount"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "host ports"
    # Beyond the standard.
    if context.get("readOnlyRootFilesystem") is not True:
        yield "writable root"
    if not (container.get("resources") or {}).get("limits", {}).get("memory"):
        yield "no memory limit"
