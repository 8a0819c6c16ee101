"""A rolling restart moves each cashbox once, and a change of settings is one."""

from __future__ import annotations

import pytest

from harness import chart, pods
from harness.chart import Release

OWN = ("byodc", "byodc-proxy")


def a_new_pod_is_there_before_an_old_one_goes(release: Release) -> None:
    """One more, none less: every cashbox has somewhere new to go, and none moves twice."""
    for name in OWN:
        strategy = release.get("Deployment", name)["spec"]["strategy"]
        assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, name


def a_new_pod_proves_itself_before_the_next_one_goes(release: Release) -> None:
    for name in OWN:
        assert release.get("Deployment", name)["spec"]["minReadySeconds"] > 0, name


def readiness_follows_the_pod_and_liveness_only_the_process(release: Release) -> None:
    for role, pod, container in pods.roles(release):
        if role == "config-service":
            continue
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready", pod.owner
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live", pod.owner
        patience = container["startupProbe"]
        # The original's pods had 150 s to become ready; a first start may also bring schemas up to date.
        assert patience["failureThreshold"] * patience["periodSeconds"] >= 150, pod.owner


def what_holds_data_alone_is_stopped_before_it_is_started_anew(release: Release) -> None:
    """Two Redis or two databases on one volume, or two in-memory ones behind one Service, would be two truths."""
    for name in ("redis", "mysql"):
        found = release.find("Deployment", name)
        if found is not None:
            assert found["spec"]["strategy"]["type"] == "Recreate", name
            assert found["spec"].get("replicas", 1) == 1, name


def the_bundled_redis_drops_nothing_to_make_room(defaults: Release) -> None:
    """It holds who owns what: an evicted key would be a cashbox without an owner."""
    pod = pods.of(defaults, "Deployment/redis")
    words = [word for container in pod.containers() for word in container.get("command", []) + container.get("args", [])]
    configuration = [text for found in defaults.all("ConfigMap") for text in (found.get("data") or {}).values()]
    assert any("noeviction" in text for text in words + configuration)


def no_image_of_ours_or_of_the_bundled_servers_floats(defaults: Release) -> None:
    for pod in pods.templates(defaults):
        for container in pod.containers():
            tag = container["image"].rpartition(":")[2]
            assert tag not in ("latest", container["image"], "") and any(c.isdigit() for c in tag), container["image"]


SETTINGS = {
    "byodc.config.env": [{"name": "TZ", "value": "Europe/Berlin"}],
    "byodc.config.logLevel": "Debug",
    "byodc.config.helipad.baseUrl": "https://helipad.example",
}
SECRETS = {
    "journal.url": "postgres://byodc:one@postgres.example/byodc",
    "byodc.proxy": "address=http://proxy.example:3128;username=a;password=one",
}


@pytest.mark.parametrize(("path", "value"), [*SETTINGS.items(), *SECRETS.items()])
def a_changed_setting_restarts_the_pods(path: str, value: object, defaults: Release) -> None:
    assert _template(chart.render(chart.at(path, value))) != _template(defaults)


@pytest.mark.parametrize(("path", "value"), SECRETS.items())
def a_changed_secret_restarts_the_pods(path: str, value: str) -> None:
    """Its text is in a Secret, which the pod template only names: an annotation has to carry the change."""
    one, other = (chart.render(chart.at(path, text)) for text in (value, value.replace("one", "other")))
    assert _template(one) != _template(other)


def nothing_restarts_when_nothing_changed() -> None:
    """Rendered anew, everything is the same: no random password, no time of day."""
    chart.render.__globals__["_render"].cache_clear()
    once = chart.render()
    chart.render.__globals__["_render"].cache_clear()
    assert chart.render().objects == once.objects


def _template(release: Release) -> dict:
    return release.get("Deployment", "byodc")["spec"]["template"]
