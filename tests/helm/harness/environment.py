"""What a container's environment comes to once Kubernetes has filled it in.

Values of the chart's own Secrets and ConfigMaps are looked up in what was rendered. A Secret that the operator has
made beforehand has no content here: what its variable could hold is taken from `SAMPLES`.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from harness.chart import Release
from harness.pods import PodTemplate

# What a well-formed secret that exists beforehand might hold, by the variable that carries it.
SAMPLES = {
    "REDIS_PASSWORD": "sample",
    "Redis__ConnectionString": "redis.example:6380,ssl=true,password=sample",
    "Byodc__Journal__Url": "postgres://byodc:sample@postgres.example/byodc",
    "Byodc__Ownership__Url": "postgres://byodc:sample@postgres.example/byodc",
    "Byodc__Configuration__Key": base64.b64encode(bytes(32)).decode(),
    "Byodc__Configuration__PreviousKey": base64.b64encode(bytes(32)).decode(),
    "Byodc__Admin__Keys": "sample:operate:" + 64 * "0",
    "Byodc__Peer__Key": 48 * "k",
    "Proxy": "address=http://proxy.example:3128;username=till;password=sample",
}

FIELDS = {
    "metadata.name": "byodc-5d7f9c6b8-x2k4q",
    "metadata.namespace": "shops",
    "metadata.uid": "5a3f6c1e-0000-4000-8000-000000000001",
    "metadata.labels['pod-template-hash']": "5d7f9c6b8",
    "status.podIP": "10.42.0.17",
    "status.hostIP": "10.0.0.5",
    "spec.nodeName": "node-1",
    "spec.serviceAccountName": "byodc",
}
_REFERENCE = re.compile(r"\$\((\w+)\)")


def of(release: Release, pod: PodTemplate, container: dict[str, Any]) -> dict[str, str]:
    """The variables that the process sees."""
    # What Kubernetes gives every container.
    environment = {
        "HOSTNAME": FIELDS["metadata.name"],
        "KUBERNETES_SERVICE_HOST": "10.43.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
    for source in container.get("envFrom", []):
        environment |= _all_of(release, source)
    for variable in container.get("env", []):
        value = _value(release, pod, variable)
        if value is not None:
            # As Kubernetes does it: a reference to something unknown stays as it is written.
            expanded = _REFERENCE.sub(lambda found: environment.get(found[1], found[0]), value)
            environment[variable["name"]] = expanded
    return environment


def data(found: dict[str, Any]) -> dict[str, str]:
    """The content of a Secret or a ConfigMap, as text."""
    if found["kind"] == "ConfigMap":
        return found.get("data") or {}
    decoded = {key: base64.b64decode(value, validate=True).decode() for key, value in (found.get("data") or {}).items()}
    return decoded | (found.get("stringData") or {})


def _value(release: Release, pod: PodTemplate, variable: dict[str, Any]) -> str | None:
    if "valueFrom" not in variable:
        return variable.get("value", "")
    (source, reference), = variable["valueFrom"].items()
    if source == "fieldRef":
        return _field(pod, reference["fieldPath"])
    if source == "resourceFieldRef":
        return "1"
    kind = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}[source]
    found = release.find(kind, reference["name"])
    if found is not None:
        content = data(found)
        assert reference["key"] in content or reference.get("optional"), (
            f"{pod.owner}: {variable['name']} wants {kind}/{reference['name']}'s {reference['key']}"
        )
        return content.get(reference["key"])
    assert variable["name"] in SAMPLES, f"{pod.owner}: no sample for {variable['name']}"
    return SAMPLES[variable["name"]]


def _field(pod: PodTemplate, path: str) -> str:
    label = re.fullmatch(r"metadata\.labels\['(.+)'\]", path)
    if label and label[1] in pod.labels:
        return pod.labels[label[1]]
    return FIELDS[path]


def _all_of(release: Release, source: dict[str, Any]) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
        if key in source:
            found = release.find(kind, source[key]["name"])
            return {prefix + name: value for name, value in data(found).items()} if found else {}
    raise AssertionError(f"envFrom with neither a Secret nor a ConfigMap: {source}")
