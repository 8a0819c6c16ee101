"""The real binary takes the environment that is rendered, and knows every name in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import binary, chart, environment, places, pods
from harness.chart import Release

# Not in the table of settings: what every program understands, where TLS libraries look for authorities, what the chart
# itself needs to put an address together, and what the original read and we take without effect.
FOREIGN = {
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY", "POD_IP", "REDIS_PASSWORD",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
    "ApplicationInsights__InstrumentationKey", "PosApi__BaseUrl",
}  # fmt: skip


def the_binary_accepts_the_environment_without_a_warning(release: Release, tmp_path: Path) -> None:
    checked = []
    for role, pod, container in pods.roles(release):
        given = environment.of(release, pod, container)
        told = binary.config_check(role, _with_directories_here(given, container, tmp_path))
        said = [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("warning")]
        assert told.returncode == 0, f"{pod.owner}: {told.stderr}"
        assert said == [], pod.owner
        checked.append(role)
    assert {"backend", "proxy"} <= set(checked)


def every_setting_is_one_that_the_role_reads(release: Release) -> None:
    given_by_hand = _given_by_hand(release)
    for role, pod, container in pods.roles(release):
        for variable in container.get("env", []):
            name = variable["name"]
            if name in FOREIGN | given_by_hand or name.startswith("Logging__LogLevel__"):
                continue
            assert role in binary.settings().get(name, set()), f"{pod.owner}: {role} does not read {name}"


def names_are_written_as_the_table_writes_them(release: Release) -> None:
    """They are read without regard to case, but people search for them as they are documented."""
    known = {name.lower(): name for name in binary.settings()}
    for _, pod, container in pods.roles(release):
        for variable in container.get("env", []):
            assert known.get(variable["name"].lower(), variable["name"]) == variable["name"], pod.owner


def both_roles_agree_on_what_they_share(release: Release) -> None:
    """Ownership, channel and lease are one thing seen from two sides."""
    shared = [name for name, roles in binary.settings().items() if {"proxy", "backend"} <= roles]
    own = {"Byodc__Drain__GraceSeconds"} | _given_by_hand(release)
    seen = {
        role: environment.of(release, pod, container)
        for role, pod, container in pods.roles(release)
        if pod.owner in ("Deployment/byodc", "Deployment/byodc-proxy")
    }
    assert "Redis__Channel" in shared
    for name in shared:
        if name not in own:
            assert seen["proxy"].get(name) == seen["backend"].get(name), name


def a_pod_tells_others_where_it_is(defaults: Release) -> None:
    pod = pods.of(defaults, "Deployment/byodc")
    told = environment.of(defaults, pod, pod.spec["containers"][0])
    assert told["Byodc__Pod__Name"] == "byodc-5d7f9c6b8-x2k4q"
    assert told["Byodc__Pod__Address"] == "10.42.0.17:80"
    assert told["Byodc__Pod__AdminAddress"] == "10.42.0.17:8081"
    assert told["Byodc__Pod__Generation"] == "5d7f9c6b8"


def a_large_number_is_written_without_an_exponent() -> None:
    """Helm hands numbers to templates as floats: 1000000 becomes 1e+06 unless the template takes care."""
    rendered = chart.render(chart.at("byodc.config.timeout.all", 3_600_000))
    pod = pods.of(rendered, "Deployment/byodc-proxy")
    assert environment.of(rendered, pod, pod.spec["containers"][0])["Byodc__Proxy__DeadlineMs"] == "3600000"


@pytest.mark.parametrize("written", [900_000, "900_000", "900000"])
def a_time_may_be_a_number_or_a_text(written: object) -> None:
    """`--set byodc.config.timeout.all=900_000` gives a text, a values file a number."""
    rendered = chart.render(chart.at("byodc.config.timeout.all", written))
    pod = pods.of(rendered, "Deployment/byodc-proxy")
    assert environment.of(rendered, pod, pod.spec["containers"][0])["Byodc__Proxy__DeadlineMs"] == "900000"


def what_env_says_comes_last() -> None:
    """Also over what the chart sets itself; Kubernetes sees the name once."""
    values = chart.at("byodc.config.env", [{"name": "Byodc__Lease__Seconds", "value": "17"}])
    pod = pods.of(chart.render(values), "Deployment/byodc")
    found = [one for one in pod.spec["containers"][0]["env"] if one["name"] == "Byodc__Lease__Seconds"]
    assert found == [{"name": "Byodc__Lease__Seconds", "value": "17"}]


def each_role_of_the_binary_is_checked_by_some_values_file() -> None:
    found = {role for file in places.CI for role, _, _ in pods.roles(chart.render(chart.read(file)))}
    assert found == set(pods.BYODC_ROLES)


def the_binary_refuses_what_it_does_not_understand(defaults: Release) -> None:
    """The check above could not fail otherwise."""
    pod = pods.of(defaults, "Deployment/byodc")
    sound = environment.of(defaults, pod, pod.spec["containers"][0])
    assert binary.config_check("backend", sound | {"Byodc__Drain__Seconds": "soon"}).returncode != 0
    told = binary.config_check("backend", sound | {"Byodc__Drain__Second": "1"})
    assert told.returncode != 0
    assert "byodc__drain__second: no such setting" in told.stderr


def _with_directories_here(given: dict[str, str], container: dict[str, Any], here: Path) -> dict[str, str]:
    """The configuration service looks into its directory at once: it must be a mounted one, and is another one here."""
    name = "Byodc__ConfigService__Directory"
    if name not in given:
        return given
    assert given[name] in {mount["mountPath"] for mount in container["volumeMounts"]}
    return given | {name: str(here)}


def _given_by_hand(release: Release) -> set[str]:
    """Names in byodc.config.env: what the operator writes there is the operator's."""
    given = (release.values.get("byodc") or {}).get("config", {}).get("env") or []
    return {variable["name"] for variable in given}
