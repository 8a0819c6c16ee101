"""One chart for clusters of IPv4, of IPv6 and of both: nobody tells it which."""

from __future__ import annotations

import pytest

from harness import binary, chart, environment, pods
from harness.chart import Release

POD_IPS = ["10.42.0.17", "fd00:42::17", "fd00:42:0:0:0:0:0:17"]


def every_listener_takes_both_families(release: Release) -> None:
    listening = [
        (variable["name"], variable["value"])
        for _, _, container in pods.roles(release)
        for variable in container.get("env", [])
        if variable["name"].endswith("Listen")
    ]
    assert len(listening) >= 6
    for name, value in listening:
        assert value.startswith("[::]:"), name


@pytest.mark.parametrize("pod_ip", POD_IPS)
def a_pod_tells_its_address_in_either_family(pod_ip: str, defaults: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes gives it without brackets, and the binary takes it so."""
    monkeypatch.setitem(environment.FIELDS, "status.podIP", pod_ip)
    pod = pods.of(defaults, "Deployment/byodc")
    told = environment.of(defaults, pod, pod.spec["containers"][0])
    assert told["Byodc__Pod__Address"] == f"{pod_ip}:80"
    checked = binary.config_check("backend", told)
    assert checked.returncode == 0, checked.stderr


def an_address_without_its_port_is_refused(defaults: Release) -> None:
    """The check above could not fail otherwise."""
    pod = pods.of(defaults, "Deployment/byodc")
    told = environment.of(defaults, pod, pod.spec["containers"][0]) | {"Byodc__Pod__Address": "fd00:42:0:0:0:0:0:17"}
    assert binary.config_check("backend", told).returncode != 0


@pytest.mark.parametrize("policy", ["SingleStack", "PreferDualStack", "RequireDualStack"])
def pos_systems_may_be_given_an_address_of_each_family(policy: str) -> None:
    service = chart.render(chart.at("proxy.service.ipFamilyPolicy", policy)).get("Service", "byodc-proxy")
    assert service["spec"]["ipFamilyPolicy"] == policy


def without_a_policy_the_cluster_decides(defaults: Release) -> None:
    for service in defaults.all("Service"):
        assert not {"ipFamilyPolicy", "ipFamilies"} & set(service["spec"]), service["metadata"]["name"]
